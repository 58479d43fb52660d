"""`make bench`: what the policy pack costs over the largest prod stack."""

import os
import statistics
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TURNS = 5
GOAL = "under 2 s"


def main() -> None:
    from fourplane import check, engine, policy_pack, project
    from fourplane.preview import Preview

    found = project.find(ROOT)
    graphs: list[Any] = []
    for stack in (name for name in found.stacks() if name.endswith("-prod")):
        settings = project.settings(found, stack, [])
        graphs.append(engine.run(found, stack, settings, Preview(), preview=True))
    largest = max(graphs, key=len)
    starts: list[float] = []
    checks: list[float] = []
    worked: list[float] = []
    rules = 0
    for _ in range(TURNS):
        begun, before = time.perf_counter(), os.times()
        with policy_pack.running(ROOT / "policy") as pack:
            pack.connect()
            ready = time.perf_counter()
            rules = len(check.check(largest, pack, found.name).rules)
            checks.append(time.perf_counter() - ready)
        ended = os.times()
        worked.append(sum(ended[:4]) - sum(before[:4]))
        starts.append(ready - begun)
    over = f"{rules} rules over {largest.stack} ({len(largest)} registrations)"
    print(f"{over:58} {f'{statistics.median(checks):.2f} s':>12}   {GOAL}")
    print(f"{'processor time of it and of the pack':58} {f'{statistics.median(worked):.2f} s':>12}")
    print(f"{'the pack, until it serves':58} {f'{statistics.median(starts):.2f} s':>12}   beside the preview")


if __name__ == "__main__":
    main()
