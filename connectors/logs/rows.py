"""What is added up: who used what how, and where they were seen; how sure a way to a name is.

Owns the keys and the rows. Which line counts under which is :mod:`connectors.logs.tally`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.logs.pods import Pod, tags
from connectors.logs.pseudonyms import Pseudonyms
from scanner.model.evidence import Confidence

MOST_ROWS = 200_000
"""Of a shard; what is beyond is counted under nobody in particular, so memory has an end."""
MOST_MODELS = 40
_MOST_INTERFACES = 20
_MOST_DEVICES = 50
"""Of one person."""

Key = tuple[str, str, str, str, str, bool, str]
"""Kind of actor, actor, provider or address of a server, kind of use, client, blocked, format; the
last with what led a connection to its name, as ``vpc-flow/by address``."""
USER, DEVICE, ADDRESS = "logs.user", "logs.device", "logs.address"
"""Kinds of who acts."""
BY_ADDRESS, BY_SHARED, CONTESTED, BY_NOBODY, PORT, PORT_OFTEN, KNOWN_SERVER = (
    "by address", "by a shared address", "by a contested address", "by address alone",
    "by port", "by port, often", "by known port",
)  # fmt: skip
BY_ID, BY_NAME, BY_WORD = "by id", "by name", "by a name"
INSTALLED_BY = {Confidence.CERTAIN: BY_ID, Confidence.MEDIUM: BY_NAME, Confidence.LOW: BY_WORD}
BY_APPLICATION = "by its application"
BY_ANSWER, BY_PATH, BY_LIKE = "by its answer", "by its path", "by a path like one"
SERVERS = {Confidence.HIGH: BY_ANSWER, Confidence.MEDIUM: BY_PATH, Confidence.LOW: BY_LIKE}
DOUBTS = {
    BY_APPLICATION: (Confidence.HIGH, "what the log calls an application"),
    BY_ANSWER: (Confidence.HIGH, "asked as model servers are, and answered"),
    BY_PATH: (Confidence.MEDIUM, "asked as model servers are"),
    BY_LIKE: (Confidence.LOW, "asked as model servers are, and other programs, too"),
    BY_ADDRESS: (Confidence.MEDIUM, "connections to the address that the name was answered with "
                 "within the hour before"),
    BY_SHARED: (Confidence.MEDIUM, "connections to the address that the name was answered with "
                "within the hour before; other sites are at that address, too"),
    CONTESTED: (Confidence.LOW, "connections to an address that the same client was given for "
                "another name, too"),
    BY_NOBODY: (Confidence.LOW, "connections to an address that others were given for the name; "
                "this client is not known to have asked for it"),
    BY_ID: (Confidence.CERTAIN, "installed, by its id"),
    BY_NAME: (Confidence.MEDIUM, "installed, by its name"),
    BY_WORD: (Confidence.LOW, "something of that name is installed"),
    PORT: (Confidence.LOW, "connections that were answered at a port that model servers use"),
    KNOWN_SERVER: (Confidence.MEDIUM, "connections to the port at which the server was asked as "
                   "models are"),
    PORT_OFTEN: (Confidence.MEDIUM, "several connections that were answered at a port that model "
                 "servers use"),
}  # fmt: skip
"""What led a connection to its name: how sure that is, and why it is not certain."""


def keyed(
    key: Key, *, actor: tuple[str, str] = ("", ""), denied: bool = False, shape: str = ""
) -> Key:
    """The same for another actor, or by another log."""
    kind, who = actor if actor[0] else key[:2]
    return (kind, who, key[2], key[3], key[4], denied, shape or key[6])


@dataclass(slots=True)
class Row:
    count: int = 0
    first: str = ""
    last: str = ""
    up: int = 0
    down: int = 0
    large: int = 0
    # Of a hundred thousand rows nearly all have none of these: an empty set each takes 650 bytes.
    models: frozenset[str] = frozenset()
    handshakes: frozenset[str] = frozenset()
    """TLS fingerprints of clients that nothing else tells."""
    users: frozenset[str] = frozenset()
    """Of the device, where that is the actor."""
    devices: dict[str, Row] = field(default_factory=dict)
    """Of the person, where that is the actor: what was done from each."""

    def join(self, other: Row) -> None:
        self.count += other.count
        self.up += other.up
        self.down += other.down
        self.large += other.large
        if other.first:
            self.first = min(self.first, other.first) if self.first else other.first
            self.last = max(self.last, other.last)
        if other.handshakes:
            self.handshakes |= other.handshakes
        if other.users:
            self.users |= other.users
        for name, row in other.devices.items():
            self.device(name).join(row)

    def __reduce__(self) -> tuple[type[Row], tuple[Any, ...]]:
        """For another process: less than telling each field by its name, and nothing of sets that
        are empty, as most are."""
        sums = (self.count, self.first, self.last, self.up, self.down, self.large)
        sets = (self.models, self.handshakes, self.users, self.devices)
        return Row, (*sums, *sets) if any(sets) else sums

    def add(self, count: int, up: int, down: int, time: str, *, is_large: bool) -> None:
        """``time``: ISO 8601, or empty; ``is_large``: what was sent is worth saying."""
        self.count += count
        self.up += up
        self.down += down
        self.large += is_large
        if time:
            self.first = min(self.first, time) if self.first else time
            self.last = max(self.last, time)

    def device(self, name: str) -> Row:
        """What is added up for one device; of very many the last ones together, without a name."""
        found = self.devices.get(name)
        if found is None:
            name = name if len(self.devices) < _MOST_DEVICES else ""
            found = self.devices.setdefault(name, Row())
        return found


@dataclass
class Places:
    """Interfaces and networks at which addresses and devices were seen, and pods that they are,
    where a log tells: what joins them to what a cloud or a cluster lists."""

    interfaces: dict[str, set[str]] = field(default_factory=dict)
    networks: dict[str, set[str]] = field(default_factory=dict)
    pods: dict[str, set[Pod]] = field(default_factory=dict)

    def run_in(self, actor: str, pod: Pod) -> None:
        """``actor`` is, or is in, this pod."""
        if actor in self.pods or len(self.pods) < MOST_ROWS:
            seen = self.pods.setdefault(actor, set())
            if len(seen) < _MOST_INTERFACES:
                seen.add(pod)

    def see(self, actor: str, interface: str = "", network: str = "") -> None:
        for held, value in ((self.interfaces, interface), (self.networks, network)):
            if value and (actor in held or len(held) < MOST_ROWS):
                seen = held.setdefault(actor, set())
                if len(seen) < _MOST_INTERFACES:
                    seen.add(value)

    def join(self, other: Places) -> None:
        for mine, theirs in (
            (self.interfaces, other.interfaces), (self.networks, other.networks),
        ):  # fmt: skip
            for actor, values in theirs.items():
                if actor in mine or len(mine) < MOST_ROWS:
                    seen = mine.setdefault(actor, set())
                    seen |= set(sorted(values - seen)[: _MOST_INTERFACES - len(seen)])
        for actor, pods in other.pods.items():
            for pod in sorted(pods):
                self.run_in(actor, pod)

    def tags(self, actor: str) -> dict[str, str]:
        told = {"seen_interface": self.interfaces, "seen_network": self.networks}
        found = {
            name: ", ".join(sorted(held[actor])) for name, held in told.items() if actor in held
        }
        return found | (tags(self.pods[actor]) if actor in self.pods else {})


@dataclass(frozen=True)
class Sums:
    """What a tally holds, for another one to add."""

    rows: dict[Key, Row]
    places: Places
    lines: int
    beyond: int


@dataclass(frozen=True)
class Settings:
    """Of a tally: the place's name, what uploads are large, and pseudonyms."""

    name: str
    large: int
    names: Pseudonyms
