"""A tenant in Azure: how fast it is read, with how many calls, and in how much memory.

    python -m bench.azure [--subscriptions 20] [--latency 0.05] [--sequential] [--growth]
    python -m bench.azure --show [--subscriptions 200]

Azure is made up on loopback (``tests/azure_rig``) and waits ``--latency`` seconds before every
answer, with one of everything in each subscription. ``--show`` has little in each and much of it
refused, throttled or gone, and compares coverage with what was planted.
"""

from __future__ import annotations

from bench.made_up import Cloud, main

CLOUD = Cloud(source="azure", rig="tests.azure_rig", units="subscriptions", many=200, settings="")

if __name__ == "__main__":
    main(CLOUD, __doc__ or "")
