"""Two years of the US federal inventory against each other: real names, silver labels."""

from __future__ import annotations

from collections import Counter, defaultdict

from rapidfuzz import fuzz

from scanner.model.registry import RegistryEntry, SourceId
from scanner.reconcile.described import Described
from scanner.reconcile.names import NameIndex
from scanner.reconcile.values import clean, names_in

_SAME = 90
_LEAST_WORDS = 8
_PURPOSE_EARLIER = "What is the intended purpose and expected benefits of the AI?"


def compare(earlier: list[dict[str, str]], later: list[dict[str, str]]) -> dict[str, object]:
    old = [
        (clean(r["Agency Abbreviation"]), clean(r["Bureau"]), clean(r["Use Case Name"]),
         clean(r[_PURPOSE_EARLIER]))
        for r in earlier
    ]  # fmt: skip
    new = [
        (clean(r["agency"]), clean(r["agency_bureau"]), names_in(r["use_case_name"])[0],
         clean(r["problem_solved"] + " " + r["benefits"]))
        for r in later
    ]  # fmt: skip
    truth = _labels(old, new, [clean(r["problem_solved"])[:600] for r in later])
    renamed = {n for n, o in truth.items() if new[n][2].casefold() != old[o][2].casefold()}
    registry = [
        RegistryEntry(
            id=str(number), name=name, business_unit=bureau,
            source_ids=(SourceId(registry="2024", id=str(number), organization=agency),),
        )
        for number, (agency, bureau, name, _) in enumerate(old)
    ]  # fmt: skip
    assets = [Described(name=name, units=(agency, bureau)) for agency, bureau, name, _ in new]
    found = list(NameIndex(registry).suggest(assets))
    return {
        "pairs": len(truth),
        "renamed": len(renamed),
        "all": _scored(truth, found, set(truth)),
        "only_renamed": _scored(truth, found, renamed),
    }


def _labels(old, new, parts):  # type: ignore[no-untyped-def]
    """Of one agency, with nearly the same purpose, unique both ways."""
    by_agency = defaultdict(list)
    for number, (agency, _, _, purpose) in enumerate(old):
        if len(purpose.split()) >= _LEAST_WORDS:
            by_agency[agency].append((number, purpose[:600]))
    pairs: list[tuple[int, int]] = []
    for number, (agency, _, _, purpose) in enumerate(new):
        text = purpose[:600]
        if len(text.split()) < _LEAST_WORDS:
            continue
        pairs += [
            (number, other)
            for other, theirs in by_agency[agency]
            if max(fuzz.ratio(text, theirs), fuzz.ratio(parts[number], theirs)) >= _SAME
        ]
    left, right = Counter(n for n, _ in pairs), Counter(o for _, o in pairs)
    return {n: o for n, o in pairs if left[n] == 1 and right[o] == 1}


def _scored(truth, found, among):  # type: ignore[no-untyped-def]
    right = wrong = abstained = among_rivals = 0
    for number in among:
        said = found[number]
        if said.best is not None:
            right += said.best.entry == str(truth[number])
            wrong += said.best.entry != str(truth[number])
        elif said.rivals:
            abstained += 1
            among_rivals += any(r.entry == str(truth[number]) for r in said.rivals)
    return {
        "right": right, "wrong": wrong, "abstained": abstained, "abstained_among": among_rivals,
        "precision": round(right / max(1, right + wrong), 3),
        "recall": round(right / max(1, len(among)), 3),
    }  # fmt: skip
