"""What of a passage a claim of the answer rests on. Pure.

What stands in both word for word is it; else the sentence, or row, of the passage that is most
like the claim, if one is like it enough.
"""

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from groundwire.answer.cite import MARKER, Span

# So many letters say that a text is quoted; fewer stand in many texts by chance.
_LETTERS_TO_QUOTE = 8
# A Chinese character tells as much as a few letters do.
_LETTERS_IN_WIDE = 2
_TERMS_TO_CONVINCE = 3
_SHARE_TO_CONVINCE = 0.6
_CELLS_TO_CONVINCE = 2

_CELL = " | "
_SENTENCE = re.compile(r"[^\n]*?(?:[.!?](?=\s|$)|[。！？；]|(?=\n)|$)", re.DOTALL)
_WORD = re.compile("[\u2e80-\U0010ffff]+|[^\\W_\u2e80-\U0010ffff]+")
# fmt: off
_COMMON = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "do", "does", "for",
    "from", "has", "have", "if", "in", "into", "is", "it", "its", "may", "no", "not", "of", "on",
    "or", "so", "than", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "were", "which", "will", "with", "you", "your",
))
# fmt: on


class Quoted(NamedTuple):
    """``passage[start:end]``."""

    start: int
    end: int


def find_quote(passage: str, answer: str, span: Span) -> Quoted | None:
    """Return what the answer took of ``passage`` for its claim ``span``; ``None`` if unknown."""
    claim = answer[span.start : span.end]
    return (
        _quotation(passage, _paragraph(answer[: span.start]) + claim)
        or _same(passage, claim)
        or _most_like(passage, claim)
    )


def _paragraph(before: str) -> str:
    """Return where a quotation of several sentences may have begun that one marker ends."""
    paragraph = before[before.rfind("\n\n") + 1 :]
    markers = list(MARKER.finditer(paragraph))
    return paragraph[markers[-1].end() :] if markers else paragraph


def _quotation(passage: str, claim: str) -> Quoted | None:
    """Return the longest run of sentences that stands in both, letter for letter."""
    letters, places = _letters_of(passage)
    sentences = [_letters_of(claim[start:end])[0] for start, end in _sentences(claim)]
    best, most = None, _LETTERS_TO_QUOTE - 1
    for first in range(len(sentences)):
        for last in range(len(sentences), first, -1):
            run = "".join(sentences[first:last])
            if _weigh(run) <= most:
                break
            if (at := letters.find(run)) >= 0:
                best, most = (places[at], places[at + len(run) - 1]), _weigh(run)
                break
    return _with_marks(passage, *best) if best else None


def _same(passage: str, claim: str) -> Quoted | None:
    """Return the sentence, or line, that is the claim, however short: a heading, a cell."""
    wanted, _ = _letters_of(claim)
    for start, end in _sentences(passage):
        if wanted and _letters_of(passage[start:end])[0] == wanted:
            return Quoted(start, end)
    return None


def _with_marks(passage: str, first: int, last: int) -> Quoted:
    """Return from the letter at ``first`` to the one at ``last``, with the marks around them."""
    before, after = reversed(passage[:first]), passage[last + 1 :]
    return Quoted(
        first - sum(1 for _ in takewhile(_is_mark, before)),
        last + 1 + sum(1 for _ in takewhile(_is_mark, after)),
    )


def _is_mark(character: str) -> bool:
    return not (character.isalnum() or character.isspace())


def _most_like(passage: str, claim: str) -> Quoted | None:
    claimed = _terms_of(claim)
    best, most = None, (False, 0)
    for start, end in _sentences(passage):
        said = passage[start:end]
        terms = _terms_of(said)
        shared = len(terms & claimed)
        if _CELL in said:
            convinces = _claimed_cells(said, claimed) >= _CELLS_TO_CONVINCE
            rank = (not _is_header(passage, start, end), shared)
        else:
            share = shared / max(min(len(terms), len(claimed)), 1)
            convinces = shared >= _TERMS_TO_CONVINCE and share >= _SHARE_TO_CONVINCE
            rank = (True, shared)
        if convinces and rank > most:
            best, most = Quoted(start, end), rank
    return best


def _claimed_cells(row: str, claimed: frozenset[str]) -> int:
    cells = [_terms_of(cell) for cell in row.split(_CELL)]
    return sum(1 for terms in cells if terms and terms <= claimed)


def _is_header(passage: str, start: int, end: int) -> bool:
    """Say whether a row is the first of several: what names columns is quoted with each row."""
    before = passage[:start].rstrip("\n").rpartition("\n")[2]
    after = passage[end + 1 :].partition("\n")[0]
    return _CELL in after and _CELL not in before


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each sentence, or line, begins and ends, without the space around it."""
    for match in _SENTENCE.finditer(text):
        said = match.group()
        if said.strip():
            start = match.start() + len(said) - len(said.lstrip())
            yield start, match.start() + len(said.rstrip())


def _letters_of(text: str) -> tuple[str, list[int]]:
    """Return the letters and digits of ``text``, and where each stands in it."""
    places = [at for at, letter in enumerate(text) if letter.isalnum()]
    return "".join(text[at] for at in places), places


def _weigh(letters: str) -> int:
    return sum(_LETTERS_IN_WIDE if letter > "\u2e7f" else 1 for letter in letters)


def _terms_of(text: str) -> frozenset[str]:
    """Return the words that say something; of Chinese, every two characters that meet."""
    terms: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        if word[0] <= "\u2e7f":
            terms.add(word)
        else:
            terms |= {word[at : at + 2] for at in range(max(len(word) - 1, 1))}
    return frozenset(terms - _COMMON)
