"""What a manifest's configuration writes, against where its pod may write."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from scanner.app.config import load, store_url


def pod_of(objects: list[dict[str, Any]]) -> dict[str, Any]:
    job = next(one for one in objects if one["kind"] == "CronJob")
    pod: dict[str, Any] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return pod


def key_of(objects: list[dict[str, Any]]) -> tuple[str, str] | None:
    """Secret and key of the variable without which no pod has the same fingerprints as the last."""
    (container,) = pod_of(objects)["containers"]
    for one in container["env"]:
        if one["name"] == "SHADOW_AI_FINGERPRINT_KEY":
            named = one["valueFrom"]["secretKeyRef"]
            assert not named.get("optional")
            return named["name"], named["key"]
    return None


def written(folder: Path, text: str, at: PurePosixPath) -> list[PurePosixPath]:
    """Every path that a run with this configuration writes, when it stands ``at``."""
    path = folder / "shadow-ai.toml"
    path.write_text(text)
    loaded = load(path)
    found = [at.parent / one for one in (loaded.config.run.output, loaded.config.run.metrics_file)
             if one]  # fmt: skip
    url = store_url(loaded, {"SHADOW_AI_STORE": "postgresql+psycopg://db.example/state"})
    if url.startswith("sqlite:///"):
        place = PurePosixPath(url.removeprefix("sqlite:///"))
        inside = place.is_relative_to(folder.resolve())
        found.append(at.parent / place.relative_to(folder.resolve()) if inside else place)
    return found


def writes_where_it_may(
    folder: Path, objects: list[dict[str, Any]], *, keeps: bool = False
) -> None:
    """``keeps``: the state's volume outlives the pod."""
    pod = pod_of(objects)
    (container,) = pod["containers"]
    text = next(one for one in objects if one["kind"] == "ConfigMap")["data"]["shadow-ai.toml"]
    at = PurePosixPath(container["args"][container["args"].index("--config") + 1])
    mounts = [one for one in container["volumeMounts"] if not one.get("readOnly")]
    paths = written(folder, text, at)
    assert paths
    for path in paths:
        under = [one for one in mounts if path.is_relative_to(one["mountPath"])]
        assert under, f"{path}: no mount that can be written"
        volume = next(one for one in pod["volumes"] if one["name"] == under[0]["name"])
        assert not keeps or "persistentVolumeClaim" in volume
