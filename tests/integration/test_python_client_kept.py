"""A client that kept a state goes on from there, and one that watches sees all that is said."""

import json
from typing import Any

import msgspec
import pytest

from groundwire.adapters.models.scripted import Hang
from groundwire_client import Groundwire, State, TransportName, connect
from tests.support.server import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Record:
    """All that a server said, frame by frame."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    def __call__(self, said: bytes) -> None:
        one = json.loads(said)
        self.frames += one.get("events", [one])

    @property
    def types(self) -> list[str]:
        return [str(frame.get("type")) for frame in self.frames]


def client(served: Served, record: Record, *transports: TransportName) -> Groundwire:
    ways = transports or ("websocket",)
    return connect(served.http, token=served.key, transports=ways, timeout_s=10, observe=record)


async def keep(served: Served, session: str) -> tuple[bytes, str]:
    """Have a question answered, and return what a program would write to its disk."""
    async with client(served, Record()) as groundwire:
        conversation = groundwire.conversation(session)
        await (await conversation.ask("one")).done()
        assert conversation.cursor is not None
        return msgspec.json.encode(conversation.state), conversation.cursor


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
async def test_all_that_is_said_is_observed(served: Served, transport: TransportName) -> None:
    record = Record()
    async with client(served, record, transport) as groundwire:
        conversation = await groundwire.create_conversation()
        await conversation.loaded()
        await (await conversation.ask("hi")).done()

    assert {"ack", "token", "done"} <= set(record.types)
    seqs = [frame["seq"] for frame in record.frames if "seq" in frame]
    assert seqs == sorted(set(seqs))


async def test_a_kept_state_goes_on_with_what_has_happened_since(served: Served) -> None:
    session = served.new_session()
    kept, cursor = await keep(served, session)
    record = Record()
    async with client(served, record) as groundwire:
        conversation = groundwire.conversation(session)

        conversation.restore(msgspec.json.decode(kept, type=State), cursor)
        assert next(message.content for message in conversation.messages) == "one"
        assert not conversation.is_current
        await (await conversation.ask("two")).done()

        assert [message.content for message in conversation.messages][::2] == ["one", "two"]
    assert "snapshot" not in record.types
    first = next(frame["seq"] for frame in record.frames if "seq" in frame)
    assert first == int(cursor.rpartition(":")[2]) + 1


async def test_a_kept_cursor_that_is_not_served_brings_the_whole(served: Served) -> None:
    session = served.new_session()
    kept, cursor = await keep(served, session)
    epoch, _, seq = cursor.rpartition(":")
    record = Record()
    async with client(served, record) as groundwire:
        conversation = groundwire.conversation(session)

        conversation.restore(msgspec.json.decode(kept, type=State), f"{epoch}-:{seq}")
        state = await conversation.loaded()

        assert next(message.content for message in state.messages) == "one"
        assert conversation.cursor == cursor
    assert "snapshot" in record.types


async def test_a_turn_is_cancelled_by_the_id_of_its_question(served: Served) -> None:
    served.script("so far", Hang())
    async with client(served, Record()) as groundwire:
        conversation = groundwire.conversation(served.new_session())
        answer = await conversation.ask("hi", client_message_id="k")

        assert await conversation.cancel(client_message_id="k")

        assert (await answer.done()).finish_reason == "cancelled"
        assert not await conversation.cancel(client_message_id="k")
