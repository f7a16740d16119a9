"""The rules of a connection, by a clock of our own and without a network."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from groundwire.model.access import Credential, Identity, Principal
from groundwire.model.errors import (
    BadJson,
    Conflict,
    ConnectionLimit,
    Forbidden,
    Gone,
    GroundwireError,
    InvalidField,
    NotFound,
    Overloaded,
    RateLimited,
    SlowReader,
    TokenExpired,
    Unauthorized,
    UnknownType,
    UnsupportedVersion,
)
from groundwire.model.ids import PrincipalId
from groundwire.transport.connection import (
    Close,
    Connection,
    Effect,
    Identify,
    Limits,
    Run,
    Say,
    Tell,
)
from groundwire.transport.frames import ChatMessage, Ping

START = datetime(2026, 1, 1, tzinfo=UTC)
QUESTION = '{"type": "chat_message", "content": "hi", "sessionId": "test_123", "model": "llama3"}'


def identity(name: str = "alice", *, expires_in_s: float | None = None) -> Identity:
    expires_at = START + timedelta(seconds=expires_in_s) if expires_in_s is not None else None
    return Identity(
        principal=Principal(id=PrincipalId(name), name=name),
        credential=Credential(
            id=f"cr_{name}",
            principal=PrincipalId(name),
            kind="session",
            name="login",
            role="owner",
            created_at=START,
            expires_at=expires_at,
        ),
    )


def connected(limits: Limits | None = None) -> Connection:
    connection = Connection(limits or Limits(), 0.0)
    assert connection.identified(identity()) == [Say("welcome")]
    return connection


def tick(connection: Connection, now: float, *, is_running: bool = False) -> list[Effect]:
    return connection.tick(now, is_running=is_running, wall=START.timestamp() + now)


def codes(effects: list[Effect]) -> list[int]:
    return [effect.code for effect in effects if isinstance(effect, Close)]


def errors(effects: list[Effect]) -> list[type]:
    return [type(effect.error) for effect in effects if isinstance(effect, Tell)]


def test_the_frame_of_the_brief_is_a_question() -> None:
    (effect,) = connected().receive(QUESTION, 1.0)
    assert isinstance(effect, Run)
    assert effect.frame == ChatMessage(content="hi", session_id="test_123", model="llama3")


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ("{", BadJson),
        ("[]", BadJson),
        ("[" * 100_000, BadJson),
        ('{"type": "shout"}', UnknownType),
        ('{"content": "hi"}', InvalidField),
        ('{"type": "chat_message", "sessionId": "a"}', InvalidField),
        ('{"type": "chat_message", "content": 7, "sessionId": "a"}', InvalidField),
        ('{"type": "ping", "id": {}}', InvalidField),
    ],
    ids=["broken", "list", "deep", "unknown type", "no type", "no content", "number", "bad id"],
)
def test_a_bad_frame_is_told_and_the_next_good_one_works(frame: str, error: type) -> None:
    connection = connected()
    effects = connection.receive(frame, 1.0)
    assert (errors(effects), codes(effects)) == ([error], [])
    assert isinstance(connection.receive(QUESTION, 2.0)[0], Run)


def test_an_error_names_the_frame_it_is_about() -> None:
    (effect,) = connected().receive('{"type": "chat_message", "id": "q7"}', 1.0)
    assert isinstance(effect, Tell)
    assert effect.ref == "q7"


def test_a_flood_of_bad_frames_ends_the_connection() -> None:
    connection = connected()
    effects = [connection.receive("{", n * 0.1) for n in range(6)]
    assert [codes(each) for each in effects] == [[]] * 5 + [[4400]]
    assert connection.receive(QUESTION, 1.0) == []


def test_bad_frames_far_apart_are_forgiven() -> None:
    connection = connected()
    assert all(codes(connection.receive("{", n * 11.0)) == [] for n in range(30))


def test_unknown_fields_are_ignored_and_the_last_of_two_equal_keys_counts() -> None:
    (effect,) = connected().receive('{"type": "ping", "t": 1, "x": [], "t": 2}', 1.0)
    assert effect == Run(Ping(t=2))


def test_a_huge_number_does_no_harm() -> None:
    frame = json.dumps({"type": "ping", "t": 10**400})
    assert errors(connected().receive(frame, 1.0)) in ([InvalidField], [BadJson], [])


def test_a_binary_frame_ends_the_connection() -> None:
    assert codes(connected().receive_binary()) == [1003]


def test_without_an_identity_only_auth_is_heard() -> None:
    connection = Connection(Limits(), 0.0)
    assert connection.receive('{"type": "auth", "token": "t", "id": 1}', 1.0) == [Identify("t", 1)]
    assert codes(connection.receive(QUESTION, 1.0)) == [4401]


def test_an_identity_that_does_not_come_in_time_ends_the_connection() -> None:
    connection = Connection(Limits(), 0.0)
    assert tick(connection, 9.9) == []
    assert codes(tick(connection, 10.0)) == [4408]


def test_a_token_of_somebody_else_ends_the_connection() -> None:
    assert codes(connected().identified(identity("bob"))) == [4403]


def test_a_token_that_runs_out_is_announced_and_then_ends_the_connection() -> None:
    connection = Connection(Limits(), 0.0)
    connection.identified(identity(expires_in_s=100))
    assert Say("auth_expiring") not in tick(connection, 39.0)
    assert Say("auth_expiring") in tick(connection, 40.0)
    assert Say("auth_expiring") not in tick(connection, 41.0)
    assert codes(tick(connection, 100.0)) == [4401]


def test_a_fresh_token_of_the_same_user_keeps_the_connection() -> None:
    connection = Connection(Limits(), 0.0)
    connection.identified(identity(expires_in_s=100))
    tick(connection, 50.0)
    assert connection.identified(identity(expires_in_s=1000)) == []
    assert codes(tick(connection, 100.0)) == []


def test_a_heartbeat_goes_out_each_thirty_seconds() -> None:
    connection = connected()
    beats = [now for now in range(1, 121) if Say("ping") in tick(connection, float(now))]
    assert beats == [30, 60, 90, 120]


def test_half_an_hour_without_a_command_ends_the_connection_though_it_pings() -> None:
    connection = connected()
    for now in range(60, 1800, 60):
        connection.receive('{"type": "ping"}', float(now))
    assert codes(tick(connection, 1799.0)) == []
    assert codes(tick(connection, 1800.0)) == [4408]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"type": "typing", "sessionId": "a"}', [4408]),
        ('{"type": "presence", "sessionId": "a", "state": "online"}', [4408]),
        ('{"type": "read", "sessionId": "a", "seq": 1}', [4408]),
        ('{"type": "history", "sessionId": "a"}', []),
        ('{"type": "cancel", "sessionId": "a"}', []),
    ],
    ids=["typing", "presence", "read", "history", "cancel"],
)
def test_only_a_wish_keeps_a_connection_from_being_idle(frame: str, code: list[int]) -> None:
    connection = connected()
    connection.receive(frame, 1000.0)
    assert codes(tick(connection, 1800.0)) == code


def test_a_device_that_connects_again_ends_its_older_connection() -> None:
    effects = connected().replaced()
    assert (errors(effects), codes(effects)) == ([Conflict], [4409])


def test_a_running_answer_is_not_idle() -> None:
    connection = connected()
    for now in range(0, 7200, 60):
        assert codes(tick(connection, float(now), is_running=True)) == []
    assert codes(tick(connection, 7140.0 + 1800.0)) == [4408]


def test_too_many_commands_are_told_to_wait_and_then_ended() -> None:
    connection = connected(Limits(commands_per_minute=3))
    answers = [connection.receive('{"type": "ping"}', 1.0) for _ in range(7)]
    assert [errors(each) for each in answers[:3]] == [[], [], []]
    assert [errors(each) for each in answers[3:6]] == [[RateLimited]] * 3
    assert codes(answers[6]) == [4429]


def test_the_rate_is_forgiven_after_a_minute() -> None:
    connection = connected(Limits(commands_per_minute=1))
    connection.receive('{"type": "ping"}', 1.0)
    assert errors(connection.receive('{"type": "ping"}', 2.0)) == [RateLimited]
    assert errors(connection.receive('{"type": "ping"}', 61.5)) == []


def test_limits_that_are_off_hold_nobody_back() -> None:
    connection = connected(Limits(commands_per_minute=1, enforced=False))
    assert all(isinstance(connection.receive(QUESTION, 1.0)[0], Run) for _ in range(50))


@pytest.mark.parametrize(
    ("error", "code"),
    [(Unauthorized(), 4401), (Forbidden(), 4403), (Gone("conversation"), 4404)],
    ids=["identity", "access", "gone"],
)
def test_who_may_not_be_here_is_told_and_let_go(error: GroundwireError, code: int) -> None:
    connection = connected()
    assert connection.fail(error, "q7") == [Tell(error, "q7"), Close(code, error.code)]
    assert (tick(connection, 30.0), connection.receive(QUESTION, 30.0)) == ([], [])


def test_what_a_command_meets_is_told_and_ends_nothing() -> None:
    connection = connected()
    error = NotFound("conversation")
    assert connection.fail(error, 7) == [Tell(error, 7)]
    assert isinstance(connection.receive(QUESTION, 1.0)[0], Run)


def test_a_token_that_was_revoked_ends_the_connection() -> None:
    assert codes(connected().revoked()) == [4401]


def test_a_conversation_of_somebody_else_ends_the_connection() -> None:
    assert codes(connected().fail(Forbidden())) == [4403]


def test_a_client_that_takes_nothing_of_what_waits_for_it_is_sent_away() -> None:
    connection = connected()
    connection.tick(10.0, is_running=True, wall=0, backlog=0)
    assert codes(connection.tick(11.0, is_running=True, wall=0, backlog=300_000)) == []
    assert codes(connection.tick(39.0, is_running=True, wall=0, backlog=300_000)) == []
    effects = connection.tick(40.0, is_running=True, wall=0, backlog=300_000)
    assert (errors(effects), codes(effects)) == ([SlowReader], [1013])


def test_a_client_that_takes_a_little_now_and_then_stays() -> None:
    connection = connected()
    for now in range(10, 500, 10):
        backlog = 1_000_000 - now // 30
        assert codes(connection.tick(now, is_running=True, wall=0, backlog=backlog)) == []


def test_a_client_that_made_room_once_is_given_its_time_again() -> None:
    connection = connected()
    for now in range(0, 300, 20):
        backlog = 0 if now % 40 == 0 else 300_000
        assert codes(connection.tick(now, is_running=True, wall=0, backlog=backlog)) == []


def test_a_client_that_is_sent_away_is_told_where_to_go_and_heard_no_more() -> None:
    connection = connected()
    assert connection.drain() == [Say("reconnect"), Close(1012, "restart")]
    assert connection.receive(QUESTION, 1.0) == []
    assert tick(connection, 10_000.0) == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectionLimit(3), 4429),
        (UnsupportedVersion("v9"), 4406),
        (InvalidField("deviceId", "too long"), 1008),
        (TokenExpired(), 4401),
        (Gone("conversation"), 4404),
        (Overloaded("full"), 1013),
        (GroundwireError("a fault"), 1011),
    ],
    ids=["cap", "version", "field", "identity", "gone", "full", "fault"],
)
def test_what_ends_a_connection_from_our_side_has_its_code(
    error: GroundwireError, code: int
) -> None:
    effects = connected().refuse(error)
    assert (errors(effects), codes(effects)) == ([type(error)], [code])
