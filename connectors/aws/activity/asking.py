"""What is asked of AWS: single calls through the connector's own access, and objects of a bucket,
listed and opened with bounds. The answer's body is read here, and its trouble told as any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.aws.errors import translated
from scanner.kit.values import mapping, text
from scanner.model.errors import Unavailable

LIST, GET = "s3:ListObjectsV2", "s3:GetObject"
_ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
MOST_PACKED = 512 << 20
"""Of one object. CloudTrail's own are a few MiB."""


class Calls(Protocol):
    """What is needed of the connector's access (``connectors.aws.access``)."""

    def call(
        self, account: str, region: str, op: str, args: Mapping[str, Any]
    ) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Object:
    key: str
    size: int
    is_archived: bool


@dataclass(frozen=True)
class Bucket:
    """A bucket, as whom and where it is asked."""

    calls: Calls
    account: str
    region: str
    name: str

    def objects(self, prefix: str, after: str = "") -> Iterator[Object]:
        """In order of their keys, those behind ``after``."""
        args: dict[str, Any] = {"Bucket": self.name, "Prefix": prefix}
        if after:
            args["StartAfter"] = after
        for page in self._pages(args):
            for found in page.get("Contents") or ():
                record = mapping(found)
                key, size = text(record.get("Key")), record.get("Size")
                if key:
                    yield Object(
                        key,
                        size if isinstance(size, int) else 0,
                        text(record.get("StorageClass")) in _ARCHIVED,
                    )

    def folders(self, prefix: str) -> Iterator[str]:
        """Names directly below ``prefix``, which ends with a slash or is empty."""
        args = {"Bucket": self.name, "Prefix": prefix, "Delimiter": "/"}
        for page in self._pages(args):
            for found in page.get("CommonPrefixes") or ():
                name = text(mapping(found).get("Prefix")).removeprefix(prefix).strip("/")
                if name:
                    yield name

    def opened(self, key: str) -> Body:
        args = {"Bucket": self.name, "Key": key}
        answer = self.calls.call(self.account, self.region, GET, args)
        return Body(answer["Body"], f"s3://{self.name}/{key}")

    def _pages(self, args: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        asked, seen = dict(args), set[str]()
        while True:
            page = self.calls.call(self.account, self.region, LIST, asked)
            yield page
            token = text(page.get("NextContinuationToken"))
            if not token:
                return
            if token in seen:
                raise Unavailable(f"{LIST} of {self.name}: the source repeats a page token")
            seen.add(token)
            asked["ContinuationToken"] = token


@dataclass
class Body:
    """An object's bytes, read forward."""

    inner: Any
    where: str

    def read(self, size: int = -1) -> bytes:
        with translated(GET, self.where):
            data: bytes = self.inner.read(size)
            return data

    def close(self) -> None:
        self.inner.close()
