"""Every kind of thing that the graph draws has its sign in the legend."""

from __future__ import annotations

import re
from pathlib import Path

from scanner.emit import html

SCRIPT = (Path(html.__file__).parent / "web" / "graph.js").read_text()


def test_every_shape_of_a_type_can_be_drawn_in_the_legend() -> None:
    types = re.search(r"const TYPES = \{(.*?)\};", SCRIPT, re.DOTALL)
    signs = re.search(r"const SHAPES = \{(.*?)\};", SCRIPT, re.DOTALL)
    assert types
    assert signs
    used = set(re.findall(r'\w+: \["([\w-]+)", "#', types[1]))
    known = set(re.findall(r'"?([\w-]+)"?: "M', signs[1]))

    assert "tag" in used
    assert used <= known
