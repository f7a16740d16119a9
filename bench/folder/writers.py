"""Files by those who write such files: office libraries, a mail library, a PDF library."""

# These libraries type what they take and give loosely.
# pyright: reportUnknownMemberType=false, reportAttributeAccessIssue=false

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from html import escape
from itertools import count

import docx
import openpyxl
import pptx
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter

from bench.folder.material import Material, Story, read

PAGES = 6
CELLS = 400
_SLIDE = 1
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def write_docx(story: Story) -> bytes:
    document = docx.Document()
    document.add_heading(story.title, 1)
    for text in story.paragraphs:
        document.add_paragraph(text)
    table = document.add_table(rows=0, cols=2)
    for number, text in enumerate(story.paragraphs):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = str(number), text[:60]
    return _saved(document.save)


def write_pptx(story: Story) -> bytes:
    slides = pptx.Presentation()
    for text in story.paragraphs:
        slide = slides.slides.add_slide(slides.slide_layouts[_SLIDE])
        title = slide.shapes.title
        assert title is not None
        title.text = story.title
        slide.placeholders[1].text = text
    return _saved(slides.save)


def write_xlsx(story: Story) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["number", "title", "text"])
    for number, text in enumerate(story.paragraphs):
        sheet.append([number, story.title, text[:CELLS]])
    return _saved(book.save)


def write_csv(story: Story) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["number", "title", "text"])
    rows.writerows([n, story.title, text[:CELLS]] for n, text in enumerate(story.paragraphs))
    return text.getvalue().encode()


def write_odt(story: Story) -> bytes:
    lines = "".join(f"<text:p>{escape(text)}</text:p>" for text in story.paragraphs)
    head = f'<text:h text:outline-level="1">{escape(story.title)}</text:h>'
    content = (
        f'<office:document-content xmlns:office="{_ODF}:office:1.0" xmlns:text="{_ODF}:text:1.0">'
        f"<office:body><office:text>{head}{lines}</office:text></office:body>"
        "</office:document-content>"
    )
    mimetype = "application/vnd.oasis.opendocument.text"
    return zipped({"mimetype": mimetype.encode(), "content.xml": content.encode()})


def write_epub(story: Story) -> bytes:
    body = "".join(f"<p>{escape(text)}</p>" for text in story.paragraphs)
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="book.opf"/></rootfiles></container>'
    )
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(story.title)}</dc:title>'
        '</metadata><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
        '</manifest><spine><itemref idref="a"/></spine></package>'
    )
    page = f"<html><body><h1>{escape(story.title)}</h1>{body}</body></html>"
    files = {"META-INF/container.xml": container, "book.opf": book, "a.xhtml": page}
    packed = {name: text.encode() for name, text in files.items()}
    return zipped({"mimetype": b"application/epub+zip", **packed})


def write_eml(story: Story) -> bytes:
    return _mail(story).as_bytes()


def write_mbox(story: Story) -> bytes:
    mails = (_mail(Story(f"{story.title} ({n})", (text,))) for n, text in _numbered(story))
    between = b"From a@example.org Mon Jan  1 00:00:00 2024\n"
    return b"".join(between + bytes(mail) + b"\n\n" for mail in mails)


def write_zip(story: Story) -> bytes:
    return zipped(
        {
            "docs/story.html": write_html(story),
            "docs/rows.csv": write_csv(story),
            **{f"notes/{n}.txt": text.encode() for n, text in _numbered(story)},
        }
    )


def write_html(story: Story) -> bytes:
    body = "".join(f"<p>{escape(text)}</p>" for text in story.paragraphs)
    head = f"<head><title>{escape(story.title)}</title></head>"
    return f"<!doctype html><html>{head}<body>{body}</body></html>".encode()


def write_markdown(story: Story) -> bytes:
    return "\n\n".join([f"# {story.title}", *story.paragraphs]).encode()


def write_rtf(story: Story) -> bytes:
    paragraphs = "".join(f"{_rtf(text)}\\par\n" for text in (story.title, *story.paragraphs))
    return b"{\\rtf1\\ansi\\uc1\n" + paragraphs.encode("ascii") + b"}"


def write_srt(story: Story) -> bytes:
    cues = (
        f"{n + 1}\n00:{n // 60:02}:{n % 60:02},000 --> 00:{n // 60:02}:{n % 60:02},900\n{text}\n"
        for n, text in _numbered(story)
    )
    return "\n".join(cues).encode()


def write_pdf(story: Story) -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    for text in (story.title, *story.paragraphs):
        pdf.multi_cell(0, 6, text.encode("latin-1", "replace").decode("latin-1"))
        pdf.ln(3)
    return bytes(pdf.output())


WRITERS: dict[str, Callable[[Story], bytes]] = {
    ".docx": write_docx,
    ".pptx": write_pptx,
    ".xlsx": write_xlsx,
    ".odt": write_odt,
    ".epub": write_epub,
    ".eml": write_eml,
    ".mbox": write_mbox,
    ".zip": write_zip,
    ".csv": write_csv,
    ".md": write_markdown,
    ".rtf": write_rtf,
    ".srt": write_srt,
    ".pdf": write_pdf,
}


class Slices:
    """Pages of the PDFs that were found, a few at a time, each time others."""

    def __init__(self, material: Material) -> None:
        readers = [PdfReader(io.BytesIO(read(path))) for path in material.pdfs]
        self._places = [
            (reader, first) for reader in readers for first in range(0, len(reader.pages), PAGES)
        ]
        self._next = count()

    def cut(self) -> bytes | None:
        """Return the next pages, ``None`` when there are none that were not cut yet."""
        number = next(self._next)
        if number >= len(self._places):
            return None
        # Every so-manieth, so that the first ones are not all from one manual.
        step = _coprime(len(self._places))
        reader, first = self._places[number * step % len(self._places)]
        writer = PdfWriter()
        for page in reader.pages[first : first + PAGES]:
            writer.add_page(page)
        return _saved(writer.write)


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _mail(story: Story) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "a@example.org", "b@example.org"
    mail["Subject"] = story.title.replace("\n", " ")[:80]
    mail["Date"] = "Mon, 01 Jan 2024 00:00:00 +0000"
    mail.set_content("\n\n".join(story.paragraphs))
    mail.add_attachment(write_csv(story), maintype="text", subtype="csv", filename="rows.csv")
    # Or one would be drawn by chance.
    mail.set_boundary("=== groundwire ===")
    return mail


def _rtf(text: str) -> str:
    out = list[str]()
    for unit in memoryview(text.encode("utf-16-le")).cast("H"):
        character = chr(unit)
        if unit < 128:
            out.append(f"\\{character}" if character in "\\{}" else character)
        else:
            out.append(f"\\u{unit - (unit > 32767) * 65536}?")
    return "".join(out)


def _numbered(story: Story) -> Sequence[tuple[int, str]]:
    return list(enumerate(story.paragraphs))


def _coprime(count: int) -> int:
    """Return a step that visits all of ``count`` places."""
    return next(step for step in (7, 11, 13, 17, 19, 23) if count % step or count == 1)


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()
