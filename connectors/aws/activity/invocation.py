"""One record of Bedrock's log of model invocations, as far as it may be kept: who, which model,
when, how many tokens. What was asked and answered is passed over unread, not decoded and dropped.

Fields: https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html.
"""

from __future__ import annotations

import msgspec

from connectors.aws.activity import things
from connectors.aws.activity.actors import of_arn
from connectors.aws.activity.events import LONGEST, NOTHING, parameters, when
from connectors.aws.activity.things import Place
from connectors.aws.activity.totals import Totals, outcome
from connectors.aws.activity.ways import way
from scanner.kit.expressions import expression
from scanner.kit.values import text

MARK = rb'schemaType\\*"\s*:\s*\\*"ModelInvocationLog'
_OPERATION = expression(r"[A-Za-z]{1,64}")
_PURPOSES = ("application", "app", "project", "service", "workload")
"""Keys of a request's metadata that say what it is for; any other may hold anything."""
_MOST_TOKENS = 1 << 40


class Who(msgspec.Struct, frozen=True, gc=False):
    arn: str | None = None


class Asked(msgspec.Struct, frozen=True, gc=False):
    inputTokenCount: int | None = None
    cacheReadInputTokenCount: int | None = None
    cacheWriteInputTokenCount: int | None = None


class Answered(msgspec.Struct, frozen=True, gc=False):
    outputTokenCount: int | None = None


class Invocation(msgspec.Struct, frozen=True):
    schemaType: str
    timestamp: str = ""
    accountId: str | None = None
    region: str | None = None
    requestId: str | None = None
    operation: str | None = None
    modelId: str | None = None
    errorCode: str | None = None
    inferenceRegion: str | None = None
    identity: Who | None = None
    input: Asked | None = None
    output: Answered | None = None
    requestMetadata: msgspec.Raw = NOTHING


_DECODER: msgspec.json.Decoder[Invocation] = msgspec.json.Decoder(Invocation)


def invocation(data: bytes | msgspec.Raw) -> Invocation | None:
    """None for what is none."""
    try:
        found = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return found if found.schemaType == "ModelInvocationLog" else None


def add(found: Invocation, totals: Totals) -> None:
    """One row for the calls, one each for what went in and out, in tokens."""
    operation = found.operation or "Invoke"
    place = Place.told(found.accountId, found.region, totals.place)
    if not place.account or not _OPERATION.fullmatch(operation):
        totals.odd += 1
        return
    if found.requestId and totals.is_known(f"invocation {found.requestId}"):
        return
    name = found.modelId or ""
    thing = things.by_arn(name, place) if name.startswith("arn:") else things.model(name, place)
    thing = thing or things.service("bedrock.amazonaws.com", place)
    relation, status = outcome(found.errorCode or "")
    arn = found.identity.arn if found.identity and found.identity.arn else ""
    actor = of_arn(arn[:LONGEST]) if arn else None
    inferred = found.inferenceRegion or ""
    how = way(
        region=inferred if inferred != found.region else "", purpose=_purpose(found.requestMetadata)
    )  # fmt: skip
    at = when(found.timestamp)
    rule = f"bedrock:invocation-log {operation}"
    if not relation:
        rule = f"{rule} {status.partition(':')[0]}"
    totals.put(rule, relation, actor, thing, how, place, 1, at, at, status)
    if not relation:
        return
    for word, tokens in _tokens(found).items():
        if 0 < tokens < _MOST_TOKENS:
            rule = f"bedrock:invocation-log {word} tokens"
            totals.put(rule, relation, actor, thing, how, place, tokens, at, at)


def _tokens(found: Invocation) -> dict[str, int]:
    asked, answered = found.input or Asked(), found.output or Answered()
    return {
        "input": asked.inputTokenCount or 0,
        "cached input": asked.cacheReadInputTokenCount or 0,
        "input to cache": asked.cacheWriteInputTokenCount or 0,
        "output": answered.outputTokenCount or 0,
    }


def _purpose(metadata: msgspec.Raw) -> str:
    """``application=checkout``; a value that is no plain word is nobody's business."""
    folded = {key.casefold(): text(value) for key, value in parameters(metadata).items()}
    return next((f"{key}={folded[key]}" for key in _PURPOSES if folded.get(key)), "")
