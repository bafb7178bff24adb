"""Connections of which only addresses were logged -> whose AI they lead to.

A connection that named its host itself is certain; one to an address that its client was given for
a name shortly before is likely; one to an address that only others were given is a guess, and says
so.
Also model servers that show by their port alone. Owns no file and no format.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

from connectors.logs.answers import OTHER, Answers, Found, extend
from connectors.logs.flow_lines import Flow, FlowLayout
from connectors.logs.formats import in_order, repeating
from connectors.logs.kinds import API
from connectors.logs.lines import Layout
from connectors.logs.networks import (
    EPHEMERAL,
    is_inside,
    model_ports,
    shared_by,
    spellings,
)
from connectors.logs.pods import Pod
from connectors.logs.records import Record
from connectors.logs.rows import (
    ADDRESS,
    BY_ADDRESS,
    BY_LIKE,
    BY_NOBODY,
    BY_SHARED,
    CONTESTED,
    DEVICE,
    KNOWN_SERVER,
    PORT,
    PORT_OFTEN,
    Key,
    keyed,
)
from connectors.logs.tally import Tally
from connectors.logs.times import seconds

_MOST_PENDING = 50_000
_FOLLOWING = 12
"""Lines behind a name that is another's name, among which its addresses are."""
_OFTEN = 3
_REPORT = 900
"""Seconds within which two interfaces report one connection."""
_MOST_SERVERS = 2000


class _Side(NamedTuple):
    """A flow seen as what ``client`` asked of ``server``; ``asks``: the entry itself says so, it is
    not the answer alone."""

    client: str
    server: str
    port: int
    own: int
    up: int
    down: int
    asks: bool
    machine: str
    pod: Pod | None = None


def _outward(flow: Flow) -> _Side:
    machine = flow.instance or (flow.machine if not is_inside(flow.dst) else "")
    return _Side(
        flow.src, flow.dst, flow.dport, flow.sport, flow.sent, flow.received, True, machine,
        flow.pod,
    )  # fmt: skip


def _inward(flow: Flow) -> _Side:
    machine = flow.far_instance or (flow.machine if not is_inside(flow.src) else "")
    asks = not flow.one_way
    return _Side(
        flow.dst, flow.src, flow.sport, flow.dport, flow.received, flow.sent, asks, machine,
        flow.far_pod,
    )  # fmt: skip


@dataclass(slots=True)
class _Talk:
    """One client's connections to one port of one server."""

    count: int = 0
    up: int = 0
    down: int = 0
    first: int = 0
    last: int = 0
    ports: set[int] = field(default_factory=set)
    large: int = 0

    def add(self, flow: Flow, side: _Side, large: int) -> None:
        """``large``: bytes sent by one connection that are worth saying."""
        self.up += side.up
        self.down += side.down
        self.first = min(self.first, flow.start) if self.first else flow.start
        self.last = max(self.last, flow.end)
        if side.asks:
            self.count += flow.count
            self.large += side.up >= large
        if len(self.ports) < _OFTEN:
            self.ports.add(side.own)

    def tell(self, tally: Tally, key: Key, count: int) -> None:
        first, last = _iso(self.first), _iso(self.last)
        tally.connect(key, count, self.up, self.down, first, last, large=self.large)


