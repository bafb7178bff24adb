"""What is not reported: by comment, by path, by fingerprint; told, and only where it is trusted."""

from __future__ import annotations

import pytest

from scanner.detect.engine import Detector
from scanner.detect.suppress import IgnoreComments, parse
from scanner.model.items import Hit, HitKind
from scanner.rulebook.examples import expand
from scanner.rulebook.load import Rulebook

BOTH = ("credentials", "usage")
KEY = expand("sk-ant-api03-{b64url:93}AA", "suppress")


@pytest.fixture
def fresh(rulebook: Rulebook) -> Detector:
    return Detector(rulebook, b"a-fixed-fingerprint-key-for-tests")


def _credential(detector: Detector, text: str) -> Hit:
    hits = detector.examine(text.encode(), "a.py", BOTH)
    (hit,) = [hit for hit in hits if hit.kind is HitKind.CREDENTIAL]
    return hit


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"K='{KEY}'  # shadow-ai: ignore[anthropic-api-key] rotated in May", "rotated in May"),
        (f"// shadow-ai: ignore[anthropic-*] rotated in May\nK='{KEY}'", "rotated in May"),
        (f"<!-- shadow-ai: ignore[credential] a sample -->\n<a b='{KEY}'/>", "a sample"),
        (f"/* shadow-ai: ignore[x, anthropic] a sample */\nK='{KEY}'", "a sample"),
        (f"K='{KEY}'  # shadow-ai: ignore[openai-*] another rule", ""),
        (f"K='{KEY}'  # shadow-ai: ignore[anthropic-api-key]", ""),
        (f"K='{KEY}'  # shadow-ai: ignore the reason stands but no rule", ""),
        (f"x = 1  # shadow-ai: ignore[*] speaks of its own line\nK='{KEY}'", ""),
        (f"# shadow-ai: ignore[*] two lines above\n\nK='{KEY}'", ""),
    ],
)
def test_a_comment_suppresses_its_line_or_the_next_with_a_reason(
    fresh: Detector, text: str, reason: str
) -> None:
    assert _credential(fresh, text).suppressed == reason


def test_a_comment_without_a_reason_is_told(fresh: Detector) -> None:
    _credential(fresh, f"\nK='{KEY}'  # shadow-ai: ignore[anthropic-api-key]")

    (problem,) = fresh.comments.problems
    assert problem.startswith("a.py:2: ")
    assert KEY not in problem


def test_problems_are_bounded() -> None:
    comments = IgnoreComments()
    hit = Hit(rule="r", kind=HitKind.HOST, provider="p", label="", start=0, end=0, line=1,
              confidence="low")  # type: ignore[arg-type]  # fmt: skip
    for number in range(500):
        comments.marked(b"# shadow-ai: ignore[r]\n", f"{number}.py", [hit])

    assert len(comments.problems) == 50


def test_an_ignore_file_reads_like_gitignore_and_names_findings() -> None:
    mark = "v1:" + "a" * 26
    file = parse(f"# samples\nsamples/\n*.ipynb\n!keep.ipynb\n/docs/**/x.md\n{mark} known\n")

    assert file.covers("samples/deep/a.py")
    assert file.covers("b.ipynb")
    assert file.covers("docs/a/b/x.md")
    assert not file.covers("keep.ipynb")
    assert not file.covers("src/a.py")
    assert not file.covers("")
    assert file.findings == {mark}


def test_hostile_lines_are_left_out_and_told() -> None:
    file = parse("a*b*c*d*e*f*g*h*i*j*k\n" + "x" * 5000 + "\n" + "ok/\n" * 5000 + "\0\n[\n")

    assert len(file.problems) >= 2
    assert file.covers("ok/a")
    assert not file.covers("aXbXc")


def test_an_empty_file_covers_nothing() -> None:
    assert not parse("").covers("a.py")
    assert not parse("# only words\n\n").covers("a.py")
