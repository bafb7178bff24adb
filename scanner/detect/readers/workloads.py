"""What a cloud says of a workload: images, commands, accelerators and packages, as JSON.

Owns ``workload.json``, the settings of one resource under the vendor's own keys (see
``scanner.kit.tabled.contents``), and start-up arguments that name Python packages
(https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html). Images and
names of variables are found in any text by the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.infra import shell
from scanner.detect.infra.accelerators import compute
from scanner.detect.knowledge import Knowledge
from scanner.detect.readers.containers import served_models, served_ports
from scanner.detect.source import Found, Reader, SourceFile
from scanner.kit.accelerators import CARD, INSTANCE, RESOURCE_NAME
from scanner.kit.expressions import expression
from scanner.model.items import HitKind

NAME = "workload.json"
_IMAGE = expression(r"\"image\"\s{0,4}:\s{0,4}\"(?P<image>[^\"\s]{2,250})\"", re.I)
_PORT = expression(r"\"(?:container|host)Port\"\s{0,4}:\s{0,4}(?P<port>\d{2,5})\b", re.I)
_MACHINE = expression(
    rf"\"(?:instanceTypes?|deviceType)\"\s{{0,4}}:\s{{0,4}}\[?\s{{0,40}}"
    rf"\"(?P<x>{INSTANCE}|{CARD})\"",
    re.I,
)
_GPU = expression(
    r"\{[^{}]{0,200}\"type\"\s{0,4}:\s{0,4}\"GPU\"[^{}]{0,200}\}"
    r"|\"(?P<x>" + RESOURCE_NAME + r")\"\s{0,4}:\s{0,4}\"?[1-9]"
    r"|\"deviceType\"\s{0,4}:\s{0,4}\"(?P<inferentia>eia\d\.[a-z]{4,8}|inf[12]\.[a-z0-9]{4,8})\""
)
_WITH = expression(r"\"--additional-python-modules\"\s{0,4}:\s{0,4}\"(?P<packages>[^\"]{2,2000})\"")
_PACKAGE = expression(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_LISTED = expression(r"\"\s{0,80},\s{0,80}\"")


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    text = source.text
    yield from served_models(knowledge, text, _IMAGE)
    # A command that is a list of words is a line of them; offsets stay as they are.
    line = _LISTED.sub(lambda match: " " * len(match[0]), text)
    yield from shell.commands(knowledge, line)
    yield from served_ports(knowledge, text, _PORT)
    yield from _accelerators(text)
    for match in _WITH.finditer(text):
        for word in _PACKAGE.finditer(match["packages"]):
            provider = knowledge.package("pypi", word[0])
            if provider:
                start = match.start("packages") + word.start()
                yield Found(HitKind.PACKAGE, word[0], start, provider=provider)


def _accelerators(text: str) -> Iterator[Found]:
    for name, start in {m["x"]: m.start("x") for m in _MACHINE.finditer(text)}.items():
        yield compute(name, start)
    found = _GPU.search(text)
    if found:
        name = found["x"] or found["inferentia"] or "gpu"
        yield compute(name, found.start(), "accelerator")


READERS = (Reader("workload", lambda path: path.rpartition("/")[2] == NAME, _read),)
