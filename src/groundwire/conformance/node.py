"""A server to be tested: its model, its clock and its faults obey the process that started it.

Orders come as JSON, one a line, on standard input, and each is answered by one line on standard
output. The server ends with its input, or by a signal as any other.
"""

import asyncio
import contextlib
import importlib
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw
import msgspec

from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.adapters.models.scripted import ScriptedModel
from groundwire.adapters.runtime.process import die_with_the_parent
from groundwire.bootstrap import Groundwire, new_id, open_groundwire
from groundwire.conformance.script import steps_of
from groundwire.conversation import decide
from groundwire.conversation.follow import fold_all
from groundwire.conversation.keep import Keeper
from groundwire.model.access import Principal
from groundwire.model.events import Done
from groundwire.model.ids import LogId, PrincipalId, conversation_log
from groundwire.model.standing import Active
from groundwire.ports.chat_model import Language, ToolSpec
from groundwire.serving import Server, log_to_stderr
from groundwire.settings import Settings

Order = dict[str, Any]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Clock:
    """Time that can be put forward; ``ahead_s`` is by how much."""

    ahead_s: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)

    def wall(self) -> float:
        return time.time() + self.ahead_s

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s


@dataclass(slots=True)
class NoteTool:
    """Takes a note, if a person allows it; with ``wait``, once ``pen`` is set."""

    pen: asyncio.Event
    needs_approval: bool = True
    is_repeatable: bool = False
    notes: list[str] = field(default_factory=list[str])

    @property
    def spec(self) -> ToolSpec:
        text: dict[str, object] = {"type": "string"}
        schema: dict[str, object] = {"type": "object", "properties": {"text": text}}
        return ToolSpec(name="note", description="Takes a note.", schema=schema)

    def ask(self, input: Mapping[str, object], language: Language) -> str:
        return f"记下：{input.get('text')}" if language == "zh" else f"Note: {input.get('text')}"

    async def use(self, input: Mapping[str, object]) -> str:
        if input.get("wait"):
            await self.pen.wait()
        self.notes.append(str(input.get("text")))
        return f"noted: {input.get('text')}"


