"""What a line is made of: values of a table, pairs, places that a vendor has fixed.

Owns how they are told apart. What they mean is :mod:`connectors.logs.formats`'.
"""

from __future__ import annotations

import csv
import re

_NAME = r"(?<![\w.\-])(?:(?![A-Za-z_])[\w.\-])*+([A-Za-z_][\w.\-]*+)"
"""From a word's beginning on: were it tried from each letter, a long word would take hours."""
_PAIR = re.compile(
    rf'{_NAME}[=:]"((?:[^"\\]|\\.)*+)"|{_NAME}=([^\s;,"]*)|(?<!\\)"(?:[^"\\]|\\.)*+"'
)
"""What stands in quotation marks by itself is a text that somebody chose, whatever is in it."""
_HEADER = re.compile(
    r"(?:<\d{1,3}>)?(?:1 )?(?:(?:\w{3} )?(?:\w{3} +\d{1,2} (?:\d{4} )?[\d:]{8}(?:\.\d+)?|"
    r"\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]{8,18}(?:Z|[+-]\d\d:?\d\d)?)(?: [A-Z]{2,4})?:? +"
    r"(?:[\w.:%/-]{1,255} +(?:[\w./()-]{1,60}(?:\[\d+\])?: +|"
    r"\S{1,60} \S{1,128} \S{1,32} (?:-|\[[^\]]{0,400}\]) +)?)?){0,2}"
)
"""What collectors write before a line: priority, time, host and program, each exactly there (RFC
3164 and 5424), perhaps by two of them."""
_TITLE = re.compile(
    r"(?:[\w.-]{1,48} (?:\d{1,8}|-) - )?"
    r"(?:(?:\[[^\]=]{0,120}\]:?|"
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec),?|"
    r"(?=[^\s={\"]{0,119}\d)[^\s={\"]{1,120}|[^\sa-z={\"]{1,60})[ \t|]+){0,12}+"
)
"""What else may stand before pairs or JSON and says nothing by itself: a program and its number
where no structured data follow (RFC 5424 without its last part), times in other forms, severities
in capitals, numbers, what stands in brackets. Words of a sentence do not, as what follows them may
be a name that a stranger chose (``Invalid user ...``)."""
_CEF = re.compile(r"([A-Za-z_][\w.]*)=((?:[^=\\]|\\.)*?)(?=\s+[A-Za-z_][\w.]*=|\s*$)")
_PIPE = re.compile(r"(?<!\\)\|")
_ESCAPED = re.compile(r"\\([\\=|])")
_OUT_IS_SENT = re.compile(r"zscaler|fortinet|check point|forcepoint|websense", re.I)
"""Vendors whose ``out`` is what the client sent. In the standard's own words ``in`` is what flows
from the source to the destination, and so Palo Alto Networks write it
(https://docs.paloaltonetworks.com/resources/cef)."""
_SESSION = ("SessionID", "Session ID")
_FIRST = re.compile(r"[\w.-]{0,20}")
"""Of a line of Palo Alto Networks': no more stands before the first comma."""
_W3C = re.compile(r'"((?:[^"]|"")*)"|(\S+)')
_DNS_LABELS = re.compile(r"\((\d+)\)([^()]*)")
_PALO_ALTO_TRAFFIC = {
    "serial": 2, "generate time": 6, "source address": 7, "destination address": 8,
    "source user": 12, "application": 14, "session id": 22, "repeat count": 23,
    "source port": 24,
    "destination port": 25, "action": 30, "bytes sent": 32, "bytes received": 33,
}  # fmt: skip
"""Places in the traffic log (https://docs.paloaltonetworks.com/ngfw/administration/monitoring/
use-syslog-for-monitoring/syslog-field-descriptions/traffic-log-fields)."""
_PALO_ALTO = {
    "serial": 2, "generate time": 6, "source address": 7, "destination address": 8,
    "source user": 12, "application": 14, "session id": 22, "repeat count": 23,
    "source port": 24,
    "destination port": 25, "action": 30, "url/filename": 31, "content type": 41,
    "user agent": 46,
}  # fmt: skip
"""Places in the URL filtering log (https://docs.paloaltonetworks.com/ngfw/administration/monitoring/
use-syslog-for-monitoring/syslog-field-descriptions/url-filtering-log-fields)."""
_LEAST_PLACES = 32


