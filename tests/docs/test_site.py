"""The site is built without a warning, holds a page for everything, and asks nobody else."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from scanner.collect.loader import load, names
from scanner.rulebook.load import Rulebook
from tests.docs.commands import ROOT

pytest.importorskip("mkdocs")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, check=False, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1",
             "DISABLE_MKDOCS_2_WARNING": "true"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return folder


def test_every_connector_and_policy_has_its_place(site: Path, rulebook: Rulebook) -> None:
    for name in names():
        assert (site / f"reference/connectors/{name}/index.html").is_file(), name
    policies = (site / "reference/policies/index.html").read_text("utf-8")
    assert not [one.id for one in rulebook.policies if f'id="{one.id.lower()}"' not in policies]
    commands = (site / "reference/commands/index.html").read_text("utf-8")
    assert 'id="shadow-ai-graph-blast-radius"' in commands


def test_a_connectors_page_says_which_exports_of_its_console_are_read(site: Path) -> None:
    told = 0
    for name in names():
        spec = load(name).spec
        page = html.unescape((site / f"reference/connectors/{name}/index.html").read_text("utf-8"))
        for said in (*spec.exports, spec.no_export):
            assert re.sub(r"\W", "", said) in re.sub(r"<[^>]+>|\W", "", page), (name, said)
            told += bool(said)
    assert told > 40


def test_a_connectors_page_says_what_its_settings_mean_and_what_is_not_read(site: Path) -> None:
    kubernetes = (site / "reference/connectors/kubernetes/index.html").read_text("utf-8")
    assert "Not read: ConfigMaps, Secrets, events, logs" in kubernetes
    unsaid = {}
    for name in names():
        page = (site / f"reference/connectors/{name}/index.html").read_text("utf-8")
        assert 'id="pace"' in page
        assert 'id="what-is-not-read"' in page
        rows = re.findall(r"<td><code>([a-z_]+)</code></td>\n<td>.*?</td>\n<td>(.*?)</td>", page)
        fields = msgspec.structs.fields(load(name).spec.config)
        assert {one.encode_name for one in fields} <= {row[0] for row in rows}, name
        unsaid[name] = [setting for setting, means in rows if not means]
    assert {name: some for name, some in unsaid.items() if some} == {}


def test_a_page_asks_no_other_host(site: Path) -> None:
    loads = re.compile(
        r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=[\"'](https?:)?//([^/\"']+)"
    )
    for page in site.rglob("*.html"):
        found = {host for _, host in loads.findall(page.read_text("utf-8"))}
        assert not found, page


def test_every_link_within_leads_somewhere(site: Path) -> None:
    missing = []
    for page in site.rglob("*.html"):
        if page.name == "404.html":
            continue
        for target in re.findall(r'<a [^>]*?href="([^"#?]+)', page.read_text("utf-8")):
            if "://" in target or target.startswith(("mailto:", "data:")):
                continue
            place = (page.parent / target).resolve()
            if not (place.is_file() or (place / "index.html").is_file()):
                missing.append((page.relative_to(site).as_posix(), target))
    assert not missing
