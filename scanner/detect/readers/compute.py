"""Accelerators asked for outside the clouds' own templates: batch schedulers and launchers.

Owns Slurm scripts (https://slurm.schedmd.com/gres.html), SkyPilot and dstack tasks
(https://docs.skypilot.co/en/latest/reference/yaml-spec.html) and Nomad jobs. Whose models run on
them is another reader's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.infra.accelerators import compute
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.kit.expressions import expression

_SLURM = expression(
    r"^#SBATCH[ \t]{1,8}(?:--gres=gpu(?::[\w-]{1,30})?(?::[1-9]\d{0,2})?"
    r"|--gpus(?:-per-\w{4,6})?=[\w:]{1,40}"
    r"|-G[ \t]{1,4}\w{1,20})",
    re.M,
)
_CARDS = (
    r"(?:[ABHLTV]\d{1,4}[GS]?|G[HB]200|RTX\w{0,12}|TPU|tpu-v\d[\w-]{0,20}|MI\d{3}X?|Gaudi\d?"
    r"|Inferentia2?|Trainium\d?)"
)
_TASK = expression(
    rf"^[ \t]{{1,20}}(?:accelerators|gpu):[ \t]{{1,8}}[\"'\[{{]{{0,2}}"
    rf"(?P<x>{_CARDS}(?:-[\w-]{{1,20}})?)"
    r"(?:[ \t]{0,4}:[ \t]{0,4}\d{1,3})?",
    re.M,
)
_TASK_KEYS = expression(r"^(?:resources|type|run|commands|setup):", re.M)
_NOMAD = expression(r"^[ \t]{1,40}device[ \t]{1,8}\"(?P<x>(?:nvidia|amd)/gpu[\w/ -]{0,40})\"", re.M)


def _read_slurm(source: SourceFile, _: Knowledge) -> Iterator[Found]:
    found = _SLURM.search(source.text)
    if found:
        yield compute(found[0].removeprefix("#SBATCH").strip(), found.start(), "accelerator")


def _read_task(source: SourceFile, _: Knowledge) -> Iterator[Found]:
    if len({m[0] for m in _TASK_KEYS.finditer(source.text)}) < 2:
        return
    for name, start in {m["x"]: m.start("x") for m in _TASK.finditer(source.text)}.items():
        yield compute(name, start, "accelerator")


def _read_nomad(source: SourceFile, _: Knowledge) -> Iterator[Found]:
    for match in _NOMAD.finditer(source.text):
        yield compute(match["x"], match.start("x"), "accelerator")


READERS = (
    Reader("slurm", by_suffix(".sh", ".slurm", ".sbatch", ".sub", ".job"), _read_slurm,
           (b"#sbatch",)),
    Reader("gpu-task", by_suffix(".yaml", ".yml"), _read_task, (b"accelerators:", b"gpu:")),
    Reader("nomad", by_suffix(".nomad", ".hcl"), _read_nomad, (b"nvidia/gpu", b"amd/gpu")),
)  # fmt: skip
