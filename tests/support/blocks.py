"""The blocks of code in the documentation, run as a reader would run them."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scripts.build_web import MODULES, node_binary, npx
from tests.support.server import NOWHERE

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>\S.*?) -->\n)?"
    r"^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
COMMANDS = {
    "sh": ("sh", "-eu", "block.sh"),
    "python": (sys.executable, "block.py"),
    "js": ("node", "--conditions=source", "block.mjs"),
    "ts": ("node", "block.mts"),
}
ADDRESS = re.compile(r"\b(?:localhost|127\.0\.0\.1):3001\b")
TYPED = re.compile(r"^> (.*)\n", re.MULTILINE)
DONE = '"type":"done"'


@dataclass(frozen=True, slots=True)
class Block:
    place: str
    heading: str
    language: str
    code: str
    why_not: str | None

    @property
    def typed(self) -> list[str]:
        """The lines that one types once it is connected."""
        return TYPED.findall(self.code)

    def filled_in(self, *, port: int, key: str, epoch: str = "EPOCH") -> str:
        """Return the code to run, with what it leaves to the reader in its place."""
        client = ROOT / "sdk" / "typescript" / "src"
        return (
            ADDRESS.sub(f"127.0.0.1:{port}", TYPED.sub("", self.code))
            .replace("gw_…", key)
            .replace("EPOCH", epoch)
            .replace('"@groundwire/client"', f'"{client / "index.ts"}"')
            .replace('"@groundwire/client/knowledge"', f'"{client / "knowledge" / "index.ts"}"')
        )


def pages() -> dict[str, str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    return {name: (ROOT / name).read_text("utf-8") for name in listing.split("\0") if name}


def blocks_of(name: str, text: str) -> Iterator[Block]:
    for match in BLOCK.finditer(text):
        before = text[: match.start("code")]
        headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", before), re.MULTILINE)
        place = f"{name}:{before.count(chr(10))}"
        heading = headings[-1] if headings else ""
        yield Block(place, heading, match["language"], match["code"], match["why"])


def require_wscat() -> None:
    """Skip where the page's development tools are not installed; in CI that is a failure."""
    if (MODULES / ".bin" / "wscat").exists():
        return
    if os.environ.get("CI") == "true":
        pytest.fail("wscat is not installed, and what uses it must run here.")
    pytest.skip("wscat is not installed: python scripts/build_web.py --check fetches it from npm.")


@dataclass(slots=True)
class Reader:
    """Somebody in a checkout of their own, with the tools of the documentation."""

    folder: Path
    _screen: str = field(default="")

    def __post_init__(self) -> None:
        (self.folder / ".venv").symlink_to(Path(sys.prefix))
        (self.folder / "sdk").symlink_to(ROOT / "sdk")
        (self.folder / "node_modules").symlink_to(MODULES)
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "npx").write_text(f'#!/bin/sh\nexec {" ".join(npx())} "$@"\n')
        (tools / "npx").chmod(0o755)

    async def run(self, language: str, code: str) -> str:
        """Return what ``code`` prints; it must end well, and by itself."""
        async with self._running(language, code) as child:
            assert child.stdin is not None
            child.stdin.close()
            await self._read(child)
        return self._screen

    async def talk(self, language: str, code: str, typed: list[str], *, shows: str = DONE) -> str:
        """Return what is shown by a program that one types to, once ``shows`` is.

        Without a terminal wscat drops what it is told before it is connected; it then shows
        the first frame. The end of what is typed ends the program.
        """
        async with self._running(language, code) as child:
            assert child.stdin is not None
            if typed and "wscat" in code:
                await self._read(child, until='"type":"welcome"')
            child.stdin.writelines(f"{line}\n".encode() for line in typed)
            await self._read(child, until=shows)
            child.stdin.close()
            await self._read(child)
        return self._screen

    @asynccontextmanager
    async def _running(
        self, language: str, code: str
    ) -> AsyncGenerator[asyncio.subprocess.Process]:
        command = COMMANDS[language]
        (self.folder / command[-1]).write_text(code, "utf-8")
        venv = str(Path(sys.prefix) / "bin")
        node = str(Path(node_binary()).parent)
        path = os.pathsep.join([str(self.folder / "tools"), node, venv, os.environ["PATH"]])
        ours = {
            "HOME": str(self.folder),
            "PATH": path,
            "GROUNDWIRE_OLLAMA_URL": NOWHERE,
            # What npx runs is installed: that of the lock, and no newer one.
            "npm_config_offline": "true",
            "npm_config_update_notifier": "false",
        }
        self._screen = ""
        child = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env=os.environ | ours,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield child
                assert await child.wait() == 0, self._screen
        except TimeoutError:
            pytest.fail(f"This does not end; so far it has said:\n{self._screen}")
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                await child.wait()

    async def _read(self, child: asyncio.subprocess.Process, *, until: str | None = None) -> None:
        """Read what is shown, to its end or until there is ``until``."""
        assert child.stdout is not None
        while until is None or until not in self._screen:
            part = await child.stdout.read(65_536)
            if not part:
                break
            self._screen += part.decode(errors="replace")
        assert until is None or until in self._screen, self._screen
