"""`groundwire serve`: the server, from its settings to its orderly stop."""

import asyncio
import signal
from collections.abc import Mapping
from functools import partial

from groundwire.bootstrap import ADDRESS, Groundwire, open_groundwire
from groundwire.serving import Server, log_to_stderr
from groundwire.settings import Settings, load


def serve(flags: Mapping[str, object]) -> int:
    """Serve until told to stop; returns 0 after an orderly stop."""
    settings = load(flags).settings
    log_to_stderr(settings)
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


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201