def split(line: str, separator: str) -> list[str]:
    """Values of a line of a table."""
    if separator == "w3c":
        return [quoted or plain for quoted, plain in _W3C.findall(line)]
    if separator in ("\t", ""):
        return line.split("\t")
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def pairs(text: str) -> dict[str, str]:
    text = text.replace("#011", "\t")  # rsyslog's for a tab in what it is sent
    at = _behind_header(text)
    if text.startswith("CEF:", at) and text.count("|", at) >= 7:
        return _cef(text[at:])
    if text.startswith("LEEF:", at) and text.count("|", at) >= 4:
        rest = text[at:].rsplit("|", maxsplit=1)[-1]
        pairs = (part.partition("=") for part in re.split(r"\t|\^|\\t", rest))
        return {"leef": "2", **{key.strip().lower(): value for key, _, value in pairs if value}}
    return {
        (quoted or plain).lower(): value if quoted else bare
        for quoted, value, plain, bare in _PAIR.findall(text)
        if quoted or plain
    }


def begins_with_pairs(text: str) -> bool:
    """Whether the first that a line says is a pair; else they stand within a sentence."""
    found = _PAIR.match(text, _behind_title(text, "[({"))
    return found is not None and bool(found[1] or found[3])


def begins_with_json(text: str) -> bool:
    """The same of a record or a list."""
    at = _behind_title(text)
    return text[at : at + 1] in ("{", "[")


def _behind_title(text: str, brackets: str = "") -> int:
    found = _TITLE.match(text, _behind_header(text))
    at = found.end() if found is not None else 0
    while at < len(text) and text[at] in brackets:
        at += 1
    return at


def beside(text: str) -> str:
    """What of a line stands in none of its pairs."""
    at = _behind_header(text)
    for begin, bars in (("CEF:", 7), ("LEEF:", 4)):
        if text.startswith(begin, at) and text.count("|", at) >= bars:
            return text[:at]
    return _PAIR.sub(" ", text)


def _cef(text: str) -> dict[str, str]:
    """With ``sent`` and ``received``, seen from the source, ``cef event``, what its header says
    happened, and ``session`` of who counts sessions."""
    head = _PIPE.split(text, maxsplit=7)
    if len(head) < 8:
        return {}
    told = {key.lower(): _ESCAPED.sub(r"\1", value) for key, value in _CEF.findall(head[7])}
    ways = ("out", "in") if _OUT_IS_SENT.match(head[1]) else ("in", "out")
    counted = {
        name: told[way] for name, way in zip(("sent", "received"), ways, strict=True) if way in told
    }
    event = f"{head[1]} {head[4]} {head[5]}".lower()
    return {"cef": "0", "cef event": event, **told, **counted, **_session(head[1], told)}


def _session(vendor: str, told: dict[str, str]) -> dict[str, str]:
    """Palo Alto Networks label a number so, with the port of who asked, as their sessions' numbers
    are given again; Fortinet call it the device's own id (``externalId``)."""
    if vendor == "Fortinet":
        return {"session": told["externalid"]} if "externalid" in told else {}
    label = next((key for key, value in told.items() if value in _SESSION), "")
    number = told.get(label.removesuffix("label"), "") if label.startswith("cn") else ""
    return {"session": f"{number} {told.get('spt', '')}"} if number else {}


def _behind_header(text: str) -> int:
    """Where what a collector passed on begins."""
    found = _HEADER.match(text)
    return found.end() if found is not None else 0


def labels(host: str) -> str:
    """``(3)api(6)openai(3)com(0)`` of Windows."""
    if not host.startswith("("):
        return host
    return ".".join(label for _, label in _DNS_LABELS.findall(host) if label)


def palo_alto(text: str) -> tuple[str, dict[str, str]] | None:
    """Format and named values of a line of the URL filtering or the traffic log. None: it is none;
    where a session begins is none, its end tells all of it."""
    if ",THREAT,url," in text:
        name, places = "palo-alto", _PALO_ALTO
    elif ",TRAFFIC," in text and ",TRAFFIC,start," not in text:
        name, places = "palo-alto-traffic", _PALO_ALTO_TRAFFIC
    else:
        return None
    values = split(text, ",")
    kind = ["THREAT", "url"] if name == "palo-alto" else ["TRAFFIC"]
    if len(values) < _LEAST_PLACES or values[3 : 3 + len(kind)] != kind:
        return None
    if not _FIRST.fullmatch(values[0], _behind_header(values[0])):
        return None
    return name, {name: values[at] for name, at in places.items() if at < len(values)}
