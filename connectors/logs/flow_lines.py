"""Logs of connections: which files are such, and what one of their lines tells.

Owns ``flows.yaml``. Whose an address is, is the caller's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from connectors.logs.flat import flattened
from connectors.logs.networks import NAMES, plain_address
from connectors.logs.pieces import pairs, split
from connectors.logs.pods import Pod, pod
from connectors.logs.records import number, uid
from connectors.logs.times import seconds
from scanner.model.base import Model

_POD = ("", "_namespace", "_cluster", "_kind", "_workload")
FIELDS = frozenset({
    "src", "dst", "sport", "dport", "sent", "received", "start", "end", "took", "action", "eni",
    "machine", "instance", "far_instance", "scope", "uid", "inner_src", "inner_dst", "reporter",
    "count", "app", *(f"{end}pod{part}" for end in ("", "far_") for part in _POD),
})  # fmt: skip
HEAD = 1 << 15
"""Bytes of a file that tell what it is."""
_MOST_EVENTS = 1 << 21
"""Bytes of one delivery of CloudWatch Logs, which holds at most 1 MiB of events
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html)."""
_WHEN = re.compile(r"^\d{4}-\d\d-\d\dT\S+ ")
_WRAPPED = ("message", "_raw", "@message", "event.original", "log")
_NOTHING = ("", "-", "(empty)")


class FlowFormat(Model, frozen=True, kw_only=True):
    """One entry of ``flows.yaml``."""

    name: str
    shape: str
    head: str = ""
    needs: tuple[tuple[str, ...], ...] = ()
    columns: tuple[str, ...] = ()
    first: str = ""
    one_way: bool = False
    mixed: bool = False
    fields: dict[str, tuple[str, ...]] = {}
    denied: tuple[str, ...] = ()
    only: dict[str, tuple[str, ...]] = {}
    """Name -> what an entry must hold there to be one."""
    parts: dict[str, tuple[str, ...]] = {}
    """Name -> what it holds in an entry about a connection that goes on, and counts at its end."""
    reference: str = ""

    def has(self, names: frozenset[str]) -> bool:
        """Whether a header with these names (lower case) is this log's."""
        return bool(self.needs) and all(not names.isdisjoint(some) for some in self.needs)


@dataclass(slots=True)
class Flow:
    """Bytes that ``src`` sent to ``dst`` and got back; times are seconds since 1970, 0: unknown."""

    format: str
    src: str
    dst: str
    sport: int = 0
    dport: int = 0
    sent: int = 0
    received: int = 0
    start: int = 0
    end: int = 0
    denied: bool = False
    eni: str = ""
    machine: str = ""
    """Of the interface, whichever end that is."""
    instance: str = ""
    """Machine of the source, where the log knows it."""
    far_instance: str = ""
    scope: str = ""
    uid: str = ""
    inner_src: str = ""
    inner_dst: str = ""
    one_way: bool = False
    count: int = 1
    app: str = ""
    pod: Pod | None = None
    far_pod: Pod | None = None
    is_told_twice: bool = False
    """The other end's machine reports the same bytes."""


