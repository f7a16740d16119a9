"""Every event that was ever stored can be read for ever: what is in `golden/` only grows."""

import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from groundwire.model.events import ConversationEvent, decode_conversation_event
from groundwire.model.workspace_events import WorkspaceEvent, decode_workspace_event

GOLDEN = Path(__file__).parent / "golden"
ENVELOPE = {"sessionId", "workspaceId", "seq", "ts"}


def lines_of(name: str) -> list[bytes]:
    return (GOLDEN / name).read_bytes().splitlines()


@pytest.mark.parametrize("line", lines_of("conversation.jsonl"))
def test_an_event_of_a_conversation_is_read_and_loses_nothing(line: bytes) -> None:
    assert fields(msgspec.json.encode(decode_conversation_event(line))) == fields(line)


@pytest.mark.parametrize("line", lines_of("workspace.jsonl"))
def test_an_event_of_a_workspace_is_read_and_loses_nothing(line: bytes) -> None:
    assert fields(msgspec.json.encode(decode_workspace_event(line))) == fields(line)


@pytest.mark.parametrize(
    ("name", "union"),
    [("conversation.jsonl", ConversationEvent), ("workspace.jsonl", WorkspaceEvent)],
)
def test_every_type_has_a_golden_line(name: str, union: object) -> None:
    kept = {json.loads(line)["type"] for line in lines_of(name)}
    assert kept >= {str(event.__struct_config__.tag) for event in get_args(union)}


def test_a_type_that_nobody_knows_is_passed_over() -> None:
    assert decode_conversation_event(b'{"type": "telepathy", "seq": 1}') is None
    assert decode_workspace_event(b'{"type": "token", "seq": 1}') is None


def fields(line: bytes) -> dict[str, object]:
    return {name: value for name, value in json.loads(line).items() if name not in ENVELOPE}
