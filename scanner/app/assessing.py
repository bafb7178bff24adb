"""The last finished scan against a framework, from the stored state alone."""

from __future__ import annotations

from scanner.app import suppressing
from scanner.app.config import LoadedConfig, store_url
from scanner.app.exporting import stored_findings
from scanner.app.pipeline import replay
from scanner.app.sourcing import rulebook_of
from scanner.assess.governance import Assessment, assess
from scanner.model.errors import ConfigError
from scanner.store.state import State


def stored_assessments(
    loaded: LoadedConfig, frameworks: tuple[str, ...], *, top: int | None = None
) -> list[Assessment]:
    """One for each of ``frameworks``; none named: all that the rules know. Raises ``ConfigError``
    for a framework that they do not know, or when no scan was finished."""
    rulebook = rulebook_of(loaded)
    known = {framework.id: framework for framework in rulebook.frameworks}
    for name in frameworks:
        if name not in known:
            raise ConfigError(f"framework `{name}`: not one of {', '.join(sorted(known))}")
    _, info, _ = stored_findings(loaded)
    state = State(store_url(loaded))
    try:  # what a baseline hides elsewhere is named to an auditor
        findings = tuple(suppressing.as_shown(state, loaded, info.finished).values())
    finally:
        state.close()
    situation = replay(loaded)
    return [
        assess(known[name], rulebook.policies, situation, findings, scan=info.id, top=top)
        for name in frameworks or sorted(known)
    ]
