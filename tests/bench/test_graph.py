"""The made-up estate of the graph's measurement is answered alike by the kernel and networkx."""

from __future__ import annotations

from bench.graph import Estate, by_kernel, by_networkx


def test_the_kernel_and_networkx_agree_on_a_small_estate() -> None:
    estate = Estate(20_000)

    ours = {name: answer for name, (_, answer) in by_kernel(estate).items()}
    theirs = {name: answer for name, (_, answer) in by_networkx(estate).items()}

    assert {name: ours[name] for name in theirs} == theirs
    assert all(ours[name] for name in ("owners", "flows", "exposure", "diff", "neighbours"))