@dataclass
class Joins:
    """What one reading knows. ``servers``: model servers that were seen by what they were asked."""

    answers: Answers = field(default_factory=Answers)
    servers: set[str] = field(default_factory=set)
    _talks: dict[tuple[str, str, str, str, int], _Talk] = field(default_factory=dict)
    """Format, client, its machine, server, port."""
    _gateways: dict[tuple[Key, str], _Talk] = field(default_factory=dict)
    _legs: dict[tuple[Key, str], _Talk] = field(default_factory=dict)
    """Of clients that are not known to have asked, and may be gateways."""
    _forwarding: set[str] = field(default_factory=set)
    """Addresses of gateways through which AI was reached."""
    _direct: set[str] = field(default_factory=set)
    """Clients whose own interface tells."""
    _reporters: dict[tuple[str, str, int, str, int], tuple[str, int]] = field(default_factory=dict)

    # --- the first reading: names and their addresses ------------------------------------------

    def learn(self, record: Record, key: Key, tally: Tally) -> None:
        """``record`` of a log that tells at which address a name is."""
        whose = tally.private(key)
        host = record.host.lower().rstrip(".")
        client = record.src
        if record.format == "pihole":
            self.answers.ask(host, client, whose, key)
            return
        asked = self.answers.asker(host)
        if key[5]:
            if asked is not None and record.format in in_order():
                tally.refuse(asked[2], key, record)
            self._name(record, whose)
            return
        if not client and asked is not None:
            whose, client, _ = asked
        # What only its application tells, tells its bytes, too.
        if not client or (record.is_whole and not record.host):
            return
        at = seconds(record.time)
        if not 0 < at < 1 << 32:
            return
        found = record.answers
        if record.dst and not record.answers and not record.is_name:
            found = (record.dst,)
        if not found:
            return
        if record.scope:
            tally.places.see(key[1], network=record.scope)
        number = self.answers.number(whose)
        client = tally.names.of(client.lower())
        for address in found:
            self.answers.add(address, client, at, number, record.scope)
        self._name(record, whose)

    def _name(self, record: Record, whose: Key) -> None:
        if record.uid and not record.is_name:
            number = self.answers.number(whose)
            is_sure = record.format in repeating()
            self.answers.name(record.uid, number, record.up, record.down, is_sure=is_sure)

    def follow(self, block: bytes, at: int, layout: Layout, record: Record, key: Key,
               tally: Tally) -> None:  # fmt: skip
        """The addresses of an alias are on the lines behind it, under other names."""
        for _ in range(_FOLLOWING):
            stop = block.find(b"\n", at + 1)
            line = block[at + 1 : stop if stop >= 0 else len(block)]
            if b"dnsmasq" not in line[:200] or len(line) > 1000:
                return
            for told in layout.records(line):
                if told.format != "pihole-answer":
                    return
                if told.answers:
                    told.host, told.src = record.host, told.src or record.src
                    self.learn(told, key, tally)
            if stop < 0:
                return
            at = stop

    def learn_other(self, record: Record, tally: Tally) -> None:
        """A name that is no AI's, at an address that AI's is at, too."""
        if not record.is_joined:
            return
        client, at = tally.names.of(record.src.lower()), seconds(record.time)
        found = record.answers
        if not record.is_name and record.dst:
            found = (record.dst,)
            if record.uid and record.host and record.host != record.dst:
                self.answers.name(record.uid, OTHER)
        if (
            not 0 < at < 1 << 32
            or not client
            or not record.host
            or (not record.is_name and record.host == record.dst)
        ):
            return
        for address in found:
            self.answers.add(address, client, at, OTHER, record.scope)

    # --- the second reading: connections ---------------------------------------------------------

    def literals(self, layout: FlowLayout) -> list[bytes]:
        """What a line must hold to be worth parsing."""
        found = [text.encode() for address in self.answers.addresses for text in spellings(address)]
        found += [server.rpartition(":")[0].encode() for server in self.servers]
        ports = [str(one.port).encode() for one in model_ports().values() if one.is_own]
        around = _AROUND.get(layout.format.shape if not layout.separator else layout.separator, ())
        found += [before + port + behind for port in ports for before, behind in around]
        return sorted({text for text in found if len(text) >= 4})

    def read(self, raw: bytes, layout: FlowLayout, tally: Tally) -> bool:
        """Whether the entry is a flow."""
        flows = layout.flows(raw)
        for flow in flows:
            if not (flow.app and tally.watch.application(flow.app)[0]):
                self._flow(flow, tally)
        return bool(flows)

    def _flow(self, flow: Flow, tally: Tally) -> None:
        if flow.is_told_twice or self._is_told_before(flow):
            return
        sides = (_outward(flow), _inward(flow))
        for side in sides:
            if self.answers.knows(side.server) and not side.port >= EPHEMERAL > side.own > 0:
                self._to(flow, side, tally)
                return
        self._behind_gateway(flow, tally)
        for side in sides:
            if self._ported(flow, side, tally):
                return

    def _to(self, flow: Flow, side: _Side, tally: Tally) -> None:
        found = self._whose(flow, side, tally)
        if found is None:
            return
        key, counts = found
        if not counts:  # bodies of which other lines told are inside the connection's bytes
            up, down = self.answers.beyond(flow.uid, side.up, side.down)
            side = side._replace(up=up, down=down)
        self._direct.add(side.client)
        # Outside the network only the client has an interface that logs.
        tally.places.see(key[1], "" if is_inside(side.server) else flow.eni, flow.scope)
        if side.pod and key[1] in (side.machine, side.machine.lower(), side.client):
            tally.places.run_in(key[1], side.pod)
        if _may_be_gateways(flow, key):
            place = (key, side.client)
            if place in self._legs or len(self._legs) < _MOST_PENDING:
                self._legs.setdefault(place, _Talk()).add(flow, side, tally.large)
                return
        tally.connect(
            key,
            flow.count if counts and side.asks else 0,
            side.up,
            side.down,
            _iso(flow.start),
            _iso(flow.end),
            large=int(flow.count > 0 and side.asks and side.up >= tally.large),
        )

    def _whose(self, flow: Flow, side: _Side, tally: Tally) -> tuple[Key, bool] | None:
        """Under what it counts, and whether as a request of its own: of more connections than are
        remembered, a line has counted those whose id is not known."""
        named = self.answers.of_connection(flow.uid)
        is_counted = bool(flow.uid) and self.answers.forgotten > 0
        if isinstance(named, tuple):
            return keyed(named, denied=flow.denied or named[5]), False
        if named == OTHER:
            return None
        server = side.server
        told = self.answers.at(server, tally.names.of(side.client), flow.start, flow.scope)
        is_shared = self.answers.is_shared(server) or bool(shared_by(server))
        if isinstance(told, Found):
            if not _is_port_of(told.key[2], side.port):
                return None
            extend(told.asked, flow.end)
            way = CONTESTED if told.is_contested else BY_SHARED if is_shared else BY_ADDRESS
            return keyed(told.key, denied=flow.denied, shape=f"{flow.format}/{way}"), not is_counted
        if told == OTHER or is_shared:
            return None  # whoever speaks with it may mean any of the sites that are there
        anybody = self.answers.anybody(server, flow.start)
        if anybody is None or not _is_port_of(anybody[2], side.port):
            return None
        actor = (DEVICE, side.machine.lower()) if side.machine else (ADDRESS, side.client)
        shape = f"{flow.format}/{BY_NOBODY}"
        return keyed(anybody, actor=actor, denied=flow.denied, shape=shape), True

    def _is_told_before(self, flow: Flow) -> bool:
        """What a connection comes by on its way (a firewall, the other end's interface) logs the
        same bytes: whose report was first is believed."""
        if not flow.eni or not flow.sport:
            return False
        way = (flow.scope, flow.src, flow.sport, flow.dst, flow.dport)
        known = self._reporters.get(way)
        if known and known[0] != flow.eni and abs(flow.start - known[1]) < _REPORT:
            return True
        if not known and len(self._reporters) >= _MOST_PENDING:
            for old in list(self._reporters)[: _MOST_PENDING // 10]:
                del self._reporters[old]
        self._reporters[way] = (flow.eni, flow.end)
        return False

    def _behind_gateway(self, flow: Flow, tally: Tally) -> None:
        """A gateway's interface: the packets' own ends are others. Counted at the end, where the
        client's own interface has told nothing."""
        src, dst = flow.inner_src or flow.src, flow.inner_dst or flow.dst
        if (src, dst) == (flow.src, flow.dst):
            return
        inner = replace(flow, src=src, dst=dst, machine="")
        for side in (_outward(inner), _inward(inner)):
            if not self.answers.knows(side.server):
                continue
            if len(self._forwarding) < _MOST_PENDING:
                self._forwarding.add(flow.dst if side.server == dst else flow.src)
            found = self._whose(flow, side, tally)
            place = (found[0], side.client) if found else None
            if place and (place in self._gateways or len(self._gateways) < _MOST_PENDING):
                self._gateways.setdefault(place, _Talk()).add(flow, side, tally.large)
            return

    def _ported(self, flow: Flow, side: _Side, tally: Tally) -> bool:
        """Whether it is a connection inside the network to a port of model servers."""
        if side.own < EPHEMERAL or flow.denied:
            return False
        known = model_ports().get(side.port)
        is_own = known is not None and known.is_own
        if not is_own and f"{side.server}:{side.port}" not in self.servers:
            return False
        if not (is_inside(side.client) and is_inside(side.server)):
            return False
        place = (flow.format, side.client, side.machine, side.server, side.port)
        if place in self._talks or len(self._talks) < _MOST_PENDING:
            self._talks.setdefault(place, _Talk()).add(flow, side, tally.large)
        return True

    def settle(self, tally: Tally) -> None:
        """What could be judged only when all was read."""
        for pending, told in ((self._gateways, self._direct), (self._legs, self._forwarding)):
            for (key, client), talk in pending.items():
                if client not in told:
                    talk.tell(tally, key, talk.count)
            pending.clear()
        for (shape, client, machine, server, port), talk in self._talks.items():
            if not talk.down or not talk.up:
                continue  # nobody answered, or it was the other's own port
            name = f"{server}:{port}"
            way = PORT_OFTEN if len(talk.ports) >= _OFTEN else PORT
            way = KNOWN_SERVER if name in self.servers else way
            kind, actor = (DEVICE, machine.lower()) if machine else (ADDRESS, client)
            key = (kind, actor, f"={name}", API, "", False, f"{shape}/{way}")
            talk.tell(tally, key, talk.count or 1)
        self._talks.clear()

    def remember_servers(self, tally: Tally) -> None:
        """Servers that answered like a model's, by address and port."""
        for key in tally.rows:
            is_guess = key[6].endswith(f"/{BY_LIKE}")
            if key[2][:1] == "=" and not is_guess and len(self.servers) < _MOST_SERVERS:
                host, _, port = key[2][1:].rpartition(":")
                if port.isdigit() and is_inside(host):
                    self.servers.add(f"{host}:{port}")


_AROUND: dict[str, tuple[tuple[bytes, bytes], ...]] = {
    "words": ((b" ", b" "),),
    "\t": ((b"\t", b"\t"),),
    ",": ((b",", b","), (b'"', b'"')),
    ";": ((b";", b";"),),
    "|": ((b"|", b"|"),),
    "pairs": ((b"=", b" "),),
    "tuples": ((b",", b","),),
    "json": tuple(
        (name + b'"' + gap, b"")
        for name in (b"_p", b"port", b"port_dst", b"port_src", b"_PORT", b"Port")
        for gap in (b":", b": ", b':"', b': "')
    ),
}
"""What stands before and behind a port: shape or separator -> pairs."""


def _may_be_gateways(flow: Flow, key: Key) -> bool:
    """Whether it may be what a gateway does for others, which other lines of its interface tell."""
    ends = (flow.inner_src, flow.inner_dst)
    return key[6].endswith(f"/{BY_NOBODY}") and ends == (flow.src, flow.dst)


def _is_port_of(target: str, port: int) -> bool:
    """Of a server that is known by its port, other ports are other things."""
    told = target.rpartition(":")[2] if target[:1] == "=" else ""
    return not told.isdigit() or int(told) == port


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""
