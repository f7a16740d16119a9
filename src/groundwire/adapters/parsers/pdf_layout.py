"""Lines with their place on the page to blocks in reading order. Pure.

PDF knows no paragraphs, headings or code: they are told from the outline, the type size, the
font, the right margin and the space between lines.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

import msgspec

from groundwire.adapters.parsers.assemble import CELL
from groundwire.adapters.parsers.clean import clean_text, join_lines, tidy_spaces
from groundwire.adapters.parsers.pdf_lines import Entry, Line
from groundwire.adapters.parsers.pdf_tables import Table, find_tables
from groundwire.model.documents import Block

Page = Sequence[Line]

# Of the pages: what stands on so many of them in the same place is not the text's.
_FURNITURE_SHARE = 0.5
_FURNITURE_PAGES = 3
_EDGE_LINES = 2
# Of the page's height: where running heads and page numbers stand.
_MARGIN_SHARE = 0.1
_LEADERS = re.compile(r"(?:\s?[.．·…]){4,}\s*[\divxlc]*\s*$", re.IGNORECASE)
_ENTRY = re.compile(r"\S\s+(?:\d{1,4}|[ivxlc]{1,7})\s*$")
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|第)?\s*[-–—]?\s*(?:\d{1,5}|[ivxlc]{1,7})\s*[-–—]?\s*(?:页|頁)?"
    r"(?:\s*(?:/|of|共)\s*\d{1,5}\s*页?)?",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,3}){1,4}\.?\s+\S|第[一二三四五六七八九十百\d]+[章节部分篇]"
    r"|(?:chapter|appendix|part)\s+[\dA-Z]+\b)",
    re.IGNORECASE,
)
_BULLET = re.compile(
    r"(?:[•‣▪◦●○■□∙·*–—-]|\(?\d{1,2}[.)、]|\(?[a-z][.)]|（[一二三四五六七八九十]+）)\s*\S"
)
_NUMBER = re.compile(
    r"^(?:(?:chapter|appendix|part|第)?\s*(?:\d+|[A-Z]|[一二三四五六七八九十]+)(?:\.\d+)*[.章节部分篇]?)\s+",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.。！？!?：:；;][”’」』）》\"')]*\s*$")
_LABEL = re.compile(
    r"(?:chapter|appendix|part)\s+[\dA-Z]+|第\s*[一二三四五六七八九十百\d]+\s*[章部篇]|附录\s*\w+",
    re.IGNORECASE,
)
_HEADING_CHARS = 120
# The number before a title, which the outline may not have.
_NUMBER_CHARS = 20
# Lines that begin within this many points of each other are in one column.
_COLUMN = 20
# A line that ends further than this many type sizes from the margin ends its paragraph.
_RAGGED = 4.5
# So many lines of a page may run out of its text's width.
_FEW = 2
# PDFium's marks for a hyphen at the end of a line.
_CUTS = ("\ufffe", "\x02")
_CUT_WORD = re.compile(f"([A-Za-z]*)[{''.join(_CUTS)}]([A-Za-z]*)")


def arrange(pages: Sequence[Page], outline: Sequence[Entry]) -> list[Block]:
    """Turn the lines of all pages into blocks with pages and heading paths."""
    kept = [_without_contents(page) for page in _without_furniture(pages)]
    body = _body_size(kept)
    words = _vocabulary(kept)
    leading, end = _leading(kept), _end(kept)
    headings = _Headings(outline, body, kept)
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    for number, page in enumerate(kept, start=1):
        for group, level in _groups(page, number, headings, _Paragraphs(page, leading, end)):
            if isinstance(group, Table):
                text = "\n".join(CELL.join(row).rstrip() for row in group.rows)
                blocks.append(Block(text=text, kind="table", page=number, headings=_texts(path)))
                continue
            if level is None:
                _append(blocks, _block(group, words, number, _texts(path)))
                continue
            path = [each for each in path if each[0] < level]
            heading = Block(
                text=_prose(group, words),
                kind="heading",
                page=number,
                headings=_texts(path),
                level=min(level, 6),
            )
            blocks.append(heading)
            path.append((level, heading.text))
    return blocks


def _texts(path: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(text for _, text in path)


def _append(blocks: list[Block], block: Block) -> None:
    """Add ``block``, or add it to the list that it goes on with."""
    last = blocks[-1] if blocks else None
    if last and last.kind == block.kind == "list" and last.page == block.page:
        blocks[-1] = msgspec.structs.replace(last, text=f"{last.text}\n{block.text}")
    else:
        blocks.append(block)


def _block(group: Page, words: Counter[str], number: int, path: tuple[str, ...]) -> Block:
    if all(line.mono for line in group):
        return Block(text="\n".join(_indented(group)), kind="code", page=number, headings=path)
    kind = "list" if _BULLET.match(group[0].text.strip()) else "text"
    return Block(text=_prose(group, words), kind=kind, page=number, headings=path)


# -- What is not the text's: running heads, page numbers, contents ------------------------------


def _without_furniture(pages: Sequence[Page]) -> list[Page]:
    furniture = _Furniture(pages)
    return [
        [line for index, line in enumerate(page) if not furniture.holds(page, index)]
        for page in pages
    ]


class _Furniture:
    """Knows what most pages have at their edges: the same words, or a line at the same height."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._largest = 1.15 * _body_size(pages)
        self._repeated = _repeated(pages)
        self._bands = _bands(pages)

    def holds(self, page: Page, index: int) -> bool:
        from_edge = min(index, len(page) - 1 - index)
        line = page[index]
        if from_edge >= _EDGE_LINES or line.size > self._largest:
            return False
        if from_edge == 0 and line.text.strip() in self._repeated:
            return True
        if not _stands_apart(page, index):
            return False
        text = line.text.strip()
        in_margin = line.edge <= _MARGIN_SHARE
        return text in self._repeated or (
            in_margin and (round(line.y) in self._bands or bool(_PAGE_NUMBER.fullmatch(text)))
        )


