"""How a table's types are read in AWS: as whom, where, with the tags of many things in one call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar

from connectors.aws import arns, policies, relations
from connectors.aws.access import Access
from scanner.kit.tabled.reading import Reading, Target
from scanner.kit.tables import Call, tags_of
from scanner.model.errors import Denied, SourceError
from scanner.model.evidence import Evidence
from scanner.model.facts import DataStore, Edge

TAGS_OPERATION = "resourcegroupstaggingapi:GetResources"
_NOT_TOLD = frozenset({"", "iam", "autoscaling"})
"""Services of whose tags GetResources does not tell; it does of all others
(https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html)."""
_GONE = ("ResourceNotFound", "NoSuchEntity", "Could not find")


@dataclass(kw_only=True)
class AwsReading(Reading):
    """Of a family of services in one account and region."""

    source: ClassVar[str] = "aws"
    targets: ClassVar[Mapping[str, Target]] = relations.TARGETS
    says_none: ClassVar[bool] = True  # of a function without a policy: ResourceNotFoundException
    judges: ClassVar[Mapping[str, Callable[[str], bool]]] = policies.JUDGES

    access: Access
    partition: str
    buckets: dict[str, DataStore] = field(default_factory=dict)
    known: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Operation -> records that have been told already, and are not listed again."""
    _tags: dict[str, dict[str, dict[str, str]] | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def pool(self) -> ThreadPoolExecutor:
        return self.access.pool

    def call(self, call: Call, args: Mapping[str, Any]) -> dict[str, Any]:
        return self.access.call(self.account, self.region, call.op, args)

    def pages(self, call: Call, args: Mapping[str, Any]) -> Iterator[Any]:
        if call.op in self.known:
            return iter(self.known[call.op])
        return self.access.pages(self.account, self.region, call, args)

    @property
    def scope(self) -> dict[str, str]:
        return {**super().scope, "partition": self.partition}

    def tags_of(self, ident: str) -> dict[str, str] | None:
        """Of which a call tells a hundred, and nothing of what has none. None: to be asked for by
        itself (no ARN, or tags may not be read like this)."""
        service = (ident.split(":")[2:3] or [""])[0] if ident.startswith("arn:") else ""
        if service in _NOT_TOLD:
            return None
        with self._lock:
            if service not in self._tags:
                self._tags[service] = self._all_tags(service)
            known = self._tags[service]
        if known is None:
            return None
        # AWS writes some ARNs in other letters here than in lists; two that differ by that alone
        # are two things all the same.
        return known.get(ident) or known.get(ident.casefold(), {})

    def _all_tags(self, service: str) -> dict[str, dict[str, str]] | None:
        call = Call(op=TAGS_OPERATION, items="ResourceTagMappingList[]")
        asked = {"ResourceTypeFilters": [service], "ResourcesPerPage": 100}
        try:
            told: dict[str, dict[str, str]] = {}
            folded: dict[str, list[dict[str, str]]] = {}
            for found in self.pages(call, asked):
                if not isinstance(found, Mapping) or not found.get("ResourceARN"):
                    return None  # malformed: tags are asked for one by one
                arn = str(found["ResourceARN"])
                told[arn] = tags_of(found.get("Tags"))
                folded.setdefault(arn.casefold(), []).append(told[arn])
        except SourceError:
            return None
        return {arn: tags[0] for arn, tags in folded.items() if len(tags) == 1} | told

    def tag_edges(self, tags: Mapping[str, str], ident: str, evidence: Evidence) -> Iterator[Edge]:
        return relations.tag_edges(tags, ident, evidence)

    def is_gone(self, error: SourceError) -> bool:
        return is_gone(error)

    def is_id(self, value: str) -> bool:
        return value.startswith("arn:")

    def whole(self, ident: str) -> str:
        return arns.whole(ident)

    def spelled(self, text: str) -> str:
        return arns.spelled(text)

    def called(self, name: str) -> str:
        """``arn:aws:comprehend:eu-west-1:1:document-classifier/mails`` is called ``mails``."""
        if not name.startswith("arn:"):
            return name
        resource = name.split(":", 5)[-1]
        return resource.partition("/")[2] or resource.rpartition(":")[2]


def is_gone(error: SourceError) -> bool:
    """Whether AWS says that a thing is no longer there."""
    # ``<operation> in <place>: <code>: <message>``: what a thing is called is not looked at.
    _, _, said = str(error).partition(": ")
    if not isinstance(error, Denied) and said.startswith(_GONE):
        return True
    code, _, message = said.partition(": ")
    return code == "ValidationException" and message.startswith(_GONE)
