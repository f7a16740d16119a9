"""Rich Text Format (RTF): paragraphs under their headings, and tables."""

import codecs
import re
from dataclasses import dataclass, field, replace

from groundwire.adapters.parsers.archive import broken
from groundwire.adapters.parsers.assemble import Assembler
from groundwire.model.documents import Parsed

MAGIC = b"{\\rtf"
MAX_DEPTH = 200
_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\(.)|([{}])|([^\\{}\r\n]+)|[\r\n]+",
    re.DOTALL,
)
# Groups that hold no text of the document. One that begins with \* is skipped as well.
_SKIPPED = frozenset(
    b"colortbl info pict object themedata datastore header headerl headerr headerf footer footerl "
    b"footerr footerf generator xmlnstbl listtable listoverridetable rsidtbl fldinst filetbl "
    b"revtbl annotation atnid atnauthor latentstyles mmathPr wgrffmtfilter pgptbl bkmkstart "
    b"bkmkend tc xe nonshppict sp".split()
)
_SHOWN = frozenset(b"shptxt fldrslt pntext listtext upr ud".split())
_CHARACTERS = {
    b"tab": "\t", b"line": "\n", b"emdash": "—", b"endash": "–", b"bullet": "•", b"lquote": "‘",
    b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"emspace": " ", b"enspace": " ",
}  # fmt: skip
_SYMBOLS = {b"~": " ", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"\n": "\n", b"\r": "\n"}
_ENDS = frozenset(b"par page sect row nestrow cell nestcell".split())
# What a font's \fcharset means for its bytes.
_CHARSETS = {
    0: "cp1252", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250",
}  # fmt: skip
_HEADING = re.compile(r"\s*(?:heading|标题|標題|überschrift|titre)\s+(\d)", re.IGNORECASE)


@dataclass(slots=True)
class _State:
    """What a group inherits. ``target`` is whose text it is: the document's or a table's."""

    target: str = "text"
    font: int | None = None
    skip: int = 1  # how many characters stand in for one that is given by its number
    hidden: bool = False


@dataclass(slots=True)
class _Paragraph:
    style: int | None = None
    level: int | None = None
    in_table: bool = False
    item: bool = False


