"""Scans the made-up company twice into a folder: in between the public address of a function goes,
and a bucket is called confidential that was not. ``python -m tests.demo.asked FOLDER``"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from scanner.app.config import load
from scanner.app.pipeline import Settings, scan
from scanner.demo import cloud, run
from scanner.model.base import encode
from tests.descriptions import read_fast


def main(folder: Path) -> None:
    urls: list[str] = []
    seed = cloud.seed

    def remembered(url: str) -> dict[str, str]:
        urls.append(url)
        return seed(url)

    cloud.seed = remembered
    with tempfile.TemporaryDirectory() as name, run.company(Path(name)) as file:
        settings = Settings(environ=run.environment())
        result = scan(load(file), settings=settings)
        first = [
            {"policy": f.policy, "title": f.title, "path": f.path, "risk": f.risk,
             "factors": f.risk_factors}
            for f in result.document.findings
        ]  # fmt: skip
        account = next(
            node.id.rpartition(":")[2].rpartition("/")[2]
            for node in result.situation.graph.nodes.values()
            if node.kind == "aws.account" and node.name == "research-sandbox"
        )
        client: Any = cloud._session(urls[0], account)
        client("lambda").delete_function_url_config(FunctionName="summarise-tickets")
        tags = [{"Key": "data-classification", "Value": "confidential"}]
        client("s3").put_bucket_tagging(
            Bucket=f"exports-{account}", Tagging={"TagSet": tags}
        )  # fmt: skip
        scan(load(file), settings=settings)
        (Path(name) / "first.json").write_bytes(encode(first))
        shutil.copytree(name, folder, dirs_exist_ok=True)


if __name__ == "__main__":
    with read_fast():
        main(Path(sys.argv[1]))
