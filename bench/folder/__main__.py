"""``python -m bench.folder``: 1 if a promise was broken."""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench import saved
from bench.folder.run import Run, Wanted, open_run

RESULT = Path(__file__).parents[1] / "results" / "folder.json"
SERVER_MB, ALL_MB = 600, 2000
"""What the server alone may have, and all its processes together."""


async def measure(wanted: Wanted) -> dict[str, Any]:
    began = time.monotonic()
    async with open_run(wanted, note) as run:
        await run.go()
        for name, why in run.broken:
            note(f"{name}: {why}")
        return totals(run, time.monotonic() - began)


def totals(run: Run, took_s: float) -> dict[str, Any]:
    broken = Counter(name for name, _ in run.broken)
    refused = Counter(str(each.reason_code) for each in run.states if each.status == "failed")
    size = sum((run.folder / name).stat().st_size for name in run.plan.files)
    answers, peaks = run.answers, run.peaks
    slow = sorted(answers.taken_s)
    return {
        "seed": run.wanted.seed,
        "files": len(run.plan.files),
        "megabytes": round(size / 1e6, 1),
        "passages": run.plan.passages,
        "ready": sum(each.status == "ready" for each in run.states),
        "failed": dict(refused.most_common()),
        "refusedAsFound": dict(run.plan.refused),
        "duplicates": broken["duplicates"],
        "lost": broken["lost"],
        "wrong": broken["wrong"],
        "serverLog": broken["log"],
        "kills": run.server.restarts.total(),
        "answers": dict(answers.outcomes),
        "answersBroken": broken["answers"],
        "answerP50S": round(slow[len(slow) // 2], 2) if slow else None,
        "answerSlowestS": round(slow[-1], 2) if slow else None,
        "serverPeakRssMb": peaks.server_rss_mb,
        "allPeakPssMb": peaks.all_pss_mb,
        "allPeakRssMb": peaks.all_rss_mb,
        "peakRssMbByProcess": peaks.by_process,
        "embedder": run.wanted.embedder,
        "parserAloneS": round(run.plan.bare_s, 1),
        "uploadedS": round(run.uploaded_s, 1),
        "readyS": round(run.ready_s, 1),
        "downS": round(run.server.down_s, 1),
        "tookS": round(took_s, 1),
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
    }


def is_kept(result: dict[str, Any]) -> bool:
    """Say whether every promise was kept."""
    names = ("duplicates", "lost", "wrong", "serverLog", "answersBroken")
    is_small = result["serverPeakRssMb"] <= SERVER_MB and result["allPeakRssMb"] <= ALL_MB
    return is_small and not any(result[name] for name in names)


def note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.folder", description=__doc__)
    parser.add_argument(
        "--documents", type=Path, nargs="+", required=True,
        help="folders with real documents, texts and question sets",
    )  # fmt: skip
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--bad", type=int, default=30, help="how many of them cannot be read")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kill-s", type=float, default=60.0, help="from one kill -9 to the next")
    parser.add_argument("--kills", type=int, default=2, help="at least so many")
    parser.add_argument("--embedder", choices=["scripted", "embedded"], default="scripted")
    parser.add_argument("--save", action="store_true", help=f"keep the totals in {RESULT.name}")
    options = vars(parser.parse_args())
    is_saved = options.pop("save")
    result = asyncio.run(measure(Wanted(**options)))
    print(json.dumps(result, indent=2))
    if is_saved:
        saved.write(RESULT, saved.merge(saved.read(RESULT), {options["embedder"]: result}))
    return 0 if is_kept(result) else 1


if __name__ == "__main__":
    sys.exit(main())
