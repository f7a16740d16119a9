"""The blocks of code in the documentation run, word for word, or say above them why not."""

import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from fpdf import FPDF

from tests.support.blocks import ADDRESS, COMMANDS, Block, Reader, blocks_of, pages, require_wscat
from tests.support.server import serve

GUIDE = "debmake makes the first files of a Debian package. The command df shows the disk space."

PAGES = pages()
BLOCKS = [block for name, text in PAGES.items() for block in blocks_of(name, text)]
# The frames of the protocol are held against their schemas by `test_protocol_text`; two pages
# have tests of their own, which know what their blocks have to bring about.
ELSEWHERE = ("docs/howto/talk-from-anywhere.md", "docs/howto/behind-a-proxy.md")
RUN = [
    block
    for block in BLOCKS
    if block.why_not is None and block.language != "json" and not block.place.startswith(ELSEWHERE)
]


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
    reader = Reader(tmp_path)
    for name in ("guide.pdf", "手册.pdf"):
        (tmp_path / name).write_bytes(guide())
    async with AsyncExitStack() as stack:
        code = block.code
        if ADDRESS.search(code):
            served = await stack.enter_async_context(serve(tmp_path / ".groundwire"))
            code = block.filled_in(port=served.port, key=served.key)
        if block.typed:
            require_wscat()
            await reader.talk(block.language, code, block.typed)
        else:
            await reader.run(block.language, code)


def guide() -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.multi_cell(0, 8, GUIDE)
    return bytes(pdf.output())
