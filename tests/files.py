"""Real files made for tests, and reading them."""

# fpdf2 types what it takes loosely.
# pyright: reportUnknownMemberType=false

import io
from pathlib import Path
from typing import IO, Protocol

import pytest
from fpdf import FPDF

from groundwire.adapters.parsers.pool import ParserPool
from groundwire.model.documents import Parsed
from groundwire.model.errors import UnreadableDocument


class Saveable(Protocol):
    def save(self, file: IO[bytes], /) -> object: ...


async def read(parser: ParserPool, folder: Path, name: str, content: bytes) -> Parsed:
    path = folder / "blob"
    path.write_bytes(content)
    return await parser.parse(path, name=name)


def saved(document: Saveable) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def texts(parsed: Parsed, kind: str | None = None) -> list[str]:
    return [block.text for block in parsed.blocks if kind in (None, block.kind)]


def report(pages: int = 4) -> FPDF:
    """A report with a running head, page numbers, an outline and paragraphs that wrap."""

    class Report(FPDF):
        def header(self) -> None:
            self.set_font("Helvetica", size=8)
            self.cell(0, 8, "Annual report of the lighthouse", new_x="LMARGIN", new_y="NEXT")
            self.ln(14)

        def footer(self) -> None:
            self.set_y(-15)
            self.set_font("Helvetica", size=8)
            self.cell(0, 8, f"{self.page_no()} / {pages}", align="C")

    pdf = Report()
    for number in range(1, pages + 1):
        pdf.add_page()
        pdf.start_section(f"Chapter about year {number}")
        pdf.set_font("Helvetica", "B", 18)
        pdf.cell(0, 12, f"Chapter about year {number}", new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("Helvetica", size=11)
        pdf.multi_cell(
            0, 6,
            f"In year {number} the lamp was lit on {number * 90} nights. The keeper wrote each of "
            "them down, the weather and the ships that passed, in a book that is still there.",
        )  # fmt: skip
    return pdf


async def refused(parser: ParserPool, folder: Path, name: str, content: bytes, reason: str) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        await read(parser, folder, name, content)
    assert caught.value.reason == reason
    return caught.value.message
