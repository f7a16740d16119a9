"""A folder goes in while the server is killed, a small one: `python -m bench.folder` is large."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FILES, BAD, KILLS = 60, 30, 2
BROKEN = ("duplicates", "lost", "wrong", "serverLog", "answersBroken")


async def test_every_good_file_is_ready_once_and_every_bad_one_says_why() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.folder", "--documents", "docs", "spec", "src"),
        *("--files", str(FILES), "--bad", str(BAD), "--kill-s", "5", "--kills", str(KILLS)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, notes = await asyncio.wait_for(process.communicate(), 300)
    assert process.returncode == 0, notes.decode()
    totals = json.loads(out)
    assert [totals[name] for name in BROKEN] == [0] * len(BROKEN)
    refused = BAD + len(totals["refusedAsFound"])
    assert (totals["files"], totals["ready"]) == (FILES, FILES - refused)
    assert sum(totals["failed"].values()) == refused
    assert totals["kills"] > KILLS
    assert totals["answers"]["from the document"] > 0
