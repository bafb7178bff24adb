"""The made-up AWS itself: request in, answer out. The transport is :mod:`tests.aws_rig.http`.

The order in which a call is judged: signature, route, fault, account and region, parameters,
handler, planted answer, planted list, and what was not planted: a thing that is asked for by name
is not found, anything else is empty or, with ``synthesize``, made up.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.aws_rig import pages
from tests.aws_rig.answers import Answer, refused, written
from tests.aws_rig.faults import SPELLINGS, Decides, Fault, Strike, not_found, spelling
from tests.aws_rig.filters import narrowed
from tests.aws_rig.models import Operation
from tests.aws_rig.requests import (
    Request,
    Route,
    Scope,
    Unroutable,
    scope,
    understood,
)
from tests.aws_rig.shapes import complaints, filled, made_up
from tests.aws_rig.world import Asked, Listed, Planted, World

MANAGEMENT = "111111111111"
_KEPT = 20_000
"""Answers kept ready to be sent again."""
_DETAILS = ("Describe", "Get", "Head", "BatchGet", "Lookup")


class Rig:
    """One made-up AWS.

    ``page_size``: records a page, at most. ``synthesize``: how many made-up records a list has
    that nobody planted, and details for them; 0: none. ``latency``: seconds before every answer.
    ``fault`` and ``strike`` say what goes wrong. ``calls`` counts ``service:Operation region
    account``; ``rejected`` says what no AWS would have taken, ``wrong`` what no AWS would have
    answered, ``unplanted`` counts what was asked by name and is not in the world: tests want the
    first two empty.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        account: str = MANAGEMENT,
        page_size: int = 100,
        synthesize: int = 0,
        latency: float = 0.0,
    ) -> None:
        self.world = world or World()
        self.account = account
        """Whose the keys are that nobody handed out."""
        self.page_size = page_size
        self.synthesize = synthesize
        self.latency = latency
        self.fault: Decides = lambda operation, region, account, number: None
        self.strikes: list[Strike] = []
        self.keys: dict[str, str] = {}
        """Access key -> account."""
        self.closed: set[tuple[str, str]] = set()
        """Account (or ``*``) and region that it has not opted into."""
        self.calls: Counter[str] = Counter()
        self.unplanted: Counter[str] = Counter()
        self.rejected: list[str] = []
        self.wrong: list[str] = []
        self.in_flight = 0
        self.max_in_flight = 0
        self.started = 0.0
        self.ended = 0.0
        self._ready: dict[Any, Answer] = {}
        self._version = -1

    def strike(self, operation: str, fault: Fault, **when: Any) -> Strike:
        """From now on ``fault`` at the operations that match (``sagemaker:List*``); ``when``:
        region, account, after, times, counts (see :class:`Strike`)."""
        made = Strike(operation, fault, **when)
        self.strikes.append(made)
        return made

    def called(self, operation: str) -> int:
        """How often an operation was called, anywhere."""
        return sum(
            n for said, n in self.calls.copy().items() if said.partition(" ")[0] == operation
        )

    def forget(self) -> None:
        """Counters, faults and complaints of another test; the world stays."""
        self.fault = lambda operation, region, account, number: None
        for kept in (self.strikes, self.calls, self.unplanted, self.rejected, self.wrong):
            kept.clear()
        self.max_in_flight, self.started, self.ended = 0, 0.0, 0.0

    def figures(self) -> dict[str, Any]:
        """Of all calls since the first: how many, how fast, how many at once."""
        seconds = self.ended - self.started
        total = sum(self.calls.values())
        return {
            "calls": total,
            "seconds": round(seconds, 3),
            "calls_per_second": round(total / seconds, 1) if seconds > 0 else 0.0,
            "max_in_flight": self.max_in_flight,
            "rejected": len(self.rejected),
            "wrong": len(self.wrong),
            "unplanted": sum(self.unplanted.values()),
        }

    def answer(self, request: Request) -> Answer:
        """Never raises: what the rig itself cannot do is told in ``wrong`` and answered 500."""
        now = time.monotonic()
        self.started = self.started or now
        self.ended = now
        try:
            made = self._answer(request)
        except Exception as error:  # a rig that is broken must not look like a cut line
            self.wrong.append(f"{request.method} {request.path}: {type(error).__name__}: {error}")
            made = Answer(500, {"Content-Type": "text/plain"}, str(error).encode())
        return replace(made, delay=made.delay + self.latency) if self.latency else made

    def _answer(self, request: Request) -> Answer:
        who = scope(request)
        if who is None:
            self.rejected.append(f"{request.method} {request.path}: not signed")
            return refused("rest-json", "MissingAuthenticationTokenException", 403, "not signed")
        try:
            found, params, wrong = understood(request, who.signer)
        except Unroutable as error:
            self.rejected.append(str(error))
            return refused(_guess(request), "UnknownOperationException", 404, str(error))
        known = found.operation
        account = self.keys.get(who.key, self.account)
        said = f"{known.id} {who.region} {account}"
        self.calls[said] += 1
        fault = self._struck(known, who, account, self.calls[said])
        if fault is not None and fault.how == "close":
            return Answer(how="close", delay=fault.delay)
        if fault is not None and fault.how == "answer":
            return self._refusal(found, fault, account)
        if self.closed and not self.closed.isdisjoint({(account, who.region), ("*", who.region)}):
            return self._refusal(found, Fault(meaning="region disabled"), account)
        if wrong:
            self.rejected.append(f"{known.id}: {'; '.join(wrong[:5])}")
            return self._refusal(found, Fault(meaning="invalid", message=wrong[0]), account)
        asked = Asked(known, account, who.region, who.key, params)
        return self._bent(fault, self._right(found, asked, fault))

    def _struck(self, known: Operation, who: Scope, account: str, number: int) -> Fault | None:
        found = self.fault(known.id, who.region, account, number)
        for strike in self.strikes:
            # Every strike counts the call, whoever comes first.
            struck = strike.strikes(known.id, who.region, account, who.key)
            found = found or struck
        return found

    def _right(self, found: Route, asked: Asked, fault: Fault | None) -> Answer:
        repeats = fault is not None and fault.how == "repeat"
        if self._version != self.world.version or len(self._ready) > _KEPT:
            self._ready.clear()
            self._version = self.world.version
        key = None
        if not repeats and asked.operation.id not in self.world.handlers:
            key = (found.protocol, asked.operation.id, asked.account, asked.region,
                   repr(asked.params))  # fmt: skip
            if key in self._ready:
                return self._ready[key]
        made = self._output(asked, repeats=repeats)
        if isinstance(made, Fault):
            return self._refusal(found, made, asked.account)
        output, is_template = made
        if is_template:
            output = _placed(output, asked.account, asked.region)
        answer = written(asked.operation, found.protocol, output)
        if key is not None:
            self._ready[key] = answer
        return answer

    def _output(self, asked: Asked, *, repeats: bool) -> Fault | tuple[Mapping[str, Any], bool]:
        known = asked.operation
        handler = self.world.handlers.get(known.id)
        made = handler(asked) if handler else None
        if isinstance(made, Fault):
            return made
        if isinstance(made, Listed):
            records = [
                Planted(field, record, {}, False)
                for field, several in made.records.items()
                for record in several
            ]
            return self._page(asked, records, made.around, repeats=repeats)
        if made is not None:
            return self._checked(asked, made), False
        answered = self.world.answered(asked)
        if answered is not None:
            return answered.record, answered.is_template
        listed = self.world.listed(asked)
        if listed is not None:
            return self._page(asked, listed, {}, repeats=repeats)
        return self._unplanted(asked, repeats=repeats)

    def _checked(self, asked: Asked, made: Mapping[str, Any]) -> Mapping[str, Any]:
        known = asked.operation
        if known.output is None:
            return {}
        wrong = [c for c in complaints(known.output, made) if not c.endswith(": required")]
        self.wrong += [f"{known.id}: {complaint}" for complaint in wrong]
        whole: Mapping[str, Any] = filled(known.output, made, (asked.account, asked.region))
        return whole

    def _unplanted(self, asked: Asked, *, repeats: bool) -> Fault | tuple[Mapping[str, Any], bool]:
        known = asked.operation
        if known.output is None:
            return {}, False
        if self.synthesize:
            made = made_up(known.output, elements=self.synthesize)
            _echo(made, asked.params, known.output)
            pages.without_tokens(known, made)
            if known.paging.lists:
                records = [
                    Planted(path, record, {}, True)
                    for path in known.paging.lists
                    for record in _popped(made, path)
                ]
                return self._page(asked, records, made, repeats=repeats)
            return made, True
        if known.required and known.name.startswith(_DETAILS) and not known.paging.token_out:
            self.unplanted[f"{known.id} {asked.region} {asked.account}"] += 1
            given = {name: asked.params.get(name) for name in known.required}
            return replace(not_found(), message=f"the world does not hold {given}")
        if known.paging.lists:
            return self._page(asked, [], {}, repeats=repeats)
        return filled(known.output, {}, (asked.account, asked.region)), False

    def _page(
        self, asked: Asked, planted: list[Planted], around: Mapping[str, Any], *, repeats: bool
    ) -> Fault | tuple[Mapping[str, Any], bool]:
        known = asked.operation
        question = pages.question_of(known, asked.account, asked.region, asked.params)
        try:
            start = pages.start_of(known, question, asked.params)
        except pages.BadToken as error:
            self.rejected.append(str(error))
            return Fault(meaning="bad token", message=str(error))
        planted = narrowed(planted, asked.params)
        size = pages.size_of(known, asked.params, self.page_size)
        records = [(one.field, one.record) for one in planted]
        made = pages.page(known, records, start, size, question)
        if repeats:
            pages.lead(known, made, start, question)
        whole = _merged(dict(around), made)
        is_template = any(one.is_template for one in planted[start : start + size])
        return filled(known.output, whole, (asked.account, asked.region)), is_template

    def _refusal(self, found: Route, fault: Fault, account: str) -> Answer:
        known = found.operation
        code, status, message = fault.code, fault.status, fault.message
        if fault.meaning:
            spelled, usual = spelling(fault.meaning, found.protocol, known.errors)
            code, status = code or spelled, status or usual
            message = message or SPELLINGS[fault.meaning].message
        action = f"{known.service}:{known.name}"
        arn = f"arn:aws:sts::{account}:assumed-role/made-up/session"
        text = message.replace("{arn}", arn).replace("{action}", action)
        made = refused(
            found.protocol,
            code or "InternalFailure",
            status or 400,
            text,
            is_query_compatible="awsQueryCompatible" in known.model.service_model.metadata,
        )
        told = made.headers
        if status and status < 300:
            told = {key: value for key, value in told.items() if not key.startswith("x-amzn-")}
        headers = {**told, **fault.headers}
        body = made.body if fault.raw is None else fault.raw
        return replace(made, headers=headers, delay=fault.delay, body=body)

    @staticmethod
    def _bent(fault: Fault | None, answer: Answer) -> Answer:
        """A right answer that does not arrive as it should."""
        if fault is None or fault.how == "repeat":
            return answer
        bend: Mapping[str, Callable[[], Answer]] = {
            "cut": lambda: replace(answer, how="cut", delay=fault.delay),
            "garble": lambda: replace(
                answer, body=answer.body[: len(answer.body) // 2] or b"{", delay=fault.delay
            ),
            "slow": lambda: replace(answer, delay=fault.delay),
        }
        return bend[fault.how]()


def _guess(request: Request) -> str:
    if "x-amz-target" in request.headers:
        return "json"
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form")
    return "query" if is_form else "rest-json"


def _echo(made: dict[str, Any], params: Mapping[str, Any], shape: Any) -> None:
    """What was asked by name answers to that name, at the top and one level below."""
    for name, member in shape.members.items():
        if name in params and member.type_name == "string" and isinstance(params[name], str):
            made[name] = params[name]
        elif member.type_name == "structure" and isinstance(made.get(name), dict):
            for inner, below in member.members.items():
                if inner in params and below.type_name == "string" and inner in made[name]:
                    made[name][inner] = params[inner]


def _placed(value: Any, account: str, region: str) -> Any:
    """A template's texts with account and region in them."""
    if isinstance(value, str):
        return value.replace("{account}", account).replace("{region}", region)
    if isinstance(value, Mapping):
        return {
            _placed(key, account, region): _placed(element, account, region)
            for key, element in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_placed(element, account, region) for element in value]
    return value


def _popped(made: dict[str, Any], path: str) -> list[Any]:
    *above, last = path.split(".")
    inner = made
    for step in above:
        inner = inner.get(step, {})
    found: list[Any] = inner.pop(last, [])
    return found


def _merged(around: dict[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in made.items():
        both = isinstance(value, dict) and isinstance(around.get(key), dict)
        around[key] = _merged(around[key], value) if both else value
    return around
