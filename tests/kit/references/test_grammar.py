"""One way to name a secret; what is none is refused without being shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.kit.references.grammar import SCHEMES, Reference, parse, written

PLACES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1)


def test_the_forms() -> None:
    assert (
        parse("OKTA_API_TOKEN") == parse("env:OKTA_API_TOKEN") == Reference("env", "OKTA_API_TOKEN")
    )
    assert parse("file:/run/secrets/okta") == Reference("file", "/run/secrets/okta")
    assert parse("vault:secret/app?auth=approle&namespace=a/b#okta.token") == Reference(
        "vault", "secret/app", {"auth": "approle", "namespace": "a/b"}, "okta.token"
    )
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/okta-AbCdEf"
    assert parse(f"aws-secretsmanager:{arn}#t") == Reference("aws-secretsmanager", arn, {}, "t")
    assert parse("file:/a%23b%3Fc").place == "/a#b?c"


def test_a_table_says_the_same() -> None:
    table = {"vault": "secret/app", "field": "okta", "auth": "approle"}
    assert written(table) == "vault:secret/app?auth=approle#okta"
    assert written("env:OKTA") == "env:OKTA"
    assert written("OKTA") == "OKTA"


def _options(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    """What leads to a secret is a reference in its turn."""
    leading = PLACES.map(lambda place: str(Reference("file", place)))
    each = {
        name: leading if name in ("token", "jwt", "role_id", "secret_id") else PLACES
        for name in names
    }
    return st.fixed_dictionaries({}, optional=each)


@given(
    st.sampled_from([name for name in SCHEMES if name != "env"]).flatmap(
        lambda scheme: st.tuples(
            st.just(scheme), PLACES, _options(SCHEMES[scheme]), st.one_of(st.just(""), PLACES),
        )
    )
)  # fmt: skip
def test_what_is_written_is_what_is_read(parts: tuple[str, str, dict[str, str], str]) -> None:
    made = Reference(*parts)
    assert parse(str(made)) == made


@pytest.mark.parametrize(
    "text",
    [
        "", "sk-made-up-key", "xoxb-1-made-up", "a b", "ghp_" + "a1B2" * 9, "hf_" + "x9" * 17,
        "pass:word", "env:" + "A" * 200,
        "https://user:pw@example.com", "vault:", "env:sk-x-y", "file:?x=1", "1A",
        "file:/a?made=up", "vault:a/b?auth=token&auth=approle",
        "vault:a/b?token=hvs.made-up-token", "vault:a/b?jwt=vault:c/d", "vault:a/b?secret_id=1-2-3",
        "vault:a/b?address=https://ai:made-up@v.example", "aws-ssm:/a?url=https://me@s.example",
    ],
)  # fmt: skip
def test_what_is_none_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(ValueError) as told:
        parse(text)
    assert "docs/secrets.md" in str(told.value) or "option" in str(told.value)
    if len(text) > 6:
        assert text not in str(told.value)


@given(st.one_of(st.text(), st.binary(), st.integers(), st.dictionaries(st.text(), st.text())))
def test_anything_is_a_reference_or_refused(value: object) -> None:
    try:
        text = written(value)
    except ValueError:
        return
    assert parse(text)
