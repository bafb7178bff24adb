"""A trail's bucket: new files since the last reading, of one account in one region.

Keys are ``[prefix/]AWSLogs/[o-id/]<account>/CloudTrail/<region>/yyyy/mm/dd/<account>_CloudTrail_
<region>_<yyyymmddThhmm>Z_<unique>.json.gz`` (https://docs.aws.amazon.com/awscloudtrail/latest/
userguide/get-and-view-cloudtrail-log-files.html), so their order is that of their delivery, to the
minute. A file of the same minute may come later under a smaller name: the last hour is listed
again, and files that are known are not opened twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from connectors.aws.activity import invocation
from connectors.aws.activity.asking import MOST_PACKED, Bucket, Object
from connectors.aws.activity.invocation import Invocation
from connectors.aws.activity.records import Found, read
from connectors.aws.activity.totals import Totals
from connectors.aws.activity.unpacking import Damaged, TooLarge, pieces
from scanner.kit.expressions import expression
from scanner.model.errors import Denied, SourceError
from scanner.model.items import Checkpoint, Gap, Item

_NAMED = expression(r"(.*/\d{4}/\d\d/\d\d/\d{12}_CloudTrail_[a-z0-9-]+_)(\d{8}T\d{4})Z_.*")
_MINUTE = "%Y%m%dT%H%M"
_OVERLAP = timedelta(hours=1)
_ORGANIZATION = expression(r"o-[a-z0-9]{10,32}")
_ACCOUNT = expression(r"\d{12}")
_REGION = expression(r"[a-z]{2,6}(?:-[a-z]+){1,3}-\d")
_ENDS = (".json.gz", ".json")
_BATCH_OBJECTS, _BATCH_BYTES = 500, 64 << 20
"""Between two checkpoints."""
_MOST_KNOWN = 20_000
_GONE = ("NoSuchKey", "404")


def accounts(bucket: Bucket, root: str, organization: str) -> Iterator[tuple[str, str]]:
    """Accounts whose events are in the bucket, and where."""
    for name in bucket.folders(root):
        if _ACCOUNT.fullmatch(name) and not organization:
            yield name, f"{root}{name}/CloudTrail/"
        elif _ORGANIZATION.fullmatch(name) and organization in ("", name):
            for below in bucket.folders(f"{root}{name}/"):
                if _ACCOUNT.fullmatch(below):
                    yield below, f"{root}{name}/{below}/CloudTrail/"


def regions(bucket: Bucket, folder: str) -> Iterator[str]:
    for name in bucket.folders(folder):
        if _REGION.fullmatch(name):
            yield name


class _Cursor(msgspec.Struct):
    """Listing begins behind ``after``; ``known``: names behind it that are read. ``bucket``: in
    which; empty in cursors of before."""

    after: str
    bucket: str = ""
    known: list[str] = []


def by_minute(key: str) -> str:
    """Where listing begins the next time, once ``key`` was read: an hour before."""
    found = _NAMED.fullmatch(key)
    if found is None:
        return key
    try:
        at = datetime.strptime(found[2], _MINUTE) - _OVERLAP
    except (ValueError, OverflowError):
        return key
    folder, _, name = found[1].rpartition("/")
    above = folder.rsplit("/", 3)[0]
    return f"{above}/{at:%Y/%m/%d}/{name}{at:{_MINUTE}}"


@dataclass
class Files:
    """Objects of one prefix, in order, each opened once. ``border``: where listing begins once a
    key was read; ``wants``: whether a key is a file of the log."""

    bucket: Bucket
    prefix: str
    first: str
    """Where a first reading begins."""
    totals: Totals
    border: Callable[[str], str] = by_minute
    wants: Callable[[str], bool] = lambda key: key.endswith(_ENDS)
    _gaps: list[Gap] = field(default_factory=list)
    _archived: int = 0

    def items(self, since: Checkpoint | None) -> Iterator[Item]:
        """Activities, gaps and checkpoints. Raises the source errors after what was read before."""
        cursor = self._cursor_of(since)
        if since is not None and cursor is None:
            yield Gap(what=self.what, reason="the stored cursor is unreadable; read again")
        if cursor is not None and not self._is_of_here(cursor):
            reason = "the log has moved since it was read last; what is here is read from the first"
            yield Gap(what=self.what, reason=reason)
            cursor = None
        cursor = cursor or _Cursor(after=self.first)
        cursor.bucket = self.bucket.name
        try:
            for _ in self._batches(cursor):
                yield from self._flush(cursor)
        except SourceError:
            yield from self._flush(cursor)
            raise
        yield from self._flush(cursor)
        if self._archived:
            yield Gap(
                what=self.what,
                reason=f"{self._archived} objects are archived (Glacier) and were not read",
            )

    @property
    def what(self) -> str:
        return f"s3://{self.bucket.name}/{self.prefix}"

    def _cursor_of(self, since: Checkpoint | None) -> _Cursor | None:
        """None: there is none that can be read."""
        if since is None:
            return None
        try:
            return msgspec.json.decode(since.cursor, type=_Cursor)
        except msgspec.MsgspecError:
            return None

    def _is_of_here(self, cursor: _Cursor) -> bool:
        """Whoever may say where a log is kept must not blind who reads it: names of another prefix
        may sort behind all that are here."""
        return cursor.bucket in ("", self.bucket.name) and cursor.after.startswith(self.prefix)

    def _batches(self, cursor: _Cursor) -> Iterator[None]:
        known = set(cursor.known)
        count = size = 0
        for found in self.bucket.objects(self.prefix, cursor.after):
            name = found.key.removeprefix(self.prefix)
            if name in known or not self.wants(found.key):
                continue
            self._read(found)
            known.add(name)
            cursor.after = max(cursor.after, self.border(found.key))
            known = {name for name in known if self.prefix + name > cursor.after}
            cursor.known = sorted(known)[-_MOST_KNOWN:]
            count, size = count + 1, size + found.size
            if count >= _BATCH_OBJECTS or size >= _BATCH_BYTES:
                count = size = 0
                yield

    def _read(self, found: Object) -> None:
        """All of an object counts, or nothing of it: what broke off is read again."""
        where = f"s3://{self.bucket.name}/{found.key}"
        if found.is_archived:
            self._archived += 1
            return
        if found.size > MOST_PACKED:
            self._gaps.append(Gap(what=where, reason=f"larger than {MOST_PACKED >> 20} MiB"))
            return
        try:
            body = self.bucket.opened(found.key)
        except SourceError as error:
            # ``<operation> in <place>: <code>: ...``: what a key is called is not looked at.
            code = str(error).partition(": ")[2].partition(":")[0].strip()
            if not isinstance(error, Denied) and code in _GONE:
                return  # ended by the bucket's own rules since it was listed
            raise
        records: list[Found] = []
        try:
            records.extend(read(pieces(body)))
        except (Damaged, TooLarge) as error:
            self._gaps.append(Gap(what=where, reason=f"{error}; the rest was not read"))
        finally:
            body.close()
        for record in records:
            add(record, self.totals)

    def _flush(self, cursor: _Cursor) -> Iterator[Item]:
        yield from self.totals.drain(self.what)
        gaps, self._gaps = self._gaps, []
        yield from gaps
        yield Checkpoint(cursor=msgspec.json.encode(cursor).decode())


def add(record: Found, totals: Totals) -> None:
    """Whichever log it is of."""
    if isinstance(record, Invocation):
        invocation.add(record, totals)
    else:
        totals.add(record)


def day_before(folder: str, now: datetime, days: int) -> str:
    """The key that a first reading of a folder by days begins behind."""
    return f"{folder}{now - timedelta(days=days):%Y/%m/%d}"