def _repeated(pages: Sequence[Page]) -> set[str]:
    counts = Counter(
        text
        for page in pages
        for text in {line.text.strip() for line in (*page[:_EDGE_LINES], *page[-_EDGE_LINES:])}
    )
    enough = max(_FURNITURE_PAGES, len(pages) * _FURNITURE_SHARE)
    return {text for text, count in counts.items() if count >= enough}


def _bands(pages: Sequence[Page]) -> set[int]:
    """Return the heights at which most pages have a line that stands apart at their edge."""
    counts = Counter(
        round(page[index].y) + nudge
        for page in pages
        for index in {0, len(page) - 1}
        if page and _stands_apart(page, index)
        for nudge in (-1, 0, 1)
    )
    enough = max(_FURNITURE_PAGES, len(pages) * _FURNITURE_SHARE)
    return {height for height, count in counts.items() if count >= enough}


def _stands_apart(page: Page, index: int) -> bool:
    """Say whether more than a paragraph's space parts the line from the text."""
    towards_top = index >= len(page) // 2
    neighbour = index - 1 if towards_top else index + 1
    if not 0 <= neighbour < len(page):
        return True
    return abs(page[index].y - page[neighbour].y) > 1.7 * page[neighbour].size


def _without_contents(page: Page) -> Page:
    """Drop the lines of a table of contents: the headings themselves say it."""
    kept = [line for line in page if not _LEADERS.search(line.text)]
    if len(kept) > len(page) // 2:
        return kept
    # Chapters often stand among them without leaders.
    return [line for line in kept if not _ENTRY.search(line.text)]


# -- Headings -----------------------------------------------------------------------------------


class _Headings:
    """Says which lines are headings: by the outline where there is one, else by their type."""

    def __init__(self, outline: Sequence[Entry], body: float, pages: Sequence[Page]) -> None:
        self._body = body
        self._titles: dict[int, dict[str, int]] = defaultdict(dict)
        self._longest: dict[int, int] = defaultdict(int)
        for entry in outline:
            self._titles[entry.page].setdefault(_bare(entry.title), entry.level)
            self._longest[entry.page] = max(
                self._longest[entry.page], len(entry.title) + _NUMBER_CHARS
            )
        self._by_outline = len(outline) >= 2
        sizes = Counter(
            round(line.size, 1) for page in pages for line in page if self._is_large(line)
        )
        self._ranks = {size: rank for rank, size in enumerate(sorted(sizes, reverse=True)[:4], 1)}

    def level(self, line: Line, page: int) -> int | None:
        """Return 1 to 6, 1 outermost, or ``None`` for a line of text."""
        text = line.text.strip()
        if len(text) > _HEADING_CHARS or line.mono:
            return None
        if self._by_outline:
            titles = self._titles.get(page)
            if not titles or len(text) > self._longest[page]:
                return None
            return titles.get(_bare(text)) or titles.get(_bare(_NUMBER.sub("", text)))
        if not self._is_large(line) and not (line.bold and _NUMBERED.match(text)):
            return None
        return self._ranks.get(round(line.size, 1), 5)

    def _is_large(self, line: Line) -> bool:
        return (
            line.size >= self._body * 1.15
            and len(line.text.strip()) <= _HEADING_CHARS
            and any(character.isalpha() for character in line.text)
        )


def _bare(title: str) -> str:
    return re.sub(r"[\W_]+", "", _NUMBER.sub("", title)).casefold()


# -- Paragraphs ---------------------------------------------------------------------------------


