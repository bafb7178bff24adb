"""What is about to be deployed, judged against the registry before it is: a Terraform plan, an
object that a Kubernetes API server asks about.

Owns what of it is AI, what of an object is judged, and what the decision says; what a plan wants is
:mod:`scanner.app.plans`'. Asks nobody. By the same
detection and the same matching as a scan: what only resembles an entry is not registered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scanner.detect.engine import Detector
from scanner.detect.infra import accelerators
from scanner.graph.build import AssetGraph
from scanner.model.base import Model, NodeId, ShardId
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, AssetClass
from scanner.model.items import Hit, HitKind
from scanner.model.registry import Disposition, RegistryEntry, Standing
from scanner.reconcile.decisions import Decision as Made
from scanner.reconcile.landing import objections
from scanner.reconcile.norms import Norms
from scanner.reconcile.proposing import Found, kind_of, propose
from scanner.reconcile.reconcile import Reconciliation, reconcile

_SETS = ("credentials", "usage")
_NOT_AI = (HitKind.CREDENTIAL, HitKind.GRANT, HitKind.NAME)
_FIRST = (HitKind.RESOURCE, HitKind.AGENT, HitKind.MCP_SERVER, HitKind.IMAGE)


class Judged(Model, frozen=True, kw_only=True):
    """One AI resource of a plan, or one object."""

    address: str
    name: str
    provider: str
    models: tuple[str, ...] = ()
    status: str
    entry: str = ""
    reasons: tuple[str, ...] = ()
    allowed: bool


class Decision(Model, frozen=True, kw_only=True):
    """As policy engines take it: ``allow``, and why not."""

    allow: bool
    deny: tuple[str, ...] = ()
    warn: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """What could not be judged."""
    resources: tuple[Judged, ...] = ()
    entries: tuple[dict[str, Any], ...] = ()
    """What to add to the registry, for what nobody registered."""


@dataclass(frozen=True)
class Wanted:
    """One thing that is to be deployed."""

    ident: str
    address: str
    name: str
    kind: str
    texts: tuple[tuple[str, bytes], ...]
    """(path, text): a file's name chooses the readers."""
    region: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    account: str = ""


@dataclass(frozen=True)
class Judge:
    detector: Detector
    entries: Sequence[RegistryEntry]
    norms: Norms
    allows_assets: bool = False
    decisions: Sequence[Made] = ()
    """What people have decided about links."""

    def judge(
        self, wanted: Iterable[Wanted], unread: Sequence[str] = (), told: Sequence[str] = ()
    ) -> Decision:
        """``unread``: what could not be judged, so that the rest alone allows nothing. ``told``:
        what can be judged later."""
        deny: list[str] = []
        warn = [*told]
        layers: list[dict[NodeId, tuple[Wanted, Asset]]] = []
        for one in wanted:
            hits = [hit for path, text in one.texts
                    for hit in self.detector.examine(text, path, _SETS)]  # fmt: skip
            deny += dict.fromkeys(
                f"{one.address}: holds a key ({hit.rule} {hit.hint})"
                for hit in hits if hit.kind is HitKind.CREDENTIAL
            )  # fmt: skip
            _lay({asset.id: (one, asset) for asset in _assets(one, hits)}, layers)
        by_id = {entry.id: entry for entry in self.entries}
        judged: list[Judged] = []
        missing: list[tuple[Wanted, Asset]] = []
        for layer in layers:
            found = self._reconciled(layer)
            warn += found.lapsed_decisions
            for ident in layer:
                standing = found.standings[ident]
                one, asset = layer[ident]
                against = objections(standing, by_id, self.norms)
                judged.append(_judged(one, asset, standing, [why.says for why in against]))
                if standing.status is Disposition.UNREGISTERED:
                    missing.append((one, asset))
        for row in judged:
            said = f"{row.address} ({row.provider or 'accelerators'}): {'; '.join(row.reasons)}"
            if not row.allowed:
                (warn if self.allows_assets else deny).append(said)
        return Decision(
            allow=not deny and not unread, deny=tuple(deny), warn=tuple(warn),
            unread=tuple(unread), resources=tuple(judged),
            entries=tuple(_drafts(missing, self.entries)),
        )  # fmt: skip

    def _reconciled(self, layer: Mapping[NodeId, tuple[Wanted, Asset]]) -> Reconciliation:
        shard = ShardId("guard")
        graph = AssetGraph([(shard, asset, True) for _, asset in layer.values()])
        return reconcile(graph, self.entries, dict(self.norms.provider_aliases), [],
                         norms=self.norms, decisions=self.decisions, before=True)  # fmt: skip


def _lay(
    assets: Mapping[NodeId, tuple[Wanted, Asset]],
    layers: list[dict[NodeId, tuple[Wanted, Asset]]],
) -> None:
    """What goes by one id in a plan may be several things (two clusters have a `default/chat` each,
    one resource is replaced by another), and each is judged: none takes another's place, and none
    is covered by what another is tagged with."""
    if not assets:
        return
    free = next((layer for layer in layers if layer.keys().isdisjoint(assets)), None)
    if free is None:
        layers.append(free := {})
    free.update(assets)


