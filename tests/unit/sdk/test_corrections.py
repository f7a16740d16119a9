"""A correction is waited for, answered, or given back; never lost."""

from typing import Any

import pytest

from groundwire_client import Turn, errors
from groundwire_client._state import Steering
from groundwire_client.events import (
    MessageCreated,
    SteerAccepted,
    SteerFailed,
    TurnDone,
    TurnStarted,
)
from tests.unit.sdk.log_server import Server, hash_of, is_pending, outcome

ACCEPTED = SteerAccepted(
    turn_id="t1", message_id="q2", client_message_id="k2", content="In English.", author="p"
)
CORRECTION: dict[str, Any] = {
    "turn_id": "t2",
    "seq": 3,
    "client_message_id": "k2",
    "content": "In English.",
    "is_correction": True,
}


class TestCorrections:
    async def test_one_that_waits_is_waited_for_and_then_answered(self) -> None:
        server = Server()
        server.begin()
        server.tell(ACCEPTED)
        answer = server.answer(**CORRECTION)
        assert is_pending(answer)

        server.end("", "steered")
        # Between the end of the one turn and the beginning of the other.
        assert is_pending(answer)
        server.tell(
            MessageCreated(
                turn_id="t2", message_id="q2", content="In English.", client_message_id="k2"
            ),
            TurnStarted(turn_id="t2", message_id="a2", model="scripted"),
            TurnDone(turn_id="t2", message_id="a2", finish_reason="stop", content_hash=hash_of("")),
        )

        assert outcome(answer) == server.following.state.messages[-1]

    async def test_one_that_is_given_back_is_an_error_with_its_text(self) -> None:
        server = Server()
        server.begin()
        server.tell(
            ACCEPTED,
            SteerFailed(
                turn_id="t1",
                message_id="q2",
                client_message_id="k2",
                content="In English.",
                reason="cancelled",
            ),
        )
        server.end("", "cancelled")

        with pytest.raises(errors.SteerFailed) as caught:
            outcome(server.answer(**CORRECTION))
        assert caught.value.content == "In English."

    async def test_one_that_a_snapshot_shows_waiting_is_waited_for(self) -> None:
        server = Server()
        steering = Steering(
            message_id="q2", content="In English.", author="p", client_message_id="k2"
        )
        server.load("e:9", turns=(Turn(turn_id="t1", steers=(steering,)),))

        assert is_pending(server.answer(**CORRECTION))

    async def test_one_of_which_a_snapshot_shows_nothing_is_given_back(self) -> None:
        server = Server()
        server.load("e:9")

        with pytest.raises(errors.SteerFailed):
            outcome(server.answer(**CORRECTION))
