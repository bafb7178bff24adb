"""Read YAML and TOML that people write: strict types, and errors that name file, line, column.

Owns reading and saying what is wrong; knows no particular kind of document.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
import yaml

from scanner.model.errors import ConfigError, ShadowAIError

T = TypeVar("T")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_BYTES = 64 * 1024 * 1024


class _StrictLoader(_Loader):  # type: ignore[misc]
    """Refuses a key that stands twice (PyYAML keeps the last one silently) and keeps timestamps
    as text, so that a date in a file is the same in JSON."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, (list, dict)) or key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"key {key!r} stands twice or is not plain", key_node.start_mark
            )
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
_StrictLoader.add_constructor(
    "tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node)
)


def parse_yaml(text: str, name: str, error: type[ShadowAIError] = ConfigError) -> Any:
    """The plain value of a YAML document."""
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - derived from the safe loader
    except yaml.MarkedYAMLError as trouble:
        mark = trouble.problem_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise error(f"{where}: not valid YAML: {trouble.problem or trouble.context}") from trouble
    except yaml.reader.ReaderError as trouble:
        line, column = _line_at(text.encode("utf-8", "replace"), int(trouble.position))
        what = f"character {trouble.character!r} is not allowed"
        raise error(f"{name}:{line}:{column}: not valid YAML: {what}") from trouble
    except (yaml.YAMLError, RecursionError, ValueError) as trouble:
        raise error(f"{name}: not valid YAML: {trouble}") from trouble


def read_text(path: Path, error: type[ShadowAIError] = ConfigError) -> str:
    """A text file in UTF-8, with errors for people."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise error(f"{path}: larger than {_MAX_BYTES >> 20} MiB; not read")
        return path.read_text(encoding="utf-8-sig")
    except OSError as trouble:
        raise error(f"{path}: cannot be read: {trouble.strerror or trouble}") from trouble
    except UnicodeDecodeError as trouble:
        line, column = _line_at(trouble.object, trouble.start)
        raise error(f"{path}:{line}:{column}: not UTF-8; save the file as UTF-8") from trouble


def _line_at(data: bytes, offset: int) -> tuple[int, int]:
    return data.count(b"\n", 0, offset) + 1, offset - data.rfind(b"\n", 0, offset)


def read_yaml(path: Path, into: type[T], error: type[ShadowAIError] = ConfigError) -> T:
    text = read_text(path, error)
    value = parse_yaml(text, str(path), error)
    return typed(value, into, str(path), text, error)


def parse_toml(path: Path) -> tuple[dict[str, Any], str]:
    """The plain value of a TOML file, and its text."""
    text = read_text(path)
    deep = re.search(r"(?:\.[\w-]{1,80}){50}", text)
    if deep:  # tomllib takes the square of a key's length
        line = text.count("\n", 0, deep.start()) + 1
        raise ConfigError(f"{path}:{line}: not valid TOML here: a key of more than 50 parts")
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as trouble:
        match = re.search(r"\(at line (\d+), column (\d+)\)", str(trouble))
        where = f"{path}:{match[1]}:{match[2]}" if match else str(path)
        reason = re.sub(r" \(at .*\)", "", str(trouble))
        raise ConfigError(f"{where}: not valid TOML: {reason}") from trouble
    except RecursionError as trouble:
        raise ConfigError(f"{path}: not valid TOML: nested too deeply") from trouble


def typed(
    value: Any,
    into: type[T],
    name: str,
    text: str = "",
    error: type[ShadowAIError] = ConfigError,
    within: tuple[str, ...] = (),
) -> T:
    """``value`` as ``into``. ``within``: where the value stands in the document, for messages."""
    try:
        return msgspec.convert(value, into)
    except msgspec.ValidationError as trouble:
        message, _, path = str(trouble).partition(" - at ")
        steps = [*within, *_steps(path.strip("`"))]
        unknown = re.search(r"unknown field `([^`]+)`", message)
        if unknown:
            known = _known_fields(into, _steps(path.strip("`")))
            message = f"unknown key `{unknown[1]}`{_nearest(unknown[1], known)}"
            steps.append(unknown[1])
        elif message.startswith("Invalid enum value"):
            choices = _choices(into, _steps(path.strip("`")))
            message += f"; expected one of {', '.join(choices)}" if choices else ""
        at = ".".join(steps)
        raise error(
            f"{place(name, text, steps)}: {message}" + (f" (at {at})" if at else "")
        ) from trouble


def place(name: str, text: str, steps: Sequence[str]) -> str:
    """``file:line:column`` of what stands at ``steps``; the file alone where that is not known."""
    line = _line_of(text, list(steps))
    return f"{name}:{line[0]}:{line[1]}" if line else name


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known keys: {', '.join(sorted(known))}" if known else ""


def _steps(path: str) -> list[str]:
    """``$.keys[2].pattern`` -> keys, 2, pattern."""
    return [step for step in re.split(r"[.\[\]]+", path.removeprefix("$")) if step]


def _known_fields(into: Any, steps: list[str]) -> list[str]:
    """Field names of the struct at ``steps`` below ``into``."""
    here = into
    for step in steps:
        structs = _structs(here)
        if not step.isdigit() and structs:
            fields = {f.encode_name: f.type for s in structs for f in msgspec.structs.fields(s)}
            here = fields.get(step, Any)
        # an index or a mapping key: the struct inside the container type is the same search
    return [f.encode_name for s in _structs(here) for f in msgspec.structs.fields(s)]


def _choices(into: Any, steps: list[str]) -> list[str]:
    """The values that an enum or literal at ``steps`` below ``into`` may have."""
    here = into
    for step in steps:
        structs = _structs(here)
        if step.isdigit() or step == "...":
            continue
        fields = {f.encode_name: f.type for s in structs for f in msgspec.structs.fields(s)}
        here = fields.get(step, here)
    found: list[str] = []
    pending = [here]
    while pending:
        kind = pending.pop()
        if isinstance(kind, type) and issubclass(kind, Enum):
            found += [str(member.value) for member in kind]
        elif get_origin(kind) is Literal:
            found += [str(value) or "(empty)" for value in get_args(kind)]
        else:
            pending += get_args(kind)
    return found


def _structs(kind: Any) -> list[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [found for inner in get_args(kind) for found in _structs(inner)]


def _line_of(text: str, steps: list[str]) -> tuple[int, int] | None:
    """Line and column of the value at ``steps``, as deep as the document goes."""
    if not text:
        return None
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError:
        return _toml_line(text, steps)
    if not isinstance(node, (yaml.MappingNode, yaml.SequenceNode)):
        return _toml_line(text, steps)
    mark = node.start_mark
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == step), None)
            if pair is None:
                break
            mark, node = pair[0].start_mark, pair[1]
        elif isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
            node = node.value[int(step)]
            mark = node.start_mark
        else:
            break
    return mark.line + 1, mark.column + 1


def _toml_line(text: str, steps: list[str]) -> tuple[int, int] | None:
    """tomllib keeps no positions: find the table header, then the key below it."""
    lines = text.splitlines()
    start, names = 0, [s for s in steps if not s.isdigit()]
    for depth in range(len(names), 0, -1):
        header = re.compile(
            r"\s*\[+\s*" + r"\s*\.\s*".join(map(re.escape, names[:depth])) + r"\s*\]"
        )
        found = next((n for n, line in enumerate(lines) if header.match(line)), None)
        if found is not None:
            start = found
            break
    for number in range(start, len(lines)):
        for key in reversed(names):
            match = re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[number])
            if match:
                return number + 1, len(lines[number]) - len(lines[number].lstrip()) + 1
    return (start + 1, 1) if lines else None
