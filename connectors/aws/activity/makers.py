"""What is made in services that are no AI themselves, or whose use no log tells, for the sake of
who made it: events as table entries, as ``resources/`` has lists.

Most of these services' events are of no interest, and some are many: the event history is asked for
those of the table by their names, and files of a trail are passed over by them. CloudTrail writes
members of answers with a small first letter, and EC2's as its own XML names them
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/
cloudtrail-event-reference-record-contents.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.aws import arns
from connectors.aws.activity.events import LONGEST, Event, parameters
from connectors.aws.activity.services import MADE
from connectors.aws.activity.things import Place, node_of
from connectors.aws.types import TYPES
from scanner.kit.accelerators import is_accelerated
from scanner.kit.expressions import expression
from scanner.kit.tables import fill, first_text, values
from scanner.model.base import NodeId
from scanner.model.facts import Asset

_KINDS = {kind.kind: kind for kind in TYPES}
_ID = expression(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:[\w+=,.@:/#$ -]{1,900}")


def made(event: Event, place: Place) -> Iterator[Asset]:
    """What a successful event of the table made, as the lists would show it."""
    maker = MADE.get((event.eventSource, event.eventName))
    if maker is None:
        return
    told = {
        "requestParameters": parameters(event.requestParameters),
        "responseElements": parameters(event.responseElements),
    }
    kind = _KINDS[maker.kind]
    for record in values(told, maker.items):
        if not isinstance(record, Mapping):
            continue
        if maker.machine and not is_accelerated(first_text(record, maker.machine)):
            continue
        ident = arns.whole(fill(maker.id, record, place.scope))
        if len(ident) > LONGEST or not _ID.fullmatch(ident) or ident.endswith(("/", ":")):
            continue
        yield Asset(
            id=NodeId(ident),
            kind=kind.kind,
            name=(first_text(record, maker.name) or first_text(told, maker.name))[:LONGEST]
            or ident.rpartition("/")[2],
            asset_class=kind.asset_class,
            provider=kind.provider,
            account=node_of(place.account),
            region=place.region,
            created_at=event.at,
            # What is AI by its contents alone, its list tells.
            is_ai=kind.is_ai and not kind.ai_when,
        )
