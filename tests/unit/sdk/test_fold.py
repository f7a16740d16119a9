"""What a client folds is what the server folds: the shared cases, exactly."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from groundwire_client import Snapshot, State
from groundwire_client._fold import fold
from groundwire_client._state import from_snapshot
from groundwire_client._wire import decode_event

Case = dict[str, Any]

CASES: list[Case] = json.loads(
    (Path(__file__).parents[2] / "fold" / "cases.json").read_text("utf-8")
)


def folded(case: Case) -> State:
    state = State(session_id=case["snapshot"]["sessionId"])
    for event in case["events"]:
        state = fold(state, decode_event(msgspec.json.encode(event)))
    return state


def shown(state: State) -> Case:
    """Return the fields of a snapshot that the events decide."""
    return {
        "messages": state.messages,
        "turns": state.turns,
        "turn": state.turn,
        "approvals": state.approvals,
    }


def through_json(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_events_fold_into_the_snapshot(case: Case) -> None:
    expected = {name: case["snapshot"][name] for name in ("messages", "turns", "turn", "approvals")}

    assert through_json(shown(folded(case))) == expected


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_snapshot_is_read_as_the_same_state(case: Case) -> None:
    body = msgspec.json.encode({"type": "snapshot", **case["snapshot"]})

    assert from_snapshot(msgspec.json.decode(body, type=Snapshot)) == folded(case)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_from_any_snapshot_on_the_rest_of_the_events_leads_to_the_same_state(case: Case) -> None:
    for cut in range(len(case["events"])):
        before = folded({**case, "events": case["events"][:cut]})
        body = msgspec.json.encode(
            {
                "type": "snapshot",
                "sessionId": before.session_id,
                "cursor": f"e:{cut}",
                "messages": before.messages,
                "turns": before.turns,
            }
        )
        state = from_snapshot(msgspec.json.decode(body, type=Snapshot))
        for event in case["events"][cut:]:
            state = fold(state, decode_event(msgspec.json.encode(event)))
        assert state == folded(case)
