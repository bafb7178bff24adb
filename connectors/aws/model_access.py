"""Access to models that the partition's first region does not offer.

An agreement for a model holds in every region, so the table asks for it once, where most are
offered. What a region offers is the same for all accounts: it is listed once a scan, and each
account is asked of a model once, in the first region that offers it.
https://docs.aws.amazon.com/bedrock/latest/userguide/models-regions.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from connectors.aws.reading import AwsReading
from connectors.aws.types import TYPES
from scanner.kit.tabled.engine import read_types
from scanner.model.errors import Denied, NotEnabled, SourceError
from scanner.model.items import Gap, Item

KIND = next(kind for kind in TYPES if kind.kind == "aws.bedrock_model_access")


class Offered:
    """What each region offers, as the first account that may list it has been told."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Any, ...]] = {}
        self._lock = threading.Lock()

    def of(self, reading: AwsReading) -> tuple[Any, ...]:
        """Raises the source errors; the next account then asks again."""
        with self._lock:
            if reading.region not in self._known:
                self._known[reading.region] = tuple(reading.pages(KIND.list, {}))
            return self._known[reading.region]


def elsewhere(
    offered: Offered,
    home: AwsReading,
    regions: Sequence[str],
    reading_in: Callable[[str], AwsReading],
) -> Iterator[Item]:
    """What an account has access to in ``regions``, of what none before offers."""
    try:
        seen = {_name(record) for record in offered.of(home)}
    except SourceError:
        return  # the table's own reading of it tells
    for region in regions:
        reading = reading_in(region)
        try:
            new = [record for record in offered.of(reading) if _name(record) not in seen]
            seen |= {_name(record) for record in new}
            reading.known = {KIND.list.op: new}
            yield from read_types((KIND,), reading) if new else ()
        except NotEnabled:
            continue  # no Bedrock there
        except SourceError as error:
            what = f"{KIND.kind} in {region}"
            yield Gap(what=what, reason=str(error), denied=isinstance(error, Denied))


def _name(record: Any) -> str:
    return str(record.get("modelId", "")) if isinstance(record, dict) else ""
