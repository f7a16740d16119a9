"""The HTTP server around the application: its protocols, its stop, and its log."""

import logging
import re
import socket
import sys
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.types import ASGIApp

from groundwire.bootstrap import Groundwire
from groundwire.model.errors import Overloaded
from groundwire.settings import Settings
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


def configure(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Return how an application is served, and by which implementations of the protocols."""
    return uvicorn.Config(
        app,
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


class Server(uvicorn.Server):
    """Says on which port it serves, and sends the connections away before it stops."""

    def __init__(self, groundwire: Groundwire, announce: Announce) -> None:
        super().__init__(configure(groundwire.app(), groundwire.settings))
        self._hub = groundwire.hub
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit as error:  # uvicorn has logged what the system said
            raise Overloaded(
                f"Port {self.config.port} of {self.config.host} cannot be listened at. If another "
                "program does, or another Groundwire, end that one or give another --port."
            ) from error
        if self.started:
            await self._announce(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._hub.drain()
        await super().shutdown(sockets)


def without_their_faults(record: logging.LogRecord) -> bool:
    """Take away uvicorn's traceback of what a client did wrong: it sent what is not UTF-8."""
    error = record.exc_info[1] if record.exc_info else None
    if record.name == "uvicorn.error" and isinstance(error, UnicodeDecodeError):
        record.exc_info = None
    return True


def log_to_stderr(settings: Settings) -> None:
    """Log as the settings say, without a token in any line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(without_their_faults)
    handler.setFormatter(Redacted("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
