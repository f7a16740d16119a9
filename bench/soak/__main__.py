"""``python -m bench.soak``: 1 if a promise was broken."""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from bench.soak.plan import FAULTS_AT_MOST
from bench.soak.run import Soak, Wanted, open_soak

RESULT = Path(__file__).parents[1] / "results" / "soak.json"
LOOK_S = 10.0


async def soak(wanted: Wanted) -> dict[str, Any]:
    began = time.monotonic()
    async with open_soak(wanted) as running:
        watching = asyncio.create_task(watch(running, began))
        try:
            await running.run()
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
    for failure in running.record.failures:
        note(msgspec.json.format(msgspec.json.encode(failure)).decode())
    return totals(running, time.monotonic() - began)


async def watch(running: Soak, began: float) -> None:
    """Say now and then how far it has come."""
    while True:
        await asyncio.sleep(LOOK_S)
        faults = sum(n for name, n in running.record.counts.items() if name.startswith("fault"))
        note(
            f"{time.monotonic() - began:6.0f} s  {len(running.record.reads):,} answers, "
            f"{faults:,} faults, {running.server.restarts.total()} restarts, "
            f"{len(running.record.failures)} broken promises"
        )


def totals(running: Soak, took_s: float) -> dict[str, Any]:
    record, server = running.record, running.server
    counts = record.counts
    broken = Counter(failure.promise for failure in record.failures)
    kinds = ("reset", "close", "outage", "half_open", "switch")
    return {
        "seed": running.wanted.seed,
        "answers": len(record.reads),
        "finished": {
            name.removeprefix("finished: "): n
            for name, n in sorted(counts.items())
            if name.startswith("finished: ")
        },
        "faults": {kind: counts[f"fault: {kind}"] for kind in kinds},
        "switchesOfTransport": running.switches,
        "connections": running.connections,
        "restarts": dict(sorted(server.restarts.items())),
        "stopsThatCutRequestsOff": server.late,
        "questionsSent": counts["sent"],
        "answersWithdrawnInPart": counts["resets"],
        "events": counts["events"],
        "conversations": counts["conversations"],
        "wrongHashes": broken["hash"],
        "duplicateTurns": broken["duplicate"],
        "lostQuestions": broken["lost"],
        "otherBrokenPromises": broken.total()
        - broken["hash"] - broken["duplicate"] - broken["lost"],
        "tookS": round(took_s, 1),
        "downS": round(server.down_s, 1),
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
    }  # fmt: skip


def note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--answers", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--at-once", type=int, default=128, help="how many people ask at a time")
    parser.add_argument("--restart-s", type=float, default=30.0, help="between restarts")
    parser.add_argument(
        "--faults", type=int, default=FAULTS_AT_MOST, help="at most so many to an answer"
    )
    parser.add_argument("--only", type=int, help="this person alone, by number")
    parser.add_argument("--write", action="store_true", help=f"keep the totals in {RESULT.name}")
    options = vars(parser.parse_args())
    is_kept = options.pop("write")
    if is_kept and options["only"] is not None:
        parser.error("what is kept is of all of them: leave out --only or --write")
    result = asyncio.run(soak(Wanted(**options)))
    text = json.dumps(result, indent=2)
    print(text)
    if is_kept:
        RESULT.write_text(text + "\n", encoding="utf-8")
    names = ("wrongHashes", "duplicateTurns", "lostQuestions", "otherBrokenPromises")
    return 1 if any(result[name] for name in names) else 0


if __name__ == "__main__":
    sys.exit(main())