@dataclass(slots=True)
class _Reader:
    assembler: Assembler = field(default_factory=Assembler)
    state: _State = field(default_factory=_State)
    stack: list[_State] = field(default_factory=list[_State])
    paragraph: _Paragraph = field(default_factory=_Paragraph)
    codepage: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict[int, str])
    styles: dict[int, int] = field(default_factory=dict[int, int])
    text: list[str] = field(default_factory=list[str])
    pending: bytearray = field(default_factory=bytearray)
    name: list[str] = field(default_factory=list[str])
    number: int = 0
    cells: list[str] = field(default_factory=list[str])
    rows: list[list[str]] = field(default_factory=list[list[str]])
    to_skip: int = 0
    opened: bool = False

    # -- Tokens ---------------------------------------------------------------------------------

    def brace(self, brace: bytes) -> None:
        self.flush_bytes()
        if brace == b"{":
            if len(self.stack) >= MAX_DEPTH:
                raise broken()
            self.stack.append(self.state)
            self.state = replace(self.state)
            self.opened = True
        elif self.stack:
            if self.state.target == "styles":
                self.end_style()
            self.state = self.stack.pop()

    def word(self, word: bytes, value: int | None) -> None:
        if word == b"u" and value is not None:
            self.unicode(value)
            return
        self.flush_bytes()
        if word == b"bin":
            raise broken()  # pictures as bytes: no program writes them
        opened, self.opened = self.opened, False
        if opened and self._destination(word):
            return
        if word in _CHARACTERS:
            self.add(_CHARACTERS[word])
        elif self.state.target in ("fonts", "styles"):
            self._of_a_table(word, value)
        else:
            self._format(word, value)

    def symbol(self, symbol: bytes) -> None:
        if symbol == b"*" and self.opened:
            self.state.target = "unknown"
            return
        self.flush_bytes()
        if symbol in (b"\n", b"\r"):
            self.end_paragraph()
        else:
            self.add(_SYMBOLS.get(symbol, ""))

    def byte(self, byte: int) -> None:
        if self.to_skip:
            self.to_skip -= 1
        else:
            self.pending.append(byte)

    def plain(self, text: bytes) -> None:
        """Bytes beyond ASCII are in the code page as well, though they should not be there."""
        self.opened = False
        if self.to_skip:
            skipped = min(self.to_skip, len(text))
            self.to_skip -= skipped
            text = text[skipped:]
        self.pending += text

    def unicode(self, value: int) -> None:
        self.flush_bytes()
        self.add(chr(value & 0xFFFF))
        self.to_skip = self.state.skip

    # -- Text -----------------------------------------------------------------------------------

    def flush_bytes(self) -> None:
        self.to_skip = 0
        if self.pending:
            encoding = self.fonts.get(self.state.font or 0) or self.codepage
            self.add(bytes(self.pending).decode(encoding, "replace"))
            self.pending.clear()

    def add(self, text: str) -> None:
        if self.state.target == "styles":
            self.name.append(text)
        elif self.state.target == "text" and not self.state.hidden:
            self.text.append(text)

    def end_paragraph(self) -> None:
        if self.paragraph.in_table:
            self.add("\n")
            return
        self.end_table()
        text, self.text = _whole(self.text), []
        level = self.paragraph.level
        if level is None:
            level = self.styles.get(self.paragraph.style or 0)
        if level is not None:
            self.assembler.heading(text, level)
        elif self.paragraph.item and text.strip():
            self.assembler.item("• " + text.strip().lstrip("•·\uf0b7").strip())
        else:
            self.assembler.text(text)

    def end_cell(self) -> None:
        self.cells.append(_whole(self.text))
        self.text = []

    def end_row(self) -> None:
        self.rows.append(self.cells)
        self.cells = []

    def end_table(self) -> None:
        rows, self.rows = self.rows, []
        if rows:
            self.assembler.table(rows)

    def end_style(self) -> None:
        match = _HEADING.match("".join(self.name))
        if match:
            self.styles[self.number] = int(match.group(1))
        self.name, self.number = [], 0

    # -- Words ----------------------------------------------------------------------------------

    def _destination(self, word: bytes) -> bool:
        """Say whether ``word`` opened a group whose text is not the document's."""
        state = self.state
        if word == b"fonttbl":
            state.target = "fonts"
        elif word == b"stylesheet":
            state.target = "styles"
        elif word in _SHOWN:
            state.target = "text" if self._is_within_text() else state.target
            self.paragraph.item = self.paragraph.item or word in (b"pntext", b"listtext")
        elif word in _SKIPPED:
            state.target = "skipped"
        elif state.target != "unknown":
            return False
        return True

    def _is_within_text(self) -> bool:
        return all(state.target in ("text", "unknown") for state in self.stack)

    def _of_a_table(self, word: bytes, value: int | None) -> None:
        """Learn from the tables of fonts and of styles."""
        if self.state.target == "fonts" and word == b"f" and value is not None:
            self.state.font = value
        elif word == b"fcharset" and value in _CHARSETS and self.state.font is not None:
            self.fonts[self.state.font] = _CHARSETS[value]
        elif self.state.target == "styles" and word == b"s" and value is not None:
            self.number = value

    def _format(self, word: bytes, value: int | None) -> None:
        if word in _ENDS:
            self._end(word)
        elif word == b"pard":
            self.paragraph = _Paragraph()
        elif word == b"intbl":
            self.paragraph.in_table = True
        elif word in (b"ls", b"pnlvlblt"):
            self.paragraph.item = True
        elif word == b"v":
            self.state.hidden = value != 0
        elif value is not None:
            self._set(word, value)

    def _set(self, word: bytes, value: int) -> None:
        if word == b"s":
            self.paragraph.style = value
        elif word == b"outlinelevel":
            self.paragraph.level = value + 1 if value < 9 else None
        elif word == b"f":
            self.state.font = value
        elif word == b"uc":
            self.state.skip = value
        elif word == b"ansicpg":
            self.codepage = _codepage(value)

    def _end(self, word: bytes) -> None:
        if self.state.target != "text":
            return
        if word in (b"cell", b"nestcell"):
            self.end_cell()
        elif word in (b"row", b"nestrow"):
            self.end_row()
        else:
            self.end_paragraph()


def parse_rtf(content: bytes) -> Parsed:
    """Raises ``UnreadableDocument`` (broken)."""
    reader = _Reader()
    for match in _TOKEN.finditer(content):
        hexed, word, value, symbol, brace, plain = match.groups()
        if hexed:
            reader.byte(int(hexed, 16))
        elif word:
            reader.word(word, int(value) if value else None)
        elif brace:
            reader.brace(brace)
        elif symbol:
            reader.symbol(symbol)
        elif plain:
            reader.plain(plain)
    if len(reader.stack) > 1:  # the end is missing
        raise broken()
    reader.flush_bytes()
    reader.paragraph.in_table = False
    reader.end_paragraph()
    return Parsed(blocks=tuple(reader.assembler.blocks))


def _whole(parts: list[str]) -> str:
    """Join the text; a character beyond the first plane was written as two halves."""
    return "".join(parts).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _codepage(number: int) -> str:
    for name in (f"cp{number}", "gb18030" if number == 936 else "cp1252"):
        try:
            return codecs.lookup(name).name
        except LookupError:
            continue
    return "cp1252"
