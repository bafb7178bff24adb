"""How much the rules know, counted."""

from __future__ import annotations

from collections.abc import Sized

from scanner.rulebook.load import Rulebook


def count(rulebook: Rulebook) -> dict[str, int]:
    """Facts by kind; a fact that two files state counts once."""
    providers = rulebook.providers

    def distinct(items: object) -> int:
        return len(set(items)) if isinstance(items, Sized) else 0  # type: ignore[call-overload]

    return {
        "providers and products": len(providers),
        "credential formats": sum(len(p.keys) for p in providers),
        "API hosts": distinct([h.host + h.path for p in providers for h in p.hosts]),
        "environment variables": distinct([v.name for p in providers for v in p.env_vars]),
        "packages": distinct([(k.ecosystem, k.name) for p in providers for k in p.packages]),
        "model patterns": sum(len(p.models) for p in providers),
        "OAuth applications": sum(len(p.oauth_apps) for p in providers),
        "container images": distinct([i.image for p in providers for i in p.images]),
        "identifiers": distinct([i.text for p in providers for i in p.identifiers]),
        "files": distinct([f.glob for p in providers for f in p.files]),
        "policies": len(rulebook.policies),
        "control frameworks": len(rulebook.frameworks),
    }
