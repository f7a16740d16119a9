"""Frames are told from events, and what is unknown from what is broken."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from groundwire_client._wire import (
    ChatMessage,
    Error,
    Read,
    SteerRefused,
    Unknown,
    decode,
    decode_event,
    encode,
)
from groundwire_client.errors import ProtocolViolation, RateLimited
from groundwire_client.events import Recorded, SteerFailed, Token, TurnFailed

GOLDEN = Path(__file__).parents[1] / "model" / "golden"


def said(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_an_event_has_a_place_and_its_log() -> None:
    addressed = decode(
        said(type="token", sessionId="c", seq=7, ts="t", turnId="t1", messageId="a", content="x")
    )

    assert addressed.session_id == "c"
    assert addressed.frame == Recorded(
        seq=7, first=7, ts="t", event=Token(turn_id="t1", message_id="a", content="x")
    )


def test_a_merged_event_knows_where_it_begins() -> None:
    frame = decode(
        said(type="token", seq=7, covers=[4, 7], turnId="t1", messageId="a", content="x")
    ).frame

    assert isinstance(frame, Recorded)
    assert (frame.first, frame.seq) == (4, 7)


def test_an_unknown_event_keeps_its_place_and_an_unknown_frame_has_none() -> None:
    assert decode(said(type="aurora", seq=7, ts="t")).frame == Recorded(
        seq=7, first=7, ts="t", event=None
    )
    assert decode(said(type="aurora")).frame == Unknown()


def test_a_read_mark_is_no_event() -> None:
    frame = decode(said(type="read", sessionId="c", connectionId="n", principal="p", upTo=7)).frame

    assert frame == Read(connection_id="n", principal="p", up_to=7)


def test_an_error_and_a_refused_correction_are_events_only_with_a_place() -> None:
    error: dict[str, Any] = {"type": "error", "code": "busy", "message": "m", "retryable": True}
    refused: dict[str, Any] = {"type": "steer.failed", "content": "c", "reason": "not_running"}

    assert isinstance(decode(said(**error, ref="m1")).frame, Error)
    assert isinstance(decode(said(**refused, ref="m1")).frame, SteerRefused)
    failed = decode(said(**error, seq=3, turnId="t")).frame
    given_back = decode(said(**refused, seq=3, turnId="t", messageId="q")).frame
    assert isinstance(failed, Recorded)
    assert isinstance(failed.event, TurnFailed)
    assert isinstance(given_back, Recorded)
    assert isinstance(given_back.event, SteerFailed)


def test_an_error_frame_becomes_the_error_of_its_code() -> None:
    frame = decode(
        said(type="error", code="rate_limited", message="Slow.", retryable=True, retryAfterMs=70)
    ).frame

    assert isinstance(frame, Error)
    error = frame.as_error()
    assert isinstance(error, RateLimited)
    assert (error.message, error.retry_after_ms) == ("Slow.", 70)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"7", b"[]", b"{}", b'{"type": 7}', b"\xff", b'{"type": "ready"}', b"[" * 10_000,
        b'{"type": "token", "seq": 1}', b'{"type": "token", "seq": "1"}', b"<html>",
    ],
)  # fmt: skip
def test_what_is_not_the_protocol_is_a_violation(data: bytes) -> None:
    with pytest.raises(ProtocolViolation, match="cannot read"):
        decode(data)


def test_a_command_says_only_what_was_given() -> None:
    command = ChatMessage(id="m1", session_id="c", content="Why?", client_message_id="k")

    assert json.loads(encode(command)) == {
        "type": "chat_message",
        "id": "m1",
        "sessionId": "c",
        "content": "Why?",
        "clientMessageId": "k",
    }


def test_every_event_that_was_ever_stored_can_be_read() -> None:
    lines = [
        line
        for path in sorted(GOLDEN.rglob("*"))
        if path.is_file()
        for line in path.read_bytes().splitlines()
        if line.startswith(b"{")
    ]
    assert lines
    for line in lines:
        recorded = decode_event(line)
        known = msgspec.json.decode(line, type=dict[str, Any])
        assert (recorded.seq, recorded.event is None) == (known["seq"], False)
