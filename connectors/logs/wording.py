"""How evidence of use is worded: its rule, how sure it is, and why it is not certain."""

from __future__ import annotations

from functools import lru_cache

from connectors.logs.kinds import API, CONTACT
from connectors.logs.networks import model_ports
from connectors.logs.rows import DOUBTS, PORT, PORT_OFTEN
from scanner.model.evidence import Confidence


@lru_cache(maxsize=4096)
def words(
    thing: str, shape: str, client: str, kind: str, *, is_endpoint: bool, blocked: bool
) -> tuple[str, str, Confidence, str]:
    """Rule, path, how sure and the preview of evidence: the same for all who use a thing so."""
    shape, _, way = shape.partition("/")
    doubt = DOUBTS.get(way)
    said = (
        "blocked" if blocked else "",
        kind if is_endpoint else "",
        doubt[1] if doubt else way,
        _of_port(thing) if way in (PORT, PORT_OFTEN) else "",
    )
    # What another use of the same thing is told apart by: rows of one place are joined.
    of_use = kind if is_endpoint and kind != API else ""
    where = (client, of_use, way if doubt else "", "blocked" if blocked else "")
    sure = Confidence.MEDIUM if kind == CONTACT or shape == "text" else Confidence.CERTAIN
    if way:
        sure = doubt[0] if doubt else Confidence.LOW
    return f"logs.{shape}", " ".join(filter(None, where)), sure, ", ".join(filter(None, said))


def _of_port(name: str) -> str:
    port = name.rpartition(":")[2]
    known = model_ports().get(int(port)) if port.isdigit() else None
    return f"{port} is the port of {known.product} ({known.reference})" if known else ""