class _Paragraphs:
    """Says which lines of a page are one paragraph.

    Given how far apart lines usually are, and how far to the right pages usually reach.
    """

    def __init__(self, page: Page, leading: float, end: float) -> None:
        self._leading = leading
        self._margins: dict[int, float] = defaultdict(float)
        beyond = [line for line in page if line.right > end + line.size]
        # A few lines that could not be broken tell nothing of the margin; many are a wide page.
        overfull = beyond if len(beyond) <= _FEW else []
        for line in page:
            if not line.mono and line not in overfull:
                column = int(line.left // _COLUMN)
                self._margins[column] = max(self._margins[column], line.right)

    def belongs(self, before: Line, line: Line) -> bool:
        """Say whether ``line`` goes on with the block that ends in ``before``."""
        drop = (before.foot - line.y) / before.size
        if before.mono and line.mono:
            return 0 <= drop <= 3.2
        if abs(before.size - line.size) > 0.12 * before.size or _BULLET.match(line.text.strip()):
            return False
        if before.mono != line.mono and (before.mono or _ENDED.search(before.text)):
            return False
        if not 0 < drop <= 1.25 * self._leading:
            return False
        if not _ENDED.search(before.text) and line.text.lstrip()[:1].islower():
            return True
        return before.right >= self._margin(before) - _RAGGED * before.size

    def _margin(self, line: Line) -> float:
        """Return how far to the right the column of ``line`` reaches."""
        column = int(line.left // _COLUMN)
        return max(self._margins.get(each, 0.0) for each in (column - 1, column, column + 1))


def _leading(pages: Sequence[Page]) -> float:
    """Return the usual distance between lines, in type sizes."""
    drops = Counter(
        round((before.y - line.y) / before.size, 1)
        for page in pages
        for before, line in pairwise(page)
        if not before.mono and not line.mono and 0.9 * before.size < before.y - line.y
    )
    common = [drop for drop, _ in drops.most_common(1)]
    return min(max(common[0] if common else 1.2, 1.1), 2.6)


def _end(pages: Sequence[Page]) -> float:
    """Return how far to the right text usually reaches, in points."""
    prose = ([line.right for line in page if not line.mono] for page in pages)
    ends = [max(rights) for rights in prose if rights]
    return median(ends) if ends else 0.0


def _groups(
    page: Page, number: int, headings: _Headings, paragraphs: _Paragraphs
) -> Iterator[tuple[list[Line] | Table, int | None]]:
    """Yield the lines of each block, with the level of a heading; of a table, the table."""
    at = 0
    for table in find_tables(page):
        yield from _text_groups(page[at : table.start], number, headings, paragraphs)
        yield table, None
        at = table.end
    yield from _text_groups(page[at:], number, headings, paragraphs)


def _text_groups(
    page: Page, number: int, headings: _Headings, paragraphs: _Paragraphs
) -> Iterator[tuple[list[Line], int | None]]:
    group: list[Line] = []
    for line in page:
        level = headings.level(line, number)
        if level is not None and _is_label(group, line):
            yield [*group, line], level
            group = []
            continue
        if group and (level is not None or not paragraphs.belongs(group[-1], line)):
            yield group, None
            group = []
        if level is not None:
            yield [line], level
        else:
            group.append(line)
    if group:
        yield group, None


def _is_label(group: Page, heading: Line) -> bool:
    """Say whether ``group`` is the "Chapter 1" above the name of the chapter."""
    return (
        len(group) == 1
        and group[0].size > 0.7 * heading.size
        and bool(_LABEL.fullmatch(group[0].text.strip()))
    )


def _body_size(pages: Sequence[Page]) -> float:
    sizes = [line.size for page in pages for line in page if not line.mono]
    return median(sizes) if sizes else 10.0


# -- Text ---------------------------------------------------------------------------------------


def _vocabulary(pages: Sequence[Page]) -> Counter[str]:
    """Count the words that stand whole in the document; they tell how to mend cut ones."""
    if not any(_has_cut(line.text) for page in pages for line in page):
        return Counter()
    return Counter(
        word
        for page in pages
        for line in page
        for word in re.findall(r"[A-Za-z]+(?:-[A-Za-z]+)*", line.text)
    )


def _prose(group: Page, words: Counter[str]) -> str:
    return tidy_spaces(join_lines([_mended(line.text, words) for line in group]))


def _indented(group: Page) -> Iterator[str]:
    """Yield lines of code with the indent that their place on the page shows."""
    edge = min(line.left for line in group)
    for line in group:
        step = line.size * 0.6
        yield " " * round((line.left - edge) / step) + clean_text(line.text).strip()


def _mended(text: str, words: Counter[str]) -> str:
    """Resolve a cut word by what the document has elsewhere."""
    if not _has_cut(text):
        return text

    def mend(match: re.Match[str]) -> str:
        left, right = match.group(1), match.group(2)
        hyphened = f"{left}-{right}"
        return hyphened if words[hyphened] > words[left + right] else left + right

    return _CUT_WORD.sub(mend, text)


def _has_cut(text: str) -> bool:
    return any(mark in text for mark in _CUTS)
