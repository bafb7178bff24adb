"""Microsoft's own Python clients -> what they say of paths, versions and fields, as bare facts.

Kept: method, path, API version, query parameters and the model of an answer; of models the names
and types of fields as they are on the wire. Left out: every sentence. The packages are read, not
imported, so none of them has to be installed for the tests.

    python -m tests.azure_rig.reduce PACKAGE_FOLDER OUT --source 'azure-mgmt-x 1.2.3'
        [--models Name ...] [--only PART_OF_A_PATH ...]

``--models``: besides those of the lists' records, what lists of Resource Graph show.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_URL = re.compile(
    r'_url = (?:kwargs\.pop\(\s*"template_url",\s*)?'
    r'\(?\s*((?:"[^"]*"\s*(?:#[^\n]*)?)+)'
)
_PLAIN = {
    "str": "str", "int": "int", "float": "float", "bool": "bool", "datetime": "str",
    "iso-8601": "str", "duration": "str", "long": "int", "object": "any", "Any": "any",
    "JSON": "any", "bytes": "str", "bytearray": "str", "date": "str",
}  # fmt: skip


@dataclass
class Package:
    """Of one folder: classes of its models, and its operations."""

    folder: Path
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    operations: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> None:
        for file in sorted(self.folder.rglob("*models/*.py")):
            if "aio" in file.parts:
                continue
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not file.name.endswith("enums.py"):
                    self.classes.setdefault(node.name, node)
        for file in sorted(self.folder.rglob("*operations/*.py")):
            if "aio" not in file.parts:
                self._read_operations(file.read_text(encoding="utf-8"))

    def _read_operations(self, text: str) -> None:
        returns = dict(_returns(text))
        for match in re.finditer(
            r"^def (build_\w+_request)\((.*?)(?=^def |^class )", text, re.M | re.S
        ):
            name, body = match[1], match[2]
            method = re.search(r'method="(\w+)"', body)
            url = _URL.search(body)
            version = re.search(r'api_version.*?"(20[\d-]+(?:-preview)?|v1)"', body)
            if not (method and url):
                continue
            path = "".join(re.findall(r'"([^"]*)"', url[1]))
            self.operations.append(
                {
                    "method": method[1],
                    "path": path.replace("/resourcegroups/", "/resourceGroups/"),
                    "version": version[1] if version else "",
                    "query": sorted(
                        set(re.findall(r'_params\["([^"]+)"\]', body)) - {"api-version"}
                    ),
                    "returns": returns.get(name, ""),
                }
            )

    def fields(self, name: str) -> dict[str, Any]:
        """Wire name -> type of a model and all that it inherits."""
        node = self.classes.get(name)
        if node is None:
            return {}
        found: dict[str, Any] = {}
        for base in node.bases:
            inherited = getattr(base, "attr", getattr(base, "id", ""))
            if inherited not in (name, "Model", "_Model"):
                found |= self.fields(str(inherited))
        for statement in node.body:
            found |= dict(_field(statement))
        return found

    def below(self, name: str) -> list[str]:
        """Models that are one."""
        direct = [
            other
            for other, node in self.classes.items()
            if other != name
            and any(getattr(base, "attr", getattr(base, "id", "")) == name for base in node.bases)
        ]
        return sorted({*direct, *(far for one in direct for far in self.below(one))})


def _returns(text: str) -> Iterator[tuple[str, str]]:
    """Builder -> the model of the record, or of the answer."""
    for part in re.split(r"\n    @distributed_trace|\n    @overload", text):
        builder = re.search(r"(build_\w+_request)\(", part)
        told = re.search(r":rtype:\s+([^\n]+(?:\n\s{9}[^\n:]+)*)", part)
        if builder and told:
            models = re.findall(r"models\.(?:_models\.)?(\w+)", told[1])
            if models:
                yield builder[1], models[-1]


def _field(statement: ast.stmt) -> Iterator[tuple[str, Any]]:
    """The newer way (annotated ``rest_field``) and the older one (``_attribute_map``)."""
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Call):
        called = getattr(statement.value.func, "id", "")
        if called not in ("rest_field", "rest_discriminator"):
            return
        given = {one.arg: one.value for one in statement.value.keywords}
        name = given.get("name")
        wire = name.value if isinstance(name, ast.Constant) else getattr(statement.target, "id", "")
        yield str(wire), _type(ast.unparse(statement.annotation).replace("_models.", ""))
    if (
        isinstance(statement, ast.Assign)
        and getattr(statement.targets[0], "id", "") == "_attribute_map"
    ):
        for one in ast.literal_eval(statement.value).values():
            yield one["key"].replace("\\\\.", "\0").replace("\\.", "\0"), _old_type(one["type"])


def _old_type(text: str) -> Any:
    if text.startswith("["):
        return [_old_type(text[1:-1])]
    if text.startswith("{"):
        return {"*": _old_type(text[1:-1])}
    return _PLAIN.get(text, text)


def _type(text: str) -> Any:
    text = text.replace("'", "").replace('"', "").replace("datetime.", "")
    for wrap in ("Optional[", "Literal["):
        if text.startswith(wrap):
            return "str" if wrap == "Literal[" else _type(text[len(wrap) : -1])
    if text.startswith(("list[", "List[")):
        return [_type(text[5:-1])]
    if text.startswith(("dict[", "Dict[")):
        return {"*": _type(text[5:-1].partition(", ")[2])}
    if text.startswith("Union["):
        words = [word for word in _NAME.findall(text[6:-1]) if word not in _PLAIN]
        return "str" if "str" in text else (words[0] if words else "any")
    return _PLAIN.get(text, text)


def _named(shape: Any) -> Iterator[str]:
    if isinstance(shape, list):
        yield from _named(shape[0])
    elif isinstance(shape, dict):
        for one in shape.get("|", shape.values()):
            yield from _named(one)
    elif shape not in _PLAIN.values():
        yield str(shape)


def reduce(folder: Path, source: str, models: list[str], only: list[str]) -> dict[str, Any]:
    package = Package(folder)
    package.read()
    operations = [
        one
        for one in package.operations
        if one["method"] in ("GET", "POST")
        and one["version"]
        and (not only or any(part in one["path"] for part in only))
    ]
    wanted = [*models, *(one["returns"] for one in operations if one["method"] == "GET")]
    kept: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        if not name or name in kept or name not in package.classes:
            continue
        fields = package.fields(name)
        for other in package.below(name):
            for key, shape in package.fields(other).items():
                fields[key] = _either(fields[key], shape) if key in fields else shape
        kept[name] = dict(sorted(fields.items()))
        wanted += [inner for shape in fields.values() for inner in _named(shape)]
    known = {name: _known(shape, package) for name, shape in kept.items()}
    operations.sort(key=lambda one: (one["path"], one["method"]))
    return {"source": source, "operations": operations, "models": dict(sorted(known.items()))}


def _either(one: Any, other: Any) -> Any:
    """Kinds of one thing may have different things under one name."""
    told = one["|"] if isinstance(one, dict) and "|" in one else [one]
    return one if other in told else {"|": [*told, other]}


def _known(shape: Any, package: Package) -> Any:
    """Enums are text."""
    if isinstance(shape, list):
        return [_known(shape[0], package)]
    if isinstance(shape, dict) and "|" in shape:
        return {"|": [_known(one, package) for one in shape["|"]]}
    if isinstance(shape, dict):
        return {key: _known(one, package) for key, one in shape.items()}
    return shape if shape in _PLAIN.values() or shape in package.classes else "str"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--source", required=True)
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--only", nargs="*", default=[])
    asked = parser.parse_args()
    found = reduce(asked.folder, asked.source, asked.models, asked.only)
    asked.out.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