@cache
def flow_formats() -> tuple[FlowFormat, ...]:
    """In the order of the file. Raises ``ValueError`` for a field that there is not."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load((Path(__file__).parent / "flows.yaml").read_bytes(), loader)  # noqa: S506
    found = msgspec.convert(data["flows"], tuple[FlowFormat, ...])
    for one in found:
        unknown = {*one.fields} - FIELDS
        if unknown:
            raise ValueError(f"flows.yaml: {one.name}: there is no {', '.join(sorted(unknown))}")
    return found


@cache
def _pattern(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


@dataclass
class FlowLayout:
    """What a file of flows is like. ``separator``: of its columns, ``mark``: what ends an entry."""

    format: FlowFormat
    columns: tuple[str, ...] = ()
    separator: str = ""
    mark: bytes = b"\n"
    _at: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def flows(self, raw: bytes) -> list[Flow]:
        """What one entry tells; nothing where it is no flow."""
        text = raw.decode("utf-8", "replace").strip("\r\n")
        shape = self.format.shape
        if shape == "tuples":
            found = _tuple(text)
            return [found] if found else []
        if "{" in text[:80]:
            return list(self._json(raw, text))
        if shape == "json" or text.startswith("#"):
            return []
        if shape in ("places", "pairs"):
            return self._mixed(text, shape)
        return self._columns(text)

    def _mixed(self, text: str, shape: str) -> list[Flow]:
        """A line of a log of which others tell other things."""
        if not _pattern(self.format.first).search(text):
            return []
        told: Mapping[str, Any]
        if shape == "pairs":
            told = pairs(text)
        else:
            values = split(text, ",")
            if len(values) < len(self.columns):
                return []
            told = dict(zip(self.columns, values, strict=False))
        found = self._flow(told)
        return [found] if found else []

    def _columns(self, text: str) -> list[Flow]:
        if self.format.shape == "words":
            values = _WHEN.sub("", text).split()  # CloudWatch's exports begin with a time
        else:
            values = [value.strip() for value in split(text, self.separator)]
        if len(values) != len(self.columns):
            return []
        found = self._flow(dict(zip(self.columns, values, strict=True)))
        return [found] if found else []

    def _json(self, raw: bytes, text: str) -> Iterator[Flow]:
        try:
            told = msgspec.json.decode(text[text.index("{") :].rstrip().rstrip(",]"))
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return
        if not isinstance(told, dict):
            return
        events = told.get("logEvents", told.get("events"))
        if isinstance(events, list):
            if len(raw) <= _MOST_EVENTS:
                for event in events:
                    if isinstance(event, dict) and isinstance(event.get("message"), str):
                        yield from self._message(event["message"], event)
            return
        flat = flattened(told)
        inner = next((flat[name] for name in _WRAPPED if isinstance(flat.get(name), str)), "")
        if inner:
            yield from self._message(inner, told)
            return
        if (
            self.format.shape == "json"
            and self.format.needs
            and not self.format.has(frozenset(flat))
        ):
            return
        found = self._flow(flat)
        if found:
            yield found

    def _message(self, message: str, event: Mapping[str, Any]) -> Iterator[Flow]:
        """A line in a delivery; taken apart by its subscription, perhaps."""
        taken = event.get("extractedFields")
        if isinstance(taken, dict):
            named = {key.replace("_", "-"): str(value) for key, value in taken.items()}
            found = self._flow(named)
            if found:
                yield found
                return
        if "{" not in message[:1]:
            yield from self._columns(message)
        elif self.format.shape == "json":
            yield from self._json(message.encode(), message)

    def _flow(self, told: Mapping[str, Any]) -> Flow | None:
        if any(told.get(name) not in texts for name, texts in self.format.only.items()):
            return None
        said = {name: _first(told, paths) for name, paths in self.format.fields.items()}
        get = said.get
        src, dst = get("src", ""), get("dst", "")
        if not src or not dst:
            return None
        start = seconds(get("start", ""))
        end = seconds(get("end", ""))
        if not end and start:
            end = start + number(get("took", ""))
        reporter = get("reporter", "")
        is_part = any(told.get(name) in texts for name, texts in self.format.parts.items())
        return Flow(
            self.format.name,
            plain_address(src.lower()),
            plain_address(dst.lower()),
            number(get("sport", "")),
            number(get("dport", "")),
            number(get("sent", "")),
            number(get("received", "")),
            start,
            max(start, end),
            get("action", "") in self.format.denied,
            get("eni", ""),
            get("machine", ""),
            get("instance", ""),
            get("far_instance", ""),
            get("scope", ""),
            uid(told, self.format.fields.get("uid", ())),
            plain_address(get("inner_src", "").lower()),
            plain_address(get("inner_dst", "").lower()),
            self.format.one_way and not get("received", ""),
            count=0 if is_part else 1,
            app=get("app", ""),
            pod=pod(*(get(f"pod{part}", "") for part in _POD)),
            far_pod=pod(*(get(f"far_pod{part}", "") for part in _POD)),
            is_told_twice=reporter == "DEST" and bool(get("instance", "")),
        )


def _first(told: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    for path in paths:
        value = told.get(path)
        if value is not None:
            text = str(value).strip()
            if text not in _NOTHING:
                return text
    return ""


_TUPLE_STATES = {"A": (False, 1), "B": (False, 1), "C": (False, 0), "E": (False, 0), "D": (True, 1)}


def _tuple(text: str) -> Flow | None:
    """``flowTuples`` of Azure. Network security groups (https://learn.microsoft.com/en-us/azure/
    network-watcher/nsg-flow-logs-overview): time, addresses, ports, T or U, direction, decision,
    then in version 2 state and packets and bytes each way. Virtual networks: milliseconds, the
    protocol's number, direction, state, encryption, packets and bytes each way."""
    values = text.split(",")
    if len(values) < 8 or not values[0].isdigit() or len(values) > 13:
        return None
    is_group = values[5] in ("T", "U")
    state = (values[8] if len(values) > 8 else "B") if is_group else values[7]
    denied, count = _TUPLE_STATES.get(state, (False, 1))
    if is_group:
        denied = values[7] == "D"
    start = seconds(values[0])
    counted = [number(value) for value in (*values[9:13], "", "", "", "")]
    return Flow(
        "azure-flow", plain_address(values[1].lower()), plain_address(values[2].lower()),
        number(values[3]), number(values[4]),
        counted[1], counted[3], start, start, denied, count=count,
    )  # fmt: skip


