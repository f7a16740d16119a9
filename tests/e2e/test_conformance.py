"""The named cases of the protocol, by the command that anybody can run."""

import asyncio
import json
import sys

import pytest

from groundwire.conformance.cases import load_cases
from groundwire.conformance.run import load_checks

pytestmark = pytest.mark.slow

# A few of each group; the whole takes minutes.
CASES = (
    "hs_no_token_401", "hs_bad_origin_403", "bad_json_error_keeps_open", "seq_contiguous",
    "resume_mid_delta_exact_text", "tail_loss_detected_by_ping_head",
    "ws_to_sse_to_poll_switch_midrun_same_hash", "same_id_other_body_conflict",
    "cancel_midstream_partial_kept", "steer_accepted_applied", "approval_allow",
    "two_devices_same_order", "asyncapi_every_frame_validates",
)  # fmt: skip


def test_every_case_that_one_node_can_be_held_to_is_written() -> None:
    ours = {case.name for case in load_cases() if case.needs in ("url", "spawn")}
    assert load_checks().keys() == ours
    assert [case.number for case in load_cases()] == list(range(1, 137))


async def test_the_command_prints_json_alone_and_all_of_it_passes() -> None:
    chosen = [word for case in CASES for word in ("--case", case)]
    command = (sys.executable, "-m", "groundwire", "conformance", "--spawn", "--json", *chosen)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, notes = await asyncio.wait_for(process.communicate(), 240)
    rows = json.loads(out)["cases"]
    assert [row for row in rows if row["result"] != "pass"] == []
    assert {row["name"] for row in rows} == set(CASES)
    assert {row["client"] for row in rows} == {"raw", "python", "typescript"}
    assert process.returncode == 0, notes.decode()
