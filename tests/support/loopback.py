"""An application of aiohttp on a free port of loopback, for what a test or a bench talks to."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from ssl import SSLContext

from aiohttp import web


@asynccontextmanager
async def serve_app(
    app: web.Application, *, ssl: SSLContext | None = None, sees_leaving: bool = False
) -> AsyncGenerator[str]:
    """Yield its address. With ``sees_leaving`` an answer is cancelled when its client leaves."""
    # An answer that a test holds is not waited for in the end.
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=sees_leaving, shutdown_timeout=0.2
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl).start()
        yield f"http{'s' if ssl else ''}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