def layout_of(head: bytes, columns: str = "") -> FlowLayout | None:
    """What kind of flow log begins with ``head``; None: none. ``columns``: of VPC flow logs that
    have no header, as ``${version} ${account-id} …``."""
    text = head[:HEAD].decode("utf-8", "replace").removeprefix("\ufeff")
    lines = [line for line in text.split("\n")[:40] if line.strip()]
    for one in flow_formats():
        found = _fits(one, text, lines)
        if found is not None:
            return found
    named = tuple(re.findall(r"[a-z][a-z0-9-]+", columns))
    if named and lines and len(_WHEN.sub("", lines[0]).split()) == len(named):
        vpc = next(one for one in flow_formats() if one.name == "vpc-flow")
        return FlowLayout(vpc, named)
    return None


def _fits(one: FlowFormat, text: str, lines: list[str]) -> FlowLayout | None:
    if one.shape == "tuples":
        return FlowLayout(one, mark=b'"') if _pattern(one.head).search(text[:8192]) else None
    if one.shape == "json":
        is_json = bool(lines) and "{" in lines[0][:80]
        return FlowLayout(one) if is_json and _pattern(one.head).search(text[:8192]) else None
    if one.shape == "words":
        return _words(one, text, lines)
    if one.shape in ("places", "pairs"):
        return FlowLayout(one, one.columns, ",") if _pattern(one.first).search(text) else None
    for line in lines:
        if line.startswith("#") and line[:7].lower() != "#fields":
            continue
        body = line.partition("\t")[2] if line.startswith("#") else line
        for separator in ("\t", ",", ";", "|"):
            names = tuple(name.strip().lower() for name in split(body, separator))
            there = frozenset(names)
            if len(names) > 4 and one.has(there) and there.isdisjoint(NAMES):
                return FlowLayout(one, names, separator)
        if not line.startswith("#"):
            return None
    return None


def _words(one: FlowFormat, text: str, lines: list[str]) -> FlowLayout | None:
    header = tuple(lines[0].lower().split()) if lines else ()
    if one.has(frozenset(header)):
        return FlowLayout(one, header)
    if _pattern(one.first).search(text):
        return FlowLayout(one, one.columns)
    return None
