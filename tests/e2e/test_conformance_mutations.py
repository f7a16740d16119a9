"""A case fails when its rule is broken, and only then."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from groundwire.conformance.cases import Row
from groundwire.conformance.run import Wanted, run_cases
from groundwire.conformance.subject import spawn
from tests.support import mutations

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CAUGHT: list[tuple[Callable[[], None], str, str]] = [
    (mutations.resume_one_too_early, "resume_at_every_seq", "event"),
    (mutations.say_done_twice, "exactly_one_terminal", "done"),
    (mutations.forget_what_was_asked, "duplicate_clientMessageId_same_connection", "another turn"),
    (mutations.say_more_after_a_cancel, "cancel_midstream_partial_kept", "one word more"),
    (mutations.serve_cursors_of_another_epoch, "resume_wrong_epoch_snapshot", "was served"),
]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    # The node finds what breaks it from there.
    monkeypatch.chdir(ROOT)


async def outcome(cases: list[str], *, broken_by: str = "") -> list[Row]:
    wanted = Wanted(cases, ["websocket"], ["raw"])
    return await run_cases(partial(spawn, broken_by=broken_by), wanted, lambda _: None)


@pytest.mark.parametrize(("mutation", "case", "why"), CAUGHT)
async def test_a_case_fails_when_its_rule_is_broken(
    mutation: Callable[[], None], case: str, why: str
) -> None:
    (row,) = await outcome([case], broken_by=f"{mutation.__module__}:{mutation.__name__}")

    assert row.result == "fail"
    assert why in row.why


async def test_they_all_pass_where_no_rule_is_broken() -> None:
    rows = await outcome([case for _, case, _ in CAUGHT])

    assert [row for row in rows if row.result != "pass"] == []
    assert len(rows) == len(CAUGHT)