@dataclass(slots=True)
class Node:
    groundwire: Groundwire
    model: ScriptedModel
    clock: Clock
    note: NoteTool
    events: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    taken: dict[LogId, Active | None] = field(default_factory=dict["LogId", "Active | None"])

    def orders(self) -> dict[str, Callable[[Order], Awaitable[object]]]:
        return {
            "script": self.script,
            "release": self.release,
            "forget": self.forget,
            "user": self.user,
            "session": self.session,
            "token": self.token,
            "revoke": self.revoke,
            "advance": self.advance,
            "wakes": self.wakes,
            "asked": self.asked,
            "notes": self.notes,
            "break_search": self.break_search,
            "compact": self.compact,
            "members": self.members,
            "take_over": self.take_over,
            "finish": self.finish,
        }

    async def script(self, order: Order) -> object:
        """Say what the model answers to the next request; ``wait`` steps wait for `release`."""
        self.model.enqueue(*steps_of(order["steps"], self.events))
        return None

    async def forget(self, _: Order) -> object:
        """Forget what the model was to say and was not asked for, and what it had waited for."""
        self.model.forget()
        self.events.clear()
        self.note.pen = self.events.setdefault("pen", asyncio.Event())
        return None

    async def release(self, order: Order) -> object:
        self.events.setdefault(order["name"], asyncio.Event()).set()
        return None

    async def user(self, order: Order) -> object:
        """Return the API key of a new user."""
        principal = Principal(id=PrincipalId(new_id("p")), name=order["name"], role="editor")
        await self.groundwire.identities.add(principal)
        return await self.groundwire.authenticator.issue_key(principal, "key", "owner")

    async def session(self, order: Order) -> object:
        """Return a session token of the owner of ``key``."""
        identity = await self.groundwire.authenticator.identify(order["key"])
        token, _ = await self.groundwire.authenticator.issue_session(identity.principal)
        return token

    async def token(self, order: Order) -> object:
        """Return a session token with other ``claims`` than it should have, signed as it should."""
        from joserfc import jwt
        from joserfc.jwk import OctKey

        token = await self.session(order)
        key = OctKey.import_key(await self.groundwire.identities.secret("jwt"))
        claims = jwt.decode(str(token), key).claims | order["claims"]
        return jwt.encode({"alg": "HS256"}, claims, key)

    async def revoke(self, order: Order) -> object:
        identity = await self.groundwire.authenticator.identify(order["token"])
        await self.groundwire.authenticator.revoke(identity.credential.id)
        return None

    async def advance(self, order: Order) -> object:
        self.clock.ahead_s += order["seconds"]
        return None

    async def wakes(self, order: Order) -> object:
        """Drop every wake-up of the log, or drop them no more."""
        log = self.groundwire.assistant.log
        assert isinstance(log, SqliteEventLog)
        log.wakes = order["on"]
        return None

    async def asked(self, _: Order) -> object:
        """Return how many requests the model had, and how each that is over has ended."""
        return {"requests": len(self.model.requests), "ended": self.model.ended}

    async def notes(self, _: Order) -> object:
        """Return the notes that were taken."""
        return self.note.notes

    async def break_search(self, _: Order) -> object:
        """Take away what passages are found by."""
        data = self.groundwire.settings.data / "index.db"
        with contextlib.closing(apsw.Connection(str(data))) as index:
            names = index.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%fts5%'"
            ).fetchall()
            for (name,) in names:
                index.execute(f'DROP TABLE "{name}"')
        return None

    async def compact(self, _: Order) -> object:
        """Merge all that can be merged of what has ended, however lately."""
        later = self.clock.now() + timedelta(days=1)
        keeper = Keeper(self.groundwire.assistant.log, lambda: later, 1.0)
        while await keeper.compact():
            pass
        return None

    async def members(self, _: Order) -> object:
        """Return how many connections there are."""
        return len(self.groundwire.hub.members)

    async def take_over(self, order: Order) -> object:
        """Give the running turn another writer, which writes nothing until `finish`."""
        log = await self._log_of(order["session"])
        self.taken[log] = await self.groundwire.assistant.log.decide(log, decide.take_over)
        return None

    async def finish(self, order: Order) -> object:
        """End the turn that was taken over, once its old writer has tried to go on."""
        log = await self._log_of(order["session"])
        answers = self.groundwire.assistant.answers
        while answers.running(log) is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        active = self.taken.pop(log)
        assert active is not None
        fold = await fold_all(self.groundwire.assistant.log, log)
        said = fold.messages[active.asked.answer].content
        done = Done(
            turn_id=active.asked.turn,
            message_id=active.asked.answer,
            finish_reason="interrupted",
            content_hash=sha256(said.encode()).hexdigest(),
        )
        await self.groundwire.assistant.log.decide(
            log, lambda desk: decide.finish(desk, active, done)
        )
        return None

    async def _log_of(self, session: str) -> LogId:
        owner = await self.groundwire.authenticator.local_identity()
        conversation = await self.groundwire.assistant.archive.find(owner, session)
        return conversation_log(conversation.id)

    async def obey(self, line: bytes) -> object:
        order = json.loads(line)
        name = order.pop("order")
        try:
            return {"ok": await self.orders()[name](order)}
        except Exception as error:
            logger.exception("the order %s failed", name)
            return {"error": f"{type(error).__name__}: {error}"}


def break_rule(name: str) -> None:
    """Call ``module:function``, which breaks a rule here, to show that a case notices."""
    module, _, function = name.partition(":")
    getattr(importlib.import_module(module), function)()


async def main() -> None:
    """Take the data folder, settings, scripts and what breaks a rule from the command line."""
    die_with_the_parent()
    data, values, scripts = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
    if sys.argv[4]:
        break_rule(sys.argv[4])
    settings = msgspec.convert({"data": str(data), "port": 0, **values}, Settings, dec_hook=_path)
    log_to_stderr(settings)
    model, clock = ScriptedModel(), Clock()
    events: dict[str, asyncio.Event] = {}
    note = NoteTool(events.setdefault("pen", asyncio.Event()))
    for script in scripts:
        model.enqueue(*steps_of(script, events))
    opening = open_groundwire(
        settings, models=[model], embedder=ScriptedEmbedder(), tools=[note], now=clock.now
    )
    async with opening as groundwire:
        hub = groundwire.hub
        hub.clock, hub.wall, hub.tick_s, hub.revocation_s = clock.monotonic, clock.wall, 0.05, 0.2
        node = Node(groundwire, model, clock, note, events)
        server = Server(groundwire, lambda port: _announce(node, port))
        serving = asyncio.create_task(server.serve())
        obeying = asyncio.create_task(_obey(node, server))
        await serving
        obeying.cancel()


async def _announce(node: Node, port: int) -> None:
    owner = await node.groundwire.authenticator.owner()
    key = await node.groundwire.authenticator.issue_key(owner, "conformance", "owner")
    _say({"url": f"http://127.0.0.1:{port}", "key": key})


async def _obey(node: Node, server: Server) -> None:
    reader = asyncio.StreamReader(limit=1 << 26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    with contextlib.suppress(asyncio.CancelledError):
        while line := await reader.readline():
            _say(await node.obey(line))
        server.should_exit = True


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


def _path(kind: type, value: object) -> object:
    return Path(str(value)) if issubclass(kind, Path) else value


if __name__ == "__main__":
    asyncio.run(main())
