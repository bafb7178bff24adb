"""Google Cloud: how fast an organization is read, with how many calls, and in how much memory.

    python -m bench.gcp [--projects 20] [--latency 0.05] [--sequential] [--growth]
    python -m bench.gcp --show [--projects 300]

Google Cloud is made up on loopback (``tests/google_rig``) and waits ``--latency`` seconds before
every answer, with one of everything in each project. ``--show`` has little in each and much of it
refused, throttled or gone, and compares coverage with what was planted.
"""

from __future__ import annotations

from bench.made_up import Cloud, main

CLOUD = Cloud(
    source="gcp", rig="tests.google_rig", units="projects", many=300,
    settings='organizations = ["1"]\npersonal_agents = false\n',
)  # fmt: skip

if __name__ == "__main__":
    main(CLOUD, __doc__ or "")
