"""Files that kubectl has written tell what the API tells."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import yaml

from connectors.kubernetes.operations import BY_KIND
from scanner.detect.engine import Detector
from scanner.model.base import encode
from scanner.model.errors import Unavailable
from scanner.model.facts import Asset, Edge
from scanner.model.items import Content, Gap, Item
from tests.connectors.kubernetes.world import (
    context,
    kube_system,
    objects,
    plant,
    read,
    texts,
    thing,
)
from tests.saas_rig import serving

APIS = {kind: one.api for (_, kind), one in BY_KIND.items()} | {
    "InferenceService": "serving.kserve.io/v1beta1"
}


def _all(*more: dict[str, Any]) -> list[dict[str, Any]]:
    found = json.loads(json.dumps(kube_system(objects())))  # no part is shared: no anchors
    return [{"apiVersion": APIS[kind], **one} for kind, some in found.items() for one in some] + [
        *more
    ]


def _list(found: list[Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": found}


def _yaml(found: list[Any]) -> bytes:
    return yaml.safe_dump(_list(found)).encode()


WAYS: dict[str, Callable[[list[Any]], bytes]] = {
    "json": lambda found: json.dumps(_list(found), indent=4).encode(),
    "one line": lambda found: json.dumps(_list(found)).encode(),
    "lines": lambda found: "\n".join(map(json.dumps, found)).encode(),
    "packed": lambda found: gzip.compress(json.dumps(_list(found), indent=1).encode()),
    "yaml": _yaml,
    "packed yaml": lambda found: gzip.compress(_yaml(found)),
    "documents": lambda found: yaml.safe_dump_all(found).encode(),
    "lists": lambda found: yaml.safe_dump_all([_list(found[:9]), _list(found[9:])]).encode(),
}


def _plain(items: list[Item]) -> set[str]:
    """Without what each says of where it was seen."""
    told = set()
    for one in items:
        if isinstance(one, Asset | Edge):
            told.add(str(msgspec.structs.replace(one, evidence=())).replace("http://127.0.0.1", ""))
        elif isinstance(one, Content):
            told.add(f"{one.place.subject} {one.place.path} {one.data!r}")
    return told


@pytest.mark.parametrize("way", WAYS)
def test_the_same_as_live(detector: Detector, tmp_path: Path, way: str) -> None:
    (tmp_path / "dump").write_bytes(WAYS[way](_all()))
    with serving(plant()) as vendor:
        live = read(context(detector, vendor.url))
        host = vendor.url.removeprefix("http://127.0.0.1")

    items = read(context(detector, files=("dump",), name="prod", folder=tmp_path))

    assert not [one for one in items if isinstance(one, Gap)]
    asked = {one.replace(f"'{host}',", "").replace(f"'{host}'", "") for one in _plain(live)}
    told = _plain(items)
    assert told - asked == {one for one in told if "kubernetes.cluster" in one} - asked
    assert len(told) == len(asked)


def test_a_single_object_and_several_files(detector: Detector, tmp_path: Path) -> None:
    found = _all()
    (tmp_path / "pods.json").write_text(
        json.dumps(_list([o for o in found if o["kind"] in ("Pod", "ReplicaSet")]), indent=1)
    )
    (one,) = (o for o in found if o["kind"] == "Deployment" and o["metadata"]["name"] == "answers")
    (tmp_path / "answers.yaml").write_text(yaml.safe_dump(one))

    items = read(context(detector, files=("answers.yaml", "pods.json"), folder=tmp_path))

    (answers,) = (i for i in items if isinstance(i, Asset) and i.id.endswith("deployment/answers"))
    assert answers.id == "kubernetes:cluster/shop/deployment/answers"
    assert answers.tags["pod"] == "answers-7d9f-abcde, answers-7d9f-fghij"


def test_a_secret_in_an_export_is_passed_by(
    detector: Detector, tmp_path: Path, made_up_key: Callable[[str], str]
) -> None:
    secret = {"apiVersion": "v1", **thing("Secret", "claude", stringData={"key": made_up_key("s")})}
    (tmp_path / "dump.yaml").write_bytes(_yaml(_all(secret)))

    items = read(context(detector, files=("dump.yaml",), folder=tmp_path))

    assert not [one for one in items if isinstance(one, Gap)]
    assert made_up_key("s") not in texts(items)
    assert not [i for i in items if isinstance(i, Content) and made_up_key("s").encode() in i.data]


@pytest.mark.parametrize(("data", "said"), [
    (b"a: &x [1, 2]\nb: [*x, *x]\n", "line 2"),
    (b"a: " + b"[" * 400 + b"]" * 400, "line 1"),
    (b"a: [1\n", "no YAML of kubectl"),
])  # fmt: skip
def test_yaml_that_kubectl_never_writes(
    detector: Detector, tmp_path: Path, data: bytes, said: str
) -> None:
    (tmp_path / "dump.yaml").write_bytes(data)
    with pytest.raises(Unavailable, match=said):
        read(context(detector, files=("dump.yaml",), folder=tmp_path))


def test_what_is_no_object_is_one_gap_and_a_damaged_file_gives_what_was_before(
    detector: Detector, tmp_path: Path
) -> None:
    lines = [*map(json.dumps, _all()), '{"user": "ada"}', "[1]"]
    (tmp_path / "odd.jsonl").write_text("\n".join(lines))
    packed = gzip.compress("\n".join(lines * 50).encode())
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])

    items = read(context(detector, files=("odd.jsonl", "cut.gz", "away"), folder=tmp_path))

    gaps = {one.what: one.reason for one in items if isinstance(one, Gap)}
    assert any(what.startswith("odd.jsonl:") for what in gaps)
    assert "damaged or cut short" in gaps["cut.gz"]
    assert "no such file" in gaps["away"]
    assert [i for i in items if isinstance(i, Asset) and i.kind == "kubernetes.workload"]


ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    1e400,
    "",
    "x" * 50,
    "\x00",
    "http://[",
    [],
    [None],
    {},
    {"": {}},
)


def _changed(value: Any, chance: Random) -> Any:
    """One of the values within is another's."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(sorted(value))
        return {**value, key: _changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        return [*value[:at], _changed(value[at], chance), *value[at + 1 :]]
    return chance.choice(ODD)


@pytest.mark.parametrize("seed", range(40))
def test_values_that_are_anothers_end_nothing(
    detector: Detector, tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    lines = [json.dumps(_changed(one, chance)) for one in _all() for _ in range(3)]
    (tmp_path / "odd.jsonl").write_text("\n".join([json.dumps(_all()[0]), *lines]))

    items = read(context(detector, files=("odd.jsonl",), folder=tmp_path))

    assert [i for i in items if isinstance(i, Asset) and i.kind == "kubernetes.cluster"]
    for one in items:
        assert isinstance(one, Content) or encode(one)
