"""Workbooks (XLSX): each sheet is a section, its rows a table with their header."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

from groundwire.adapters.parsers.archive import RELATION, Archive
from groundwire.adapters.parsers.assemble import Assembler
from groundwire.adapters.parsers.tables import add_sheet
from groundwire.model.documents import Parsed

MAIN = "xl/workbook.xml"
MAX_COLUMNS = 256
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REFERENCE = re.compile(r"([A-Z]+)\d+")
_BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_BUILT_IN_PERCENT = frozenset({9, 10})
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')


def parse_xlsx(archive: Archive) -> Parsed:
    """Read the cells as they are shown: dates as dates, percentages as percentages."""
    workbook = archive.xml(MAIN)
    related = archive.relations(MAIN)
    reader = _Cells(archive, epoch=_epoch(workbook))
    assembler = Assembler()
    for sheet in workbook.iter(f"{_S}sheet"):
        part = related.get(sheet.get(f"{RELATION}id", ""), "")
        if "worksheets/" in part:
            assembler.heading(sheet.get("name", ""), 1)
            add_sheet(reader.rows(part), assembler)
    return Parsed(blocks=tuple(assembler.blocks))


class _Cells:
    def __init__(self, archive: Archive, *, epoch: datetime) -> None:
        self._archive = archive
        self._epoch = epoch
        self._strings = _shared_strings(archive)
        self._formats = _formats(archive)

    def rows(self, part: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that are there, each with its number from 1."""
        with self._archive.open(part) as file:
            number = 0
            for _, element in ET.iterparse(file):  # noqa: S314 (the process is confined)
                if element.tag != f"{_S}row":
                    continue
                given = element.get("r", "")
                number = int(given) if given.isdigit() else number + 1
                yield number, self._row(element)
                element.clear()

    def _row(self, row: ET.Element) -> list[str]:
        cells: list[str] = []
        for cell in row.findall(f"{_S}c"):
            column = _column(cell.get("r", ""), len(cells))
            if column >= MAX_COLUMNS:
                break
            cells.extend([""] * (column - len(cells)))
            cells.append(self._value(cell))
        return cells

    def _value(self, cell: ET.Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return "".join(each.text or "" for each in cell.iter(f"{_S}t"))
        value = cell.findtext(f"{_S}v") or ""
        if kind == "s":
            index = int(value) if value.isdigit() else -1
            return self._strings[index] if 0 <= index < len(self._strings) else ""
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        return self._number(value, cell.get("s", "0")) if kind == "n" else value

    def _number(self, value: str, style: str) -> str:
        try:
            number = float(value)
        except ValueError:
            return value
        index = int(style) if style.isdigit() else 0
        shown = self._formats[index] if index < len(self._formats) else ""
        if shown == "date":
            return _date(self._epoch, number)
        return f"{number * 100:.10g}%" if shown == "percent" else f"{number:.15g}"


def _column(reference: str, default: int) -> int:
    match = _REFERENCE.fullmatch(reference)
    if not match:
        return default
    column = 0
    for letter in match.group(1):
        column = column * 26 + ord(letter) - ord("A") + 1
    return max(column - 1, default)


def _date(epoch: datetime, days: float) -> str:
    try:
        moment = epoch + timedelta(seconds=round(days * 86_400))
    except OverflowError:
        return f"{days:.15g}"
    if 0 <= days < 1:
        return moment.strftime("%H:%M")
    return moment.strftime("%Y-%m-%d" if days == int(days) else "%Y-%m-%d %H:%M")


def _epoch(workbook: ET.Element) -> datetime:
    properties = workbook.find(f"{_S}workbookPr")
    mac = properties is not None and properties.get("date1904") in ("1", "true")
    # Serial dates carry no zone. 1899-12-30, because Excel believes in 29 February 1900.
    return datetime(1904, 1, 1) if mac else datetime(1899, 12, 30)  # noqa: DTZ001


def _shared_strings(archive: Archive) -> list[str]:
    if "xl/sharedStrings.xml" not in archive:
        return []
    strings: list[str] = []
    with archive.open("xl/sharedStrings.xml") as file:
        for _, element in ET.iterparse(file):  # noqa: S314 (the process is confined)
            if element.tag == f"{_S}si":
                # Phonetic hints (rPh) repeat the text in kana.
                runs = [*element.findall(f"{_S}t"), *element.findall(f"{_S}r/{_S}t")]
                strings.append("".join(each.text or "" for each in runs))
                element.clear()
    return strings


def _formats(archive: Archive) -> list[str]:
    """Return ``date``, ``percent`` or nothing for each cell style."""
    if "xl/styles.xml" not in archive:
        return []
    styles = archive.xml("xl/styles.xml")
    custom = {
        int(each.get("numFmtId", "0")): _kind_of(each.get("formatCode", ""))
        for each in styles.iter(f"{_S}numFmt")
    }
    used = styles.find(f"{_S}cellXfs")
    ids = [int(each.get("numFmtId", "0")) for each in (() if used is None else used)]
    return [custom.get(id) or _built_in(id) for id in ids]


def _built_in(id: int) -> str:
    if id in _BUILT_IN_DATES:
        return "date"
    return "percent" if id in _BUILT_IN_PERCENT else ""


def _kind_of(code: str) -> str:
    bare = _QUOTED.sub("", code)
    if "%" in bare:
        return "percent"
    return "date" if re.search(r"[ymdhs]", bare, re.IGNORECASE) and "0.0" not in bare else ""
