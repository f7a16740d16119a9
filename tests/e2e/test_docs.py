"""The blocks of code in the documentation run, word for word, or say above them why not."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from fpdf import FPDF

from scripts.build_web import node_binary
from tests.support.server import NOWHERE, Served, serve
from tests.support.socket import talk

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
    "ts": ("node", "block.mts"),
}
ADDRESS = re.compile(r"\b(?:localhost|127\.0\.0\.1):3001\b")
GUIDE = "debmake makes the first files of a Debian package. The command df shows the disk space."


@dataclass(frozen=True, slots=True)
class Block:
    place: str
    language: str
    code: str
    why_not: str | None


def pages() -> dict[str, str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    return {name: (ROOT / name).read_text("utf-8") for name in listing.split("\0") if name}


def blocks_of(name: str, text: str) -> Iterator[Block]:
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("code"))
        yield Block(f"{name}:{line}", match["language"], match["code"], match["why"])


PAGES = pages()
BLOCKS = [block for name, text in PAGES.items() for block in blocks_of(name, text)]
# The frames of the protocol are held against their schemas by `test_protocol_text`.
RUN = [block for block in BLOCKS if block.why_not is None and block.language != "json"]


def test_every_block_is_run_or_says_why_not() -> None:
    assert len(RUN) >= 4
    assert [block.place for block in RUN if block.language not in COMMANDS] == []


@pytest.mark.parametrize("name", PAGES)
def test_no_block_and_no_excuse_is_overlooked(name: str) -> None:
    blocks = list(blocks_of(name, PAGES[name]))
    fences = re.findall(r"^ *(?:```|~~~)", PAGES[name], re.MULTILINE)
    excuses = re.findall(r"^ *<!-- *not run", PAGES[name], re.MULTILINE)

    assert len(fences) == 2 * len(blocks)
    assert len(excuses) == sum(block.why_not is not None for block in blocks)


@pytest.mark.slow
@pytest.mark.parametrize("block", RUN, ids=lambda block: block.place)
async def test_a_block_of_the_documentation_runs(block: Block, tmp_path: Path) -> None:
    """In a folder as the reader has it: the installed command, a document, perhaps a server."""
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    for name in ("guide.pdf", "手册.pdf"):
        (tmp_path / name).write_bytes(guide())
    async with AsyncExitStack() as stack:
        code = block.code
        if ADDRESS.search(code):
            served = await stack.enter_async_context(serve(tmp_path / ".groundwire"))
            code = here(code, served)
        typed = re.findall(r"^> (.*)\n", code, re.MULTILINE)
        printed = await run(block.language, without_wscat(code), tmp_path)
        if typed:
            await speak(printed.split()[-1], typed)


def guide() -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.multi_cell(0, 8, GUIDE)
    return bytes(pdf.output())


def here(code: str, served: Served) -> str:
    """Return ``code`` with what it leaves open: where the server is, a key, the client's place."""
    client = ROOT / "sdk" / "typescript" / "src" / "index.ts"
    return (
        ADDRESS.sub(f"127.0.0.1:{served.port}", code)
        .replace("gw_…", served.key)
        .replace('"@groundwire/client"', f'"{client}"')
    )


def without_wscat(code: str) -> str:
    """Return ``code`` that prints which address wscat would open, and types nothing.

    wscat comes from the network; `test_brief` talks with it.
    """
    return re.sub(r"^> .*\n", "", code, flags=re.MULTILINE).replace("npx wscat -c", "echo")


async def run(language: str, code: str, folder: Path) -> str:
    """Return what ``code`` prints; it must end well."""
    command = COMMANDS[language]
    (folder / command[-1]).write_text(code, "utf-8")
    path = os.pathsep.join([str(Path(node_binary()).parent), os.environ["PATH"]])
    ours = {"HOME": str(folder), "PATH": path, "GROUNDWIRE_OLLAMA_URL": NOWHERE}
    output = folder / "output"
    with output.open("wb") as file:
        child = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=os.environ | ours, stdout=file, stderr=file
        )
    try:
        await asyncio.wait_for(child.wait(), PATIENCE_S)
    except TimeoutError:
        child.kill()
        await child.wait()
    printed = output.read_text("utf-8")
    assert child.returncode == 0, printed
    return printed


async def speak(url: str, typed: list[str]) -> None:
    async with talk(url) as client:
        for line in typed:
            await client.socket.send(line)
            await client.next("done")
