"""Drives the Python client; see `groundwire.conformance.driver` for what is said on its pipes."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from groundwire_client import (
    Conversation,
    Groundwire,
    GroundwireError,
    Options,
    State,
    connect,
)

KEPT = 64
TIMEOUT_S = 60.0
_OPTIONS = {
    "clientMessageId": "client_message_id", "onBusy": "on_busy", "turnId": "turn_id",
    "model": "model", "language": "language", "parentId": "parent_id",
}  # fmt: skip

Order = dict[str, Any]


def tell(**what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


@dataclass(slots=True)
class Reader:
    """One client with one conversation, as one device has them."""

    name: str
    kept: dict[tuple[str, str], State]
    client: Groundwire
    conversation: Conversation
    watching: list["asyncio.Task[None]"] = field(default_factory=list["asyncio.Task[None]"])

    def observe(self, said: bytes) -> None:
        self.keep()
        tell(reader=self.name, said=json.loads(said), cursor=self.conversation.cursor)

    def keep(self) -> None:
        """Keep the state as a program would, to go on from it as another one."""
        conversation = self.conversation
        if conversation.cursor is not None:
            self.kept[conversation.id, conversation.cursor] = conversation.state
        while len(self.kept) > KEPT:
            del self.kept[next(iter(self.kept))]

    def watch(self) -> None:
        self.watching += map(asyncio.create_task, (self._watch_status(), self._watch_refusal()))

    async def _watch_status(self) -> None:
        async for status in self.client.connection.changes():
            reason = None if status.reason is None else status.reason.code
            told = {"state": status.state, "transport": status.transport, "reason": reason}
            tell(reader=self.name, status=told)
        status = self.client.connection.status
        reason = None if status.reason is None else status.reason.code
        told = {"state": status.state, "transport": status.transport, "reason": reason}
        tell(reader=self.name, status=told)

    async def _watch_refusal(self) -> None:
        try:
            async for _ in self.conversation.changes():
                pass
        except GroundwireError as error:
            tell(reader=self.name, refused=error.code)

    async def close(self) -> None:
        for task in self.watching:
            task.cancel()
        await asyncio.gather(*self.watching, return_exceptions=True)
        await self.client.aclose()


@dataclass(slots=True)
class Driver:
    readers: dict[str, Reader] = field(default_factory=dict[str, Reader])
    kept: dict[tuple[str, str], State] = field(default_factory=dict[tuple[str, str], State])

    async def obey(self, order: Order) -> None:
        orders: dict[str, Callable[[Order], Awaitable[object]]] = {
            "open": self.open,
            "say": self.say,
            "state": self.state,
            "close": self.close,
        }
        try:
            tell(n=order["n"], ok=await orders[order["order"]](order))
        except GroundwireError as error:
            told = {"code": error.code, "message": error.message, "retryable": error.retryable}
            tell(n=order["n"], error={**told, "detail": error.detail})
        except Exception as error:  # noqa: BLE001 - the check that asked for it is told
            tell(n=order["n"], fault=f"{type(error).__name__}: {error}")

    async def open(self, order: Order) -> None:
        tokens = [order["fresh"], order["token"]] if order["fresh"] else []
        reader: Reader

        def give() -> str:
            return tokens.pop() if len(tokens) > 1 else tokens[0]

        client = connect(
            order["url"],
            token=give if tokens else order["token"],
            transports=order["transports"],
            timeout_s=TIMEOUT_S,
            observe=lambda said: reader.observe(said),  # noqa: PLW0108 - it comes later
        )
        for each in self.readers.values():
            each.keep()
        session, cursor = order["session"], order["cursor"]
        conversation = client.conversation(session)
        reader = Reader(order["reader"], self.kept, client, conversation)
        if cursor is not None:
            state = self.kept.get((session, cursor), State(session_id=session))
            conversation.restore(state, cursor)
        self.readers[reader.name] = reader
        reader.watch()

    async def say(self, order: Order) -> dict[str, object]:
        return await _say(self.readers[order["reader"]].conversation, order["command"])

    async def state(self, order: Order) -> object:
        return {
            "messages": [
                {
                    "messageId": each.message_id,
                    "content": each.content,
                    "finishReason": each.finish_reason,
                    "proved": each.is_proved,
                }
                for each in self.readers[order["reader"]].conversation.messages
            ]
        }

    async def close(self, order: Order) -> None:
        await self.readers.pop(order["reader"]).close()


async def _say(conversation: Conversation, command: Order) -> dict[str, object]:
    """Do it as an application does; return what the library says of it, in the wire's words."""
    type = command.pop("type")
    if type in ("chat_message", "steer", "regenerate", "edit"):
        return {"turnId": await _ask(conversation, type, command)}
    match type, command:
        case "cancel", _:
            turn, asked = command.get("turnId"), command.get("clientMessageId")
            return {"noop": not await conversation.cancel(turn, client_message_id=asked)}
        case "tool_approval", {"approvalId": id, "approved": True}:
            await conversation.approve(id)
        case "tool_approval", {"approvalId": id}:
            await conversation.deny(id, reason=command.get("reason", ""))
        case "typing", _:
            conversation.typing()
        case _:
            raise ValueError(f"there is no way to say {type}")
    return {}


async def _ask(conversation: Conversation, type: str, command: Order) -> str:
    options = {_OPTIONS[name]: command[name] for name in _OPTIONS.keys() & command.keys()}
    if "options" in command:
        options["options"] = msgspec.convert(command["options"], Options)
    match type:
        case "chat_message":
            answer = await conversation.ask(command["content"], **options)
        case "steer":
            answer = await conversation.steer(command["content"], **options)
        case "edit":
            answer = await conversation.edit(command["messageId"], command["content"], **options)
        case _:
            answer = await conversation.regenerate(command["messageId"], **options)
    return answer.turn_id


async def main() -> None:
    lines = asyncio.StreamReader(limit=1 << 26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    driver = Driver()
    async with asyncio.TaskGroup() as tasks:
        while line := await lines.readline():
            tasks.create_task(driver.obey(json.loads(line)))
    for reader in driver.readers.values():
        await reader.close()


if __name__ == "__main__":
    asyncio.run(main())
