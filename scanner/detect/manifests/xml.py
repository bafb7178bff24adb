"""XML with byte offsets, by expat, with everything refused that a hostile file could use: document
types, entities, external references (https://docs.python.org/3/library/xml.html#xml-security)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

_MOST_ELEMENTS = 200_000
_DEEPEST = 100


class RefusedXml(ValueError):
    """Not well-formed, or something that no manifest needs."""


@dataclass(slots=True)
class Element:
    """``path``: local names from the root to this one. ``start``: offset of its text, or of its tag
    where it has none."""

    path: tuple[str, ...]
    attributes: dict[str, str]
    tag_start: int
    start: int = -1
    text: str = ""
    children: dict[str, Element] = field(default_factory=dict)
    """By local name; the last of a name stands."""

    def of(self, name: str) -> str:
        """Text of a child, stripped."""
        child = self.children.get(name)
        return child.text.strip() if child else ""

    def attribute(self, name: str) -> str:
        """Any letter case, as MSBuild reads it."""
        wanted = name.lower()
        return next((v for k, v in self.attributes.items() if k.lower() == wanted), "")


def elements(data: bytes) -> Iterator[Element]:
    """Every element when it ends, children before parents. Raises ``RefusedXml`` where the file
    ends to be readable, after what came before."""
    parser = expat.ParserCreate("utf-8")
    stack: list[Element] = []
    done: list[Element] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) >= _DEEPEST or len(done) > _MOST_ELEMENTS:
            raise RefusedXml("too deep or too many elements")
        local = name.rpartition(":")[2]
        path = (*stack[-1].path, local) if stack else (local,)
        stack.append(Element(path, attributes, parser.CurrentByteIndex))

    def text(value: str) -> None:
        here = stack[-1]
        if here.start < 0 and value.strip():
            lead = len(value) - len(value.lstrip())
            here.start = parser.CurrentByteIndex + lead
        if len(here.text) < 10_000:
            here.text += value

    def end(_: str) -> None:
        here = stack.pop()
        if here.start < 0:
            here.start = here.tag_start
        if stack:
            stack[-1].children[here.path[-1]] = here
        done.append(here)

    def refuse(*_: object) -> None:
        raise RefusedXml("a document type")

    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    trouble: RefusedXml | None = None
    try:
        parser.Parse(data, True)
    except RefusedXml as error:
        trouble = error
    except (expat.ExpatError, ValueError) as error:
        trouble = RefusedXml(str(error))
    yield from done
    if trouble:
        raise trouble
