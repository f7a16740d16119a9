"""The soak, a short one: the long one is `python -m bench.soak --answers 10000`."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ANSWERS = 60
BROKEN = ("wrongHashes", "duplicateTurns", "lostQuestions", "otherBrokenPromises")


async def test_nothing_is_lost_doubled_or_changed_over_a_network_that_fails() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.soak", "--answers", str(ANSWERS)),
        *("--faults", "6", "--restart-s", "4"),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, notes = await asyncio.wait_for(process.communicate(), 240)
    assert process.returncode == 0, notes.decode()
    totals = json.loads(out)
    assert [totals[name] for name in BROKEN] == [0, 0, 0, 0]
    assert totals["answers"] == sum(totals["finished"].values()) == ANSWERS
    assert all(totals["faults"].values()), totals["faults"]
    assert sum(totals["restarts"].values()) >= 2
