"""Names of AI systems, and what machines make of them: the labelled data of bench/matching.py."""

from __future__ import annotations

import random
import re


def _words(text: str) -> list[str]:
    return text.split()


_WHAT = _words(
    """invoice claim contract churn fraud demand inventory patient tenant route fleet turbine permit
passport grant curriculum wildfire salmon glacier bridge runway reactor payroll mortgage
voucher warranty refund ticket shipment customs parcel vaccine radiology pathology genome
protein catalyst battery wafer satellite seafloor aquifer orchard livestock harvest pesticide
forest levee pipeline substation meter transformer antenna spectrum firmware malware phishing
identity access license royalty subtitle podcast newsletter campaign lead pricing basket
loyalty shelf recipe menu reservation itinerary luggage crew roster shift safety incident
hazard inspection audit ledger treasury liquidity collateral derivative portfolio dividend tax
tariff procurement supplier tender litigation deposition statute patent trademark docket
parole jury census survey election petition veteran pension disability enrollment tuition
scholarship thesis citation archive manuscript museum"""
)
_DO = _words(
    """scoring forecasting triage classification extraction summarization matching routing detection
monitoring planning optimization recommendation translation transcription screening
segmentation simulation estimation prediction inspection mapping drafting search redaction
reconciliation deduplication scheduling valuation generation moderation ranking tagging
counting"""
)
_THING = _words(
    """assistant model platform tool service copilot dashboard engine agent system pipeline
workbench analyzer advisor pilot portal"""
)
_MORE = _words(
    """quarterly regional nordic coastal rural urban legacy commercial retail wholesale public
clinical outpatient emergency seasonal arctic tropical industrial residential wireless
offshore autonomous realtime multilingual historical federal municipal internal external
mobile"""
)
_GENERIC = ("Chatbot", "Generative AI", "Generative AI Usage", "Document summarization", "Copilot",
            "Translation", "AI assistant", "Code generation", "Predictive model")  # fmt: skip
"""Names that many units use, each for a system of its own."""
_SLUGS = {"classification": "class", "prediction": "pred", "detection": "det", "service": "svc",
          "management": "mgmt", "customer": "cust", "assistant": "asst", "application": "app",
          "document": "doc", "optimization": "opt", "monitoring": "mon", "system": "sys",
          "recommendation": "rec", "forecasting": "fcst", "processing": "proc",
          "analysis": "anlys", "machine": "m", "learning": "l", "image": "img",
          "information": "info"}  # fmt: skip
_EMPTY = {"the", "of", "and", "for", "to", "in", "a", "an", "on", "with", "using", "by", "from"}


def units(draw: random.Random, count: int) -> list[str]:
    kinds = ("Department of {}", "{} Office", "{} Operations", "Center for {}", "{} Unit")
    words = draw.sample(_WHAT, count)
    return [draw.choice(kinds).format(word.title()) for word in words]


def people(draw: random.Random, count: int) -> list[str]:
    first = _words("ann bo cai dee eli fay gus hal ida jon kim lea max nia oli pia quin ray sue")
    return [f"{draw.choice(first)}.{draw.choice(_WHAT)}{n}" for n in range(count)]


def titles(draw: random.Random, real: list[str], count: int) -> list[str]:
    """Real ones first, each once, then made-up ones; shuffled."""
    found = dict.fromkeys(" ".join(name.split())[:110] for name in real)
    while len(found) < count:
        words = [draw.choice(_WHAT), draw.choice(_DO), draw.choice(_THING)]
        if draw.random() < 0.8:
            words.insert(0, draw.choice(_MORE))
        if draw.random() < 0.4:
            words.insert(1, draw.choice(_WHAT))
        found[" ".join(words).title()] = None
    names = list(found)
    draw.shuffle(names)
    return [draw.choice(_GENERIC) if draw.random() < 0.02 else name for name in names[:count]]


def unit_as_tag(draw: random.Random, unit: str) -> str:
    plain = [w for w in re.findall(r"[a-z]+", unit.casefold()) if w not in _EMPTY]
    return draw.choice((unit, "-".join(plain), unit.upper(), " ".join(plain[-2:])))


def noise(draw: random.Random) -> str:
    return f"{draw.choice(_MORE)}-{draw.getrandbits(32):08x}"


def mangled(draw: random.Random, title: str) -> str:
    """One or two of what happens to a title on its way into a resource's name."""
    words = [w for w in re.findall(r"[a-z0-9]+", title.casefold()) if w not in _EMPTY] or ["x"]
    for change in draw.sample(_CHANGES, draw.choice((1, 1, 2))):
        words = change(draw, words) or words
    name = draw.choice(("-", "-", "_", " ")).join(words)
    if draw.random() < 0.15:
        name = "".join(w.title() for w in words)
    if draw.random() < 0.35:
        name = f"{draw.choice(('prod', 'dev', 'stg', 'test'))}-{name}"
    if draw.random() < 0.3:
        name += f"-{draw.getrandbits(24):06x}" if draw.random() < 0.6 else f"-v{draw.randint(1, 9)}"
    return name


def _same(draw: random.Random, words: list[str]) -> list[str]:
    return words


def _short(draw: random.Random, words: list[str]) -> list[str]:
    return [_SLUGS.get(w, w) for w in words]


def _initials(draw: random.Random, words: list[str]) -> list[str]:
    if len(words) < 4 or draw.random() < 0.6:
        return words
    return ["".join(w[0] for w in words[:-1]), words[-1]]


def _lost(draw: random.Random, words: list[str]) -> list[str]:
    if len(words) < 3:
        return words
    gone = draw.randrange(len(words))
    return [w for n, w in enumerate(words) if n != gone]


def _turned(draw: random.Random, words: list[str]) -> list[str]:
    at = draw.randrange(len(words))
    return words[at:] + words[:at]


def _typo(draw: random.Random, words: list[str]) -> list[str]:
    at = max(range(len(words)), key=lambda n: len(words[n]))
    word = words[at]
    if len(word) < 5:
        return words
    cut = draw.randrange(1, len(word) - 1)
    return [*words[:at], word[:cut] + word[cut + 1 :], *words[at + 1 :]]


def _cut(draw: random.Random, words: list[str]) -> list[str]:
    """Names of resources end at a length."""
    joined, left = [], draw.choice((24, 32, 40, 63))
    for word in words:
        if left <= 0:
            break
        joined.append(word[:left])
        left -= len(word) + 1
    return joined


_CHANGES = (_same, _same, _short, _short, _initials, _lost, _turned, _typo, _cut)
