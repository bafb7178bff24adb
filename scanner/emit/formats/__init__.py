"""The formats as data: a name, the file that it makes, what it holds. A format's module has
``render(document, **options)``, which yields bytes, and is imported when it is asked for."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from scanner.model.errors import ConfigError

if TYPE_CHECKING:
    from scanner.emit.document import Document


class Format(NamedTuple):
    file: str
    """What it is called in a folder of results."""
    module: str
    holds: str
    options: tuple[str, ...] = ()
    """What ``--set NAME=VALUE`` may say."""
    needs: Mapping[str, str] = {}
    """What it must say, and the expression that the value must follow."""


FORMATS: dict[str, Format] = {
    "json": Format("findings.json", "document", "everything, as one document"),
    "jsonl": Format("findings.jsonl", "lines", "everything, a record a line"),
    "csv": Format("findings.csv", "csv_findings", "findings, a row each"),
    "csv-assets": Format("assets.csv", "csv_assets", "the AI inventory, a row each"),
    "xlsx": Format("shadow-ai.xlsx", "xlsx", "a workbook: findings, inventory, registry, coverage"),
    "markdown": Format("report.md", "markdown", "a report to paste into a comment or a wiki"),
    "html": Format("report.html", "page", "the page"),
    "sarif": Format(
        "shadow-ai.sarif", "sarif", "findings in code, for code scanning", options=("repository",)
    ),
    "junit": Format("junit.xml", "junit", "a suite a policy, a case a finding, for CI servers"),
    "gitlab-secrets": Format(
        "gl-secret-detection-report.json",
        "gitlab_secrets",
        "GitLab: keys in code",
        options=("repository",),
    ),
    "gitlab-sast": Format(
        "gl-sast-report.json",
        "gitlab_sast",
        "GitLab: other findings in code",
        options=("repository",),
    ),
    "cyclonedx": Format(
        "bom.cdx.json", "cyclonedx", "a bill of materials: CycloneDX ML-BOM", options=("system",)
    ),
    "spdx": Format(
        "bom.spdx.json", "spdx", "a bill of materials: SPDX 3 with AI packages", options=("system",)
    ),
    "ocsf": Format("ocsf.jsonl", "ocsf", "OCSF events: findings and inventory"),
    "asff": Format(
        "asff.jsonl",
        "asff",
        "AWS Security Hub: a line a batch to import",
        needs={"account": r"\d{12}", "region": r"[a-z]{2}(-[a-z]+)+-\d"},
    ),
    "stix": Format("stix.json", "stix", "a STIX 2.1 bundle"),
    "defectdojo": Format("defectdojo.json", "defectdojo", "DefectDojo's generic findings import"),
}


def check(names: Iterable[str], options: Mapping[str, str]) -> None:
    """Raises ``ConfigError`` for an option that none of the formats has, or that one of them needs
    and does not get: before a scan, not after it."""
    chosen = [FORMATS[name] for name in names]
    known = {option for form in chosen for option in (*form.options, *form.needs)}
    for option in sorted(set(options) - known):
        said = ", ".join(sorted(known)) or "none"
        raise ConfigError(f"--set {option}: not an option of {', '.join(names)} (known: {said})")
    for name, form in zip(names, chosen, strict=True):
        for option, form_of in form.needs.items():
            if not re.fullmatch(form_of, options.get(option, "")):
                raise ConfigError(
                    f"format `{name}` needs --set {option}=... of the form {form_of}; "
                    f"see docs/formats.md"
                )


def render(
    name: str, document: Document, options: Mapping[str, str] | None = None
) -> Iterable[bytes]:
    """The document in a format, in pieces; options of other formats are passed over."""
    form = FORMATS[name]
    module = importlib.import_module(f"{__name__}.{form.module}")
    mine = {
        key: value
        for key, value in (options or {}).items()
        if key in form.options or key in form.needs
    }
    pieces: Iterable[bytes] = module.render(document, **mine)
    return pieces
