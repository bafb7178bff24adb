"""Details of many records in one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.kit.tabled.reading import Reading
from scanner.kit.tables import Batch, Call, ResourceType, fill, first_text, values, with_fields
from scanner.model.errors import SourceError
from scanner.model.items import Gap


def fill_batch(
    kind: ResourceType,
    batch: Batch,
    records: list[dict[str, Any]],
    parent: Mapping[str, Any],
    reading: Reading,
) -> bool:
    """Details into the records they are of. Where they are denied, records stay as the list has
    shown them, and it is False."""
    keys = {fill(batch.key, record, reading.scope): record for record in records}
    args = {name: fill(path, parent, reading.scope) for name, path in batch.args.items()}
    asked = {**batch.params, **with_fields(args), batch.arg: list(keys)}
    try:
        answer = reading.call(Call(op=batch.op), asked)
    except SourceError as error:  # whatever it is: it ends this record's part, never the list
        reading.miss(f"{batch.op} of {len(keys)} of {kind.kind}", error)
        return False
    told: set[str] = set()
    for detail in values(answer, batch.items):
        key = first_text(detail, batch.match)
        if key in keys:
            keys[key].update(detail)
            told.add(key)
    untold = [key for key in keys if key not in told]
    if untold:
        # Deleted since, or refused one by one: what the list has shown of them stays.
        some = ", ".join(untold[:3])[:300]
        reading.gaps.append(Gap(what=f"{batch.op} of {some}", reason=f"{len(untold)} untold"))
    return not untold
