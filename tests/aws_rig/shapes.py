"""Values against shapes: what does not fit, and made-up values that do.

A complaint is a text with the path of what is wrong. Patterns are not judged: they are written for
another engine, and AWS itself does not keep to all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.aws_rig.models import TROUBLE

_WHEN = datetime(2026, 1, 15, 12, tzinfo=UTC)
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (datetime, int, float, str),
    "blob": (bytes, bytearray, str),
    "structure": (Mapping,),
    "map": (Mapping,),
    "list": (list, tuple),
}
_DEPTH = 6
_RECURSION = 2
Place = tuple[str, str]
"""Account and region, as they stand in made-up values."""
TEMPLATE: Place = ("{account}", "{region}")


def complaints(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """What ``value`` has that ``shape`` does not allow, or lacks that it requires."""
    if getattr(shape, "is_document_type", False):
        return
    kind = shape.type_name
    is_number = kind in ("integer", "long", "float", "double")
    fits: bool = isinstance(value, _TYPES[kind])
    if not fits or (is_number and isinstance(value, bool)):
        yield f"{path or shape.name}: {kind} expected, not {type(value).__name__}"
    elif kind == "structure":
        yield from _of_structure(shape, value, path)
    elif kind == "list":
        yield from _bounds(shape, len(value), f"{path} has", "elements")
        for number, element in enumerate(value):
            yield from complaints(shape.member, element, f"{path}[{number}]")
    elif kind == "map":
        for key, element in value.items():
            yield from complaints(shape.value, element, f"{path}.{key}")
    elif kind == "string":
        if shape.enum and value not in shape.enum:
            yield f"{path}: {value!r} is none of {', '.join(shape.enum[:30])}"
        yield from _bounds(shape, len(value), f"{path} has", "characters")
    elif is_number:
        yield from _bounds(shape, value, path, "")


def _of_structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    dot = f"{path}." if path else ""
    members = shape.members
    for key, element in value.items():
        if key not in members:
            yield f"{dot}{key}: {shape.name} has no such field; it has {', '.join(members)}"
        elif element is not None:
            yield from complaints(members[key], element, dot + key)
    for key in shape.required_members:
        if value.get(key) is None:
            yield f"{dot}{key}: required"
    if shape.is_tagged_union and len(value) > 1:
        yield f"{path}: {shape.name} takes one of {', '.join(value)}"


def _bounds(shape: Any, size: float, what: str, unit: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{what} {size} {unit}: at least {least}"
    if most is not None and size > most:
        yield f"{what} {size} {unit}: at most {most}"


def filled(shape: Any, given: Any, place: Place = TEMPLATE) -> Any:
    """``given``, and the plainest value for whatever else is required, at any depth."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False) or given is None:
        return given
    if kind == "structure" and isinstance(given, Mapping):
        made = {
            key: filled(shape.members[key], element, place) if key in shape.members else element
            for key, element in given.items()
        }
        for key in shape.required_members:
            if made.get(key) is None:
                made[key] = made_up(shape.members[key], key, entire=False, place=place)
        return made
    if kind == "list" and isinstance(given, (list, tuple)):
        return [filled(shape.member, element, place) for element in given]
    if kind == "map" and isinstance(given, Mapping):
        return {key: filled(shape.value, element, place) for key, element in given.items()}
    return given


def made_up(
    shape: Any,
    key: str = "",
    number: int = 1,
    *,
    entire: bool = True,
    elements: int = 1,
    place: Place = TEMPLATE,
    above: tuple[str, ...] = (),
) -> Any:
    """A value of the shape; ``number`` tells it from its siblings. ``entire``: optional fields
    too, else required ones alone, lists empty where they may be."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return {}
    is_deep = len(above) >= _DEPTH or above.count(shape.name) >= _RECURSION
    wants_all = entire and not is_deep
    inner: dict[str, Any] = {"entire": entire, "place": place, "above": (*above, shape.name)}
    if kind == "structure":
        names = [
            name
            for name in shape.members
            if name in shape.required_members or (wants_all and not TROUBLE.search(name))
        ]
        if shape.is_tagged_union:
            names = list(shape.members)[:1]
        return {
            name: made_up(shape.members[name], name, number, elements=elements, **inner)
            for name in names
            if not shape.members[name].serialization.get("eventstream")
        }
    if kind == "list":
        least = int(shape.metadata.get("min", 0))
        is_last = len(above) >= _DEPTH - 1 or above.count(shape.member.name) >= _RECURSION
        most = int(shape.metadata.get("max", elements)) if wants_all and not is_last else 0
        count = max(least, min(elements, most))
        return [made_up(shape.member, key, n, **inner) for n in range(number, number + count)]
    if kind == "map":
        if not wants_all:
            return {}
        name = made_up(shape.key, "key", number, **inner)
        return {name: made_up(shape.value, key, number, **inner)}
    return _scalar(shape, kind, key, number, place)


def _scalar(shape: Any, kind: str, key: str, number: int, place: Place) -> Any:
    if kind in ("string", "character"):
        return _text(shape, key, number, place)
    if kind == "timestamp":
        return _WHEN
    if kind == "boolean":
        return False
    if kind == "blob":
        return b"made up"
    least = shape.metadata.get("min", 1)
    most = shape.metadata.get("max", least)
    size = max(least, min(1, most))
    return int(size) if kind in ("integer", "long") else float(size)


def _text(shape: Any, key: str, number: int, place: Place) -> str:
    if shape.enum:
        return str(shape.enum[0])
    account, region = place
    word = key.lower()
    if word.endswith("arn"):
        kind = word.removesuffix("arn") or "thing"
        made = f"arn:aws:made-up:{region}:{account}:{kind}/{number}"
    elif word in ("accountid", "ownerid", "awsaccountid", "account", "owner"):
        made = account
    elif "region" in word:
        made = region
    elif word.endswith("uri") or "s3" in word:
        made = f"s3://made-up/{number}"
    elif "url" in word:
        made = f"https://made-up.example/{number}"
    else:
        made = f"made-up-{word[:40]}-{number}"
    least, most = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 0))
    if most and len(made) + 4 > most:  # a place may be longer than its template
        made = str(number).rjust(min(most, 3), "x")[-most:]
    return made.ljust(least, "x")
