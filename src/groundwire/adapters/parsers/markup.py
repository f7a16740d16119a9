"""HTML and Markdown."""

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

from groundwire.adapters.parsers.assemble import Assembler
from groundwire.adapters.parsers.clean import join_lines
from groundwire.model.documents import Parsed

_UNSEEN = frozenset({"script", "style", "noscript", "template", "svg", "nav", "head", "iframe"})
_BREAKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "main",
        "ol",
        "p",
        "section",
        "summary",
        "table",
        "tbody",
        "thead",
        "ul",
    ]
)
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr", "source", "col", "embed"})


def parse_html(text: str, assembler: Assembler | None = None) -> Parsed:
    """Read what a reader of the page sees: no scripts, no styles, no navigation."""
    reader = _Reader(assembler or Assembler())
    reader.feed(text)
    reader.close()
    reader.flush()
    return Parsed(blocks=tuple(reader.assembler.blocks), title=reader.title.strip() or None)


class _Reader(HTMLParser):
    """``_unseen`` counts the open elements that hide what is in them."""

    def __init__(self, assembler: Assembler) -> None:
        super().__init__(convert_charrefs=True)
        self.assembler = assembler
        self.title = ""
        self._inline = ""
        self._unseen = 0
        self._in_title = False
        self._pre = 0
        self._in_item = False
        self._heading: int | None = None
        self._tables: list[list[list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "title":
            self._in_title = not self.title
        elif tag in _UNSEEN:
            self._unseen += 1
        elif tag == "body":
            self._unseen = 0  # a head that was never closed hides nothing
        elif self._tables and tag != "table":
            self._start_in_table(tag)
        else:
            self._start(tag)

    def _start(self, tag: str) -> None:
        if tag == "br":
            self._inline += "\n"
        elif re.fullmatch(r"h[1-6]", tag):
            self.flush()
            self._heading = int(tag[1])
        elif tag == "pre":
            self.flush()
            self._pre += 1
        elif tag == "li":
            self.flush()
            self._in_item = True
        elif tag == "table":
            self.flush()
            self._tables.append([])
        elif tag in _BREAKS:
            self.flush()

    def _start_in_table(self, tag: str) -> None:
        table = self._tables[-1]
        if tag == "tr":
            table.append([])
        elif tag in ("td", "th"):
            if not table:
                table.append([])
            table[-1].append("")
        elif tag in _BREAKS or tag in ("br", "li"):
            self._to_cell(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif tag == "table" and self._tables:
            self._end_table()
        elif self._tables or tag in _VOID:
            return
        elif tag == "pre":
            self.flush()
            self._pre = max(self._pre - 1, 0)
        elif tag in _BREAKS or tag == "li" or re.fullmatch(r"h[1-6]", tag):
            self.flush()
            self._in_item = self._in_item and tag != "li"
            self._heading = None

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif self._unseen:
            return
        elif self._tables:
            self._to_cell(data)
        else:
            self._inline += data if self._pre else re.sub(r"\s+", " ", data)

    def flush(self) -> None:
        """Add the text that has come together as a block of its kind."""
        text, self._inline = self._inline, ""
        if not text.strip():
            return
        if self._pre:
            self.assembler.code(text)
        elif self._heading is not None:
            self.assembler.heading(text, self._heading)
        elif self._in_item:
            self.assembler.item(f"• {text.strip()}")
        else:
            self.assembler.text(text.strip())

    def _to_cell(self, text: str) -> None:
        table = self._tables[-1]
        if table and table[-1]:
            table[-1][-1] += re.sub(r"\s+", " ", text)

    def _end_table(self) -> None:
        """A table within a table is the layout of an older page: its text goes outwards."""
        table = self._tables.pop()
        if self._tables:
            self._to_cell(" ".join(cell for row in table for cell in row))
        elif any(len(row) > 1 for row in table):
            self.assembler.table(table)
        else:
            for row in table:
                self.assembler.text(" ".join(row).strip())


# -- Markdown -----------------------------------------------------------------------------------

_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_ATX = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_SETEXT = re.compile(r"\s{0,3}(=+|-{2,})\s*$")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s+\S")
_DELIMITER_ROW = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)
_INLINE = (
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"`([^`]+)`"), r"\1"),
    (re.compile(r"</?(?:br|b|i|em|strong|p|div|span|a|img|sub|sup)\b[^>]*>"), " "),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!|~-])"), r"\1"),
)


def parse_markdown(text: str) -> Parsed:
    assembler = Assembler()
    lines = _FRONT_MATTER.sub("", text.replace("\r\n", "\n")).split("\n")
    for kind, group in _markdown_blocks(lines):
        if kind.startswith("h"):
            assembler.heading(_plain(group[0]), int(kind[1]))
        elif kind == "code":
            assembler.code("\n".join(group))
        elif kind == "table":
            assembler.table([_table_cells(line) for line in group])
        elif kind == "item":
            assembler.item(_plain(join_lines(group)))
        else:
            assembler.text(_plain(join_lines(group)))
    first = next((each for each in assembler.blocks if each.kind == "heading"), None)
    return Parsed(blocks=tuple(assembler.blocks), title=first.text if first else None)


def _markdown_blocks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    index = 0
    group: list[str] = []
    while index < len(lines):
        taken, block = _special(lines, index, group)
        if taken or not lines[index].strip():
            if group and not (block and block[0] in ("h1", "h2") and block[1] is group):
                yield ("item" if _ITEM.match(group[0]) else "text"), group
            group = []
            if block:
                yield block
            index += max(taken, 1)
            continue
        if group and _ITEM.match(lines[index]):
            yield ("item" if _ITEM.match(group[0]) else "text"), group
            group = []
        group.append(re.sub(r"^\s*>+\s?", "", lines[index]))
        index += 1
    if group:
        yield ("item" if _ITEM.match(group[0]) else "text"), group


def _special(
    lines: list[str], index: int, group: list[str]
) -> tuple[int, tuple[str, list[str]] | None]:
    """Return how many lines at ``index`` are no paragraph, and the block that they make."""
    line = lines[index]
    if fence := _FENCE.match(line):
        end = next(
            (at for at in range(index + 1, len(lines)) if lines[at].strip() == fence.group(1)),
            len(lines),
        )
        return end + 1 - index, ("code", lines[index + 1 : end])
    if heading := _ATX.match(line):
        return 1, (f"h{len(heading.group(1))}", [heading.group(2)])
    if len(group) == 1 and _SETEXT.match(line) and not _ITEM.match(group[0]):
        return 1, ("h1" if "=" in line else "h2", group)
    if "|" in line and index + 1 < len(lines) and _DELIMITER_ROW.match(lines[index + 1]):
        end = index + 2
        while end < len(lines) and "|" in lines[end]:
            end += 1
        return end - index, ("table", [line, *lines[index + 2 : end]])
    return 0, None


def _table_cells(line: str) -> list[str]:
    return [_plain(cell.strip()) for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _plain(text: str) -> str:
    """Return Markdown's inline text as it is shown."""
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return unescape(text)
