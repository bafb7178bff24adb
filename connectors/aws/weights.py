"""Weights of models in buckets, by the names of their files. Nothing of a file is read.

A bucket may hold more names than anybody lists: how many pages of a thousand are looked at is the
user's to say, and what is left is a gap. Files of one folder are one model.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from connectors.aws.access import Access
from connectors.aws.reading import is_gone
from scanner.kit.expressions import expression
from scanner.kit.tabled.reading import missed
from scanner.kit.tables import Call
from scanner.model.base import NodeId
from scanner.model.errors import SourceError
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import Gap, Item

KIND = "aws.s3_model_weights"
OPERATIONS = {
    "s3:ListBuckets": "which buckets there are, to look for weights of models in them",
    "s3:ListObjectsV2": "names of files in buckets, to find weights of models",
}
_BUCKETS = Call(op="s3:ListBuckets", items="Buckets[]", params={"MaxBuckets": 1000})
_OBJECTS = Call(op="s3:ListObjectsV2", items="Contents[]")
_A_PAGE = 1000
_ENDINGS = (
    ".safetensors", ".gguf", ".ggml", ".onnx", ".pt", ".pth", ".ckpt", ".keras", ".tflite",
    ".mlmodel", ".nemo", ".mar", ".h5", ".hdf5", ".pdparams", ".llamafile", ".joblib", ".ubj",
    ".neff", ".engine", ".trt", "model.tar.gz", "pytorch_model.bin", "adapter_model.bin",
    "saved_model.pb", "model.pkl", "model.pickle", "weights.npz",
)  # fmt: skip
"""Of files that hold weights, as the frameworks write them
(https://huggingface.co/docs/safetensors, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md,
https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html)."""
_PARTS = expression(r"(?:^|/)(?:(?:pytorch|tf)_model-\d+-of-\d+\.bin|ggml-[\w.-]+\.bin)$", re.I)
"""Of weights in several files, and of whisper.cpp's."""
_MOST_FOLDERS = 500
"""Of one bucket."""


@dataclass
class _Folder:
    files: int = 0
    size: int = 0
    endings: set[str] = field(default_factory=set)
    newest: str = ""


def read(access: Access, account: str, pages: int, regions: tuple[str, ...] = ()) -> Iterator[Item]:
    """Models in the account's buckets. ``pages``: of each bucket, a thousand names each.
    ``regions``: only buckets there; empty: all. Raises the source errors when the buckets cannot be
    listed."""
    waiting, nameless = [], 0
    for bucket in access.pages(account, access.home, _BUCKETS, {}):
        if (
            regions
            and isinstance(bucket, Mapping)
            and bucket.get("BucketRegion", "") not in ("", *regions)
        ):
            continue
        if isinstance(bucket, Mapping) and bucket.get("Name"):
            waiting.append(access.pool.submit(_bucket, access, account, bucket, pages))
        else:
            nameless += 1
    for one in waiting:
        yield from one.result()
    if nameless:
        reason = f"{nameless} buckets without a name; the answer is malformed"
        yield Gap(what=f"{_BUCKETS.op} in {account}", reason=reason)


def _bucket(access: Access, account: str, bucket: Mapping[str, Any], pages: int) -> list[Item]:
    name = str(bucket["Name"])
    region = str(bucket.get("BucketRegion") or access.home)
    partition = access.partition()
    folders: dict[str, _Folder] = {}
    most = pages * _A_PAGE
    items: list[Item] = []
    seen = 0
    try:
        listed = access.pages(account, region, _OBJECTS, {"Bucket": name})
        for record in islice(listed, most + 1):
            seen += 1
            if seen <= most:
                _add(folders, record)
    except SourceError as error:
        items += missed(f"names in bucket {name}", error, is_gone)
    if seen > most:
        said = f"the first {most:,} names were looked at; raise `bucket_weights` in [sources.aws]"
        items.append(Gap(what=f"names in bucket {name}", reason=said))
    for path, folder in sorted(folders.items())[:_MOST_FOLDERS]:
        items += _model(f"arn:{partition}:s3:::{name}", path, folder, account, region)
    if len(folders) > _MOST_FOLDERS:
        said = f"{len(folders):,} folders hold weights, {_MOST_FOLDERS} of them are told"
        items.append(Gap(what=f"weights in bucket {name}", reason=said))
    return items


def _add(folders: dict[str, _Folder], record: Mapping[str, Any]) -> None:
    key = str(record.get("Key", ""))
    ending = next((ending for ending in _ENDINGS if key.lower().endswith(ending)), "")
    if not ending and _PARTS.search(key):
        ending = ".bin"
    if not ending:
        return
    folder = folders.setdefault(key.rpartition("/")[0], _Folder())
    folder.files += 1
    folder.size += int(record.get("Size") or 0)
    folder.endings.add(ending)
    when = record.get("LastModified")
    folder.newest = max(folder.newest, when.isoformat() if when else "")


def _model(bucket: str, path: str, folder: _Folder, account: str, region: str) -> Iterator[Item]:
    ident = NodeId(f"{bucket}/{path}/" if path else f"{bucket}/")
    evidence = Evidence(rule=_OBJECTS.op, source="aws", resource=ident)
    yield Asset(
        id=ident,
        kind=KIND,
        name=f"{bucket.rpartition(':')[2]}/{path}".rstrip("/"),
        asset_class=AssetClass.MODEL,
        account=NodeId(f"aws:account/{account}"),
        region=region,
        tags={
            "files": str(folder.files),
            "bytes": str(folder.size),
            "formats": ", ".join(sorted(folder.endings)),
            "newest": folder.newest,
        },
        evidence=(evidence,),
    )
    yield Edge(source=ident, target=NodeId(bucket), relation=Relation.STORED_IN,
               evidence=(evidence,))  # fmt: skip
    yield Edge(source=NodeId(f"aws:account/{account}"), target=ident, relation=Relation.CONTAINS,
               evidence=(evidence,))  # fmt: skip
