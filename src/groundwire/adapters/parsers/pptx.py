"""Slides (PPTX): each slide is a page."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from groundwire.adapters.parsers.archive import RELATION, Archive
from groundwire.adapters.parsers.assemble import Assembler
from groundwire.model.documents import Parsed

MAIN = "ppt/presentation.xml"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_TITLES = ("title", "ctrTitle")
_NOT_SAID = ("sldNum", "dt", "ftr", "hdr", "sldImg")


def parse_pptx(archive: Archive) -> Parsed:
    """Read the slides in the order they are shown, each with its title and its notes."""
    related = archive.relations(MAIN)
    slides = [
        related[id]
        for each in archive.xml(MAIN).iter(f"{_P}sldId")
        if (id := each.get(f"{RELATION}id", "")) in related
    ]
    assembler = Assembler()
    for number, part in enumerate(slides, start=1):
        assembler.slide(number)
        _slide(archive, part, assembler)
    return Parsed(blocks=tuple(assembler.blocks), pages=len(slides))


def _slide(archive: Archive, part: str, assembler: Assembler) -> None:
    shapes = list(_shapes(archive.xml(part)))
    titles = [shape for shape in shapes if _placeholder(shape) in _TITLES]
    # Every slide opens a section of its own, titled or not.
    name = " ".join(line for shape in titles for line in _paragraphs(shape)).strip()
    assembler.leave_section()
    assembler.heading(name, 1)
    for shape in shapes:
        if shape.tag == f"{_A}tbl":
            assembler.table(_rows(shape))
        elif shape not in titles and _placeholder(shape) not in _NOT_SAID:
            _body(shape, assembler)
    for target in archive.relations(part).values():
        if "notesSlide" in target and target in archive:
            for shape in _shapes(archive.xml(target)):
                if _placeholder(shape) == "body":
                    assembler.text("\n".join(_paragraphs(shape)))


def _body(shape: ET.Element, assembler: Assembler) -> None:
    lines = [line for line in _paragraphs(shape) if line.strip()]
    if len(lines) == 1:
        assembler.text(lines[0])
        return
    for line in lines:
        assembler.item(f"• {line.strip()}")


def _shapes(root: ET.Element) -> Iterator[ET.Element]:
    """Yield shapes with text, and tables, groups opened, in the order of drawing."""
    for element in root.iter():
        if element.tag in (f"{_P}sp", f"{_A}tbl"):
            yield element


def _placeholder(shape: ET.Element) -> str | None:
    """Return what kind of placeholder the shape fills; ``body`` is one without a kind."""
    found = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return None if found is None else found.get("type", "body")


def _paragraphs(shape: ET.Element) -> Iterator[str]:
    for paragraph in shape.iter(f"{_A}p"):
        yield "".join(
            "\n" if element.tag == f"{_A}br" else element.text or ""
            for element in paragraph.iter()
            if element.tag in (f"{_A}t", f"{_A}br")
        ).replace("\n", " ")


def _rows(table: ET.Element) -> list[list[str]]:
    return [
        [" ".join(_paragraphs(cell)) for cell in row.findall(f"{_A}tc")]
        for row in table.findall(f"{_A}tr")
    ]
