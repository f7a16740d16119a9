"""`groundwire serve`: the server, from its settings to its orderly stop."""

import asyncio
import logging
import re
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import uvicorn

from groundwire.bootstrap import ADDRESS, Groundwire, open_groundwire
from groundwire.settings import Settings, load
from groundwire.transport.sansio import HttpProtocol, SocketProtocol

Announce = Callable[[int], Awaitable[None]]

# What must never reach a log line: tokens in queries, headers and sub-protocols.
_SECRET = re.compile(
    r"((?:token|ticket|groundwire)=|bearer[ .]|gw_|eyJ|\"token\": *\")[^\s&\"';,]+", re.IGNORECASE
)


class Redacted(logging.Formatter):
    """Takes tokens out of whatever is logged, by us or by a library, tracebacks as well."""

    def format(self, record: logging.LogRecord) -> str:
        return _SECRET.sub(r"\1…", super().format(record))


def serve(flags: Mapping[str, object]) -> int:
    """Serve until told to stop; returns 0 after an orderly stop."""
    settings = load(flags).settings
    _log(settings)
    try:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve(settings))
    except ImportError:
        return asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    async with open_groundwire(settings) as groundwire:
        server = Server(groundwire, partial(_announce, settings, groundwire))
        for number in (signal.SIGINT, signal.SIGTERM):
            # uvicorn raises the signal that stopped it once more, for these: what follows is
            # our own orderly stop, which must not be cut short.
            signal.signal(number, _already_stopping)
        try:
            await server.serve()
        finally:
            (settings.data / ADDRESS).unlink(missing_ok=True)
    return 0 if server.started else 1


def _already_stopping(_: int, __: object) -> None:
    pass


async def _announce(settings: Settings, groundwire: Groundwire, port: int) -> None:
    """Print the address, and at the first start the link that makes the owner."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{port}"
    (settings.data / ADDRESS).write_text(address, encoding="utf-8")
    _say(f"Groundwire serves {address} (data: {settings.data})")
    if settings.single_user:
        _say("Single user: whoever is on this machine is the owner.")
    elif await groundwire.authenticator.needs_setup():
        token = await groundwire.authenticator.issue_setup()
        _say("First start. Create the owner's account here, once:")
        _say(f"  {address}/#/setup?token={token}")


class Server(uvicorn.Server):
    """Says on which port it serves, and sends the connections away before it stops."""

    def __init__(self, groundwire: Groundwire, announce: Announce) -> None:
        settings = groundwire.settings
        config = uvicorn.Config(
            groundwire.app(),
            host=settings.host,
            port=settings.port,
            ws=SocketProtocol,
            http=HttpProtocol,
            ws_max_size=settings.frame_bytes,
            ws_ping_interval=settings.heartbeat,
            ws_ping_timeout=settings.heartbeat,
            # Tokens are random text, and deflate costs 40 to 100 kB a connection.
            ws_per_message_deflate=False,
            access_log=False,
            log_config=None,
            lifespan="on",
            timeout_graceful_shutdown=5,
        )
        super().__init__(config)
        self._hub = groundwire.hub
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            await self._announce(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._hub.drain()
        await super().shutdown(sockets)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _log(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacted("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
