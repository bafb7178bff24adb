"""What AWS has added: a service, or a list of an AI service, that nobody has looked at is red here.

``reviewed_operations.yaml`` holds what was looked at. A list that no table reads needs a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import msgspec
import pytest
import yaml

from connectors.aws import AwsConnector

_FILE = Path(__file__).with_name("reviewed_operations.yaml")
_SESSION = botocore.session.get_session()
_COLLECTION = re.compile(r"(List|Search|Lookup)[A-Z]")
_MAYBE = re.compile(r"(Describe|Get)[A-Z]")
_SPEAKS_OF_AI = re.compile(
    r"AI(?![a-z])|Agent(?!Status)|Bot|Model|Topic|Assist|Knowledge|ML(?![A-Z])|Vector|Inference"
    r"|Prompt|Guardrail|Copilot|Embedding|Neural"
)
_NEXT = (
    "add a type to a file of connectors/aws/resources/ (docs: CONTRIBUTING.md, `Add a connector`), "
    f"or the name with a reason to {_FILE.name}"
)


class _Ignored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    why: str
    operations: dict[str, tuple[str, ...]]


class Reviewed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    botocore: str
    """The version that was looked at."""
    ai: tuple[str, ...]
    other: tuple[str, ...]
    ignored: tuple[_Ignored, ...]

    def reasons(self) -> Iterator[tuple[str, str]]:
        """(``service:Operation``, why it is not read)."""
        for one in self.ignored:
            for service, names in one.operations.items():
                yield from ((f"{service}:{name}", one.why) for name in names)


REVIEWED = msgspec.convert(yaml.safe_load(_FILE.read_text()), Reviewed)
_IS_OLDER = [int(n) for n in botocore.__version__.split(".")[:3]] < [
    int(n) for n in REVIEWED.botocore.split(".")
]
"""Than what was reviewed: names may be missing."""


def services_to_review(known: Iterable[str], reviewed: Reviewed) -> list[str]:
    return sorted(set(known) - {*reviewed.ai, *reviewed.other})


def lists_to_review(known: Iterable[str], read: Iterable[str], reviewed: Reviewed) -> list[str]:
    return sorted(set(known) - set(read) - {op for op, _ in reviewed.reasons()})


def collections(service: str) -> Iterator[str]:
    """Operations of a service that tell what there is."""
    model = _SESSION.get_service_model(service)
    for name in model.operation_names:
        if _COLLECTION.match(name) or _tells_all(model, name):
            yield f"{service}:{name}"


def _tells_all(model: Any, name: str) -> bool:
    """A Describe or Get that needs no name and gives a list."""
    if not _MAYBE.match(name):
        return False
    operation = model.operation_model(name)
    needed = operation.input_shape.required_members if operation.input_shape else ()
    told = operation.output_shape.members.values() if operation.output_shape else ()
    return not needed and any(shape.type_name == "list" for shape in told)


def _declared() -> set[str]:
    return {operation.id for operation in AwsConnector.spec.operations}


def test_every_service_was_looked_at() -> None:
    new = services_to_review(_SESSION.get_available_services(), REVIEWED)
    assert not new, (
        f"botocore {botocore.__version__} knows services that nobody has looked at: "
        f"{', '.join(new)}. Is it AI? Put it under `ai` of {_FILE.name}, and its lists into "
        "tables; else under `other`"
    )


def test_every_list_of_an_ai_service_is_read_or_has_a_reason() -> None:
    there = set(_SESSION.get_available_services())
    known = [op for service in REVIEWED.ai if service in there for op in collections(service)]
    new = lists_to_review(known, _declared(), REVIEWED)
    assert not new, (
        f"botocore {botocore.__version__} has lists of AI that no table reads: {', '.join(new)}; "
        + _NEXT
    )


def test_lists_that_speak_of_ai_are_looked_at_in_every_service_that_is_read() -> None:
    """In services of which AI is a part: by the words of AI in their names."""
    read = {operation.partition(":")[0] for operation in _declared()} & {*REVIEWED.other}
    known = [
        op
        for service in sorted(read)
        for op in collections(service)
        if _SPEAKS_OF_AI.search(op.partition(":")[2])
    ]
    assert known
    new = lists_to_review(known, _declared(), REVIEWED)
    assert not new, f"no table reads {', '.join(new)}; " + _NEXT


@pytest.mark.skipif(_IS_OLDER, reason="an older botocore than the one that was looked at")
def test_what_was_looked_at_is_still_there() -> None:
    there = set(_SESSION.get_available_services())
    assert {*REVIEWED.ai, *REVIEWED.other} <= there
    known = {
        f"{service}:{name}"
        for service in {op.partition(":")[0] for op, _ in REVIEWED.reasons()}
        for name in _SESSION.get_service_model(service).operation_names
    }
    gone = sorted({op for op, _ in REVIEWED.reasons()} - known)
    assert not gone, f"AWS has no {', '.join(gone)} any more: take them out of {_FILE.name}"


def test_what_is_read_has_no_reason_not_to_be() -> None:
    both = sorted({op for op, _ in REVIEWED.reasons()} & _declared())
    assert not both, f"{', '.join(both)}: tables read them; take them out of {_FILE.name}"


def test_each_name_stands_once_and_each_reason_says_something() -> None:
    ops = [op for op, _ in REVIEWED.reasons()]
    assert sorted(set(ops)) == sorted(ops)
    assert not {*REVIEWED.ai} & {*REVIEWED.other}
    assert all(len(why.split()) >= 3 for _, why in REVIEWED.reasons())
    assert {op.partition(":")[0] for op in ops} <= {*REVIEWED.ai, "connect", "quicksight"}


def test_a_new_service_and_a_new_list_are_told() -> None:
    services = _SESSION.get_available_services()
    assert services_to_review([*services, "bedrock-xyz"], REVIEWED) == ["bedrock-xyz"]
    known = ["bedrock:ListAgents", "bedrock:ListDreams", "bedrock:ListTrustedAccessPrograms"]
    assert lists_to_review(known, ["bedrock:ListAgents"], REVIEWED) == ["bedrock:ListDreams"]


def test_which_operations_tell_what_there_is() -> None:
    assert {"frauddetector:GetDetectors", "sagemaker:ListModels"} <= {
        *collections("frauddetector"),
        *collections("sagemaker"),
    }
    single = {"sagemaker:DescribeModel", "sagemaker:CreateModel", "frauddetector:GetRules"}
    assert not single & {*collections("frauddetector"), *collections("sagemaker")}


def test_no_list_of_ai_waits_for_a_table() -> None:
    """A reason says why a list is not worth reading; that nobody has written its table is none."""
    waiting = [op for op, why in REVIEWED.reasons() if "not read yet" in why or "missing" in why]
    assert waiting == []