def _assets(one: Wanted, hits: Sequence[Hit]) -> Iterator[Asset]:
    """One for each provider; accelerators of nobody are one, as a scan has such machines."""
    used = [hit for hit in hits if hit.kind not in _NOT_AI and hit.provider
            and hit.confidence.rank >= Confidence.MEDIUM.rank]  # fmt: skip
    used.sort(key=lambda hit: hit.kind not in _FIRST)
    providers = list(dict.fromkeys(hit.provider for hit in used))
    if not providers:
        used = [hit for hit in hits if hit.rule == accelerators.RULE]
        providers = [""] if used else []
    for number, provider in enumerate(providers):
        own = [hit for hit in used if hit.provider == provider]
        classes = [hit.asset_class for hit in own if hit.asset_class]
        models = {hit.label for hit in own if hit.kind is HitKind.MODEL}
        yield Asset(
            id=NodeId(one.ident if number == 0 else f"{one.ident}#ai/{provider}"),
            kind=one.kind,
            name=one.name,
            asset_class=AssetClass(classes[0]) if classes else AssetClass.WORKLOAD,
            provider=provider,
            region=one.region,
            environment=_environment(one.tags),
            models=tuple(sorted(models)),
            tags=dict(one.tags),
            aliases=one.aliases,
        )


def _environment(tags: Mapping[str, str]) -> str:
    folded = {key.casefold(): value for key, value in tags.items()}
    return next((folded[key] for key in ("environment", "env") if folded.get(key)), "")


def _judged(one: Wanted, asset: Asset, standing: Standing, against: Sequence[str]) -> Judged:
    reasons = list(against)
    if standing.undeclared:
        reasons.append(f"the registry has no entry {standing.undeclared}")
    return Judged(
        address=one.address, name=asset.name, provider=asset.provider, models=asset.models,
        status=str(standing.status), entry=standing.entry, reasons=tuple(reasons),
        allowed=not against,
    )  # fmt: skip


def _drafts(
    missing: Sequence[tuple[Wanted, Asset]], known: Sequence[RegistryEntry]
) -> Iterator[dict[str, Any]]:
    """One entry a thing, bound by the tag that it is to carry: what is planned has no id yet."""
    systems: dict[str, Found] = {}
    for one, asset in missing:
        found = systems.setdefault(one.address, Found(
            binding="", binding_type="tag", name=asset.name, kind=kind_of(asset.asset_class),
            environment=asset.environment,
        ))  # fmt: skip
        found.providers |= {asset.provider}
        found.models |= set(asset.models)
        found.regions |= {asset.region} - {""}
    for draft in propose(systems.values(), known):
        draft["bindings"] = [{"type": "tag", "value": f"ai-registry-id={draft['id']}"}]
        yield draft


def admitted(review: Mapping[str, Any]) -> Iterator[Wanted]:
    """The object of an ``AdmissionReview``
    (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/), or
    a plain object. What is deleted deploys nothing. Raises ``ValueError`` for what is neither."""
    import yaml

    request = review.get("request") if review.get("kind") == "AdmissionReview" else None
    if review.get("kind") == "AdmissionReview" and not isinstance(request, dict):
        raise ValueError("an AdmissionReview without a request")
    if isinstance(request, dict) and request.get("operation") == "DELETE":
        return
    thing = request.get("object") if isinstance(request, dict) else review
    if not isinstance(thing, dict) or not thing.get("kind"):
        raise ValueError("neither an AdmissionReview nor a Kubernetes object")
    head = _mapping(thing.get("metadata"), "metadata")
    # An object that is still to be named carries the beginning of its name.
    name = str(head.get("name") or head.get("generateName") or "")
    space = str(head.get("namespace") or (request or {}).get("namespace") or "")
    tags = {**_mapping(head.get("labels"), "metadata.labels"),
            **_mapping(head.get("annotations"), "metadata.annotations")}  # fmt: skip
    address = "/".join(part for part in (space, str(thing["kind"]), name) if part)
    plain = {key: value for key, value in thing.items() if key != "status"}
    try:
        text = yaml.safe_dump(plain).encode("utf-8", "replace")
    except RecursionError:
        raise ValueError("an object that is nested too deeply") from None
    yield Wanted(
        ident=f"k8s:{address}", address=address, name=name, kind=f"k8s.{thing['kind']}",
        texts=(("object.yaml", text),),
        tags={str(key): str(value) for key, value in tags.items()},
    )  # fmt: skip


def _mapping(value: object, where: str) -> dict[Any, Any]:
    """What may be left out, and is no other thing."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"`{where}` is no object")  # noqa: TRY004 - what others wrote, no caller's mistake
    return value


def refusal(review: Mapping[str, Any], why: str) -> dict[str, Any]:
    """The answer to a review that cannot be judged: a server that asks gets one, too."""
    answer = admission_answer(review, Decision(allow=False))
    answer["response"]["status"] = {"code": 400, "message": why[:2000]}
    return answer


def admission_answer(review: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
    """The ``AdmissionReview`` that an API server takes as the answer."""
    asked = review.get("request")
    request = asked if isinstance(asked, dict) else {}
    response: dict[str, Any] = {"uid": str(request.get("uid", "")), "allowed": decision.allow}
    if decision.deny:
        response["status"] = {"code": 403, "message": "; ".join(decision.deny)[:2000]}
    if decision.warn:
        response["warnings"] = [text[:250] for text in decision.warn[:20]]
    return {"apiVersion": str(review.get("apiVersion") or "admission.k8s.io/v1"),
            "kind": "AdmissionReview", "response": response}  # fmt: skip
