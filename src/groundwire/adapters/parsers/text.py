"""Plain text and CSV, in whatever encoding they come."""

import codecs
import csv
import re
from itertools import groupby
from statistics import median

from groundwire.adapters.parsers.assemble import Assembler
from groundwire.adapters.parsers.clean import join_lines
from groundwire.model.documents import Parsed

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEGACY = ("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1252")
_SAMPLE_BYTES = 64 << 10
# The commonest characters of Chinese, as written on the mainland and in Taiwan and Hong Kong, and
# of Korean: any two bytes of the one are some syllable of the other.
_COMMON = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可"
    "里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老"
    "从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给"
    "這來個國說們為時會過學對後麼沒於還發當無開經頭動兩長樣現將與進實點種聲話兒問機給"
    "，。、：；！？（）《》「」“”"
    "이다는에의을가고하지로를은한기사도리자어서나인아시대해스정있그라주들수일것부전보적으게니원구장상제여과"
    "성만면소공동국비신방조유마경했습우때년무안물모선실화용당오문학관위연생내등행중요거진각되"
)
_USUAL_ROWS = {bytes([row]) for row in range(0xB0, 0xD8)}
_CHAPTER = re.compile(
    r"\s*(?:第[一二三四五六七八九十百千零〇\d]{1,6}[章节回卷部篇]|chapter\s+\w+\b).{0,40}",
    re.IGNORECASE,
)


def decode(content: bytes) -> str | None:
    """Return ``content`` as text, or ``None`` if it is none.

    A byte-order mark decides, then UTF-8, then UTF-16 by its zeros, then whichever legacy
    encoding makes the most common characters of its language.
    """
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return content.decode(encoding, "replace")
    if b"\0" in content[:_SAMPLE_BYTES]:
        return _decode_utf16(content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    sample = content[:_SAMPLE_BYTES]
    best = max(_LEGACY, key=lambda encoding: _plausibility(sample, encoding))
    return content.decode(best, "replace") if _plausibility(sample, best) > 0 else None


def parse_text(text: str, assembler: Assembler | None = None) -> Parsed:
    """Read paragraphs; lines that were wrapped at a width are joined again."""
    assembler = assembler or Assembler()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for filled, group in groupby(lines, key=lambda line: bool(line.strip())):
        if filled:
            _paragraph(list(group), assembler)
    return Parsed(blocks=tuple(assembler.blocks))


def parse_csv(text: str, *, name: str) -> Parsed:
    """Read rows; the first is the header of all."""
    assembler = Assembler()
    sample = text[:_SAMPLE_BYTES]
    try:
        delimiter = csv.Sniffer().sniff(sample, ",;\t|").delimiter
    except csv.Error:
        delimiter = "\t" if name.lower().endswith(".tsv") else ","
    # A field may be as long as the file; the default limit is 128 kB.
    csv.field_size_limit(len(text) + 1)
    rows = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    assembler.table(rows, first=1)
    return Parsed(blocks=tuple(assembler.blocks))


def _paragraph(lines: list[str], assembler: Assembler) -> None:
    if len(lines) == 1 and _CHAPTER.fullmatch(lines[0]):
        assembler.heading(lines[0], 1)
    elif _is_wrapped(lines):
        assembler.text(join_lines(lines))
    else:
        for line in lines:
            assembler.text(line)


def _is_wrapped(lines: list[str]) -> bool:
    """Say whether the lines end where a margin was, not where their author ended them."""
    if len(lines) < 2:
        return False
    widths = [len(line.rstrip()) for line in lines[:-1]]
    widest = max(widths)
    return 30 <= widest <= 130 and median(widths) >= 0.8 * widest


def _decode_utf16(content: bytes) -> str | None:
    sample = content[:_SAMPLE_BYTES]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 0.1 * len(sample) or min(even, odd) > 0.02 * len(sample):
        return None
    try:
        return content.decode("utf-16-le" if odd > even else "utf-16-be")
    except UnicodeDecodeError:
        return None


def _plausibility(sample: bytes, encoding: str) -> float:
    """Return how much the sample looks like text in ``encoding``, at most 1."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        text = decoder.decode(sample, final=False)
    except UnicodeDecodeError:
        return -1.0
    if encoding == "cp1252":
        return _western(text)
    foreign = [character for character in text if character > "\x7f"]
    return sum(map(_familiar, foreign)) / max(len(foreign), 1)


def _familiar(character: str) -> float:
    if character in _COMMON or "\u3041" <= character <= "\u30fe":
        return 1.0
    if "\u4e00" <= character <= "\u9fff":
        return 0.4 if _is_usual(character) else 0.2
    if "\uac00" <= character <= "\ud7a3":
        return 0.2
    # Half-width kana, private use, boxes: what one encoding read as another looks like.
    return -1.0


def _is_usual(character: str) -> bool:
    """Say whether it is one of the 3,755 characters that most of Chinese is written in."""
    return character.encode("gb2312", "ignore")[:1] in _USUAL_ROWS


def _western(text: str) -> float:
    """Accented letters stand alone among plain ones; pairs of them are another encoding."""
    foreign = re.findall(r"[^\x00-\x7f]+", text)
    if any("\x80" <= character <= "\x9f" for run in foreign for character in run):
        return -1.0
    lone = sum(1 for run in foreign if len(run) == 1 or not any(map(str.isalpha, run)))
    return 0.9 * lone / max(len(foreign), 1)
