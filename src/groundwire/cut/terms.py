"""The terms of texts that words are found by, in English and in Chinese. Pure."""

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from operator import add
from typing import Any

from groundwire.model.documents import Terms

_CJK = (
    "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_ALNUM = rf"[^\W_{_CJK}]"
# A run of Chinese, Japanese or Korean, or a word with whatever joins its parts: debian/control,
# foo_bar, 2.4.6, don't.
_RUN = re.compile(rf"[{_CJK}]+|{_ALNUM}+(?:[._/:@+'’-]{_ALNUM}+)*(?:\+\+|#)?")
_PART = re.compile(rf"{_ALNUM}+(?:['’]{_ALNUM}{{1,2}}(?!{_ALNUM}))?")
# No word of a language is longer; what is (base64, a hash of hashes) would only swell the index.
LONGEST_TERM = 64

# By name, since the library ships no types and pyright cannot see into it.
_snowball: Any = import_module("snowballstemmer")
_english: Any = _snowball.stemmer("english")
# A stemmer keeps the word it works on in itself.
_stemming = threading.Lock()


def chunk_terms(title: str, headings: Sequence[str], text: str) -> Terms:
    """Return what a chunk is found by that stands in ``title``, under ``headings``."""
    above = " \n ".join((title, *headings))
    return Terms(" ".join(cut_terms(above)), " ".join(cut_terms(text)))


def cut_terms(text: str) -> list[str]:
    """Return the terms of ``text``, with repetitions.

    A word gives its stem; one with joiners also itself, so that ``debian/control`` is found
    whole and by its parts. A Chinese run gives its characters and its pairs of neighbours:
    no dictionary is needed, and a word of two characters is a term.
    """
    terms: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if run > "\u2e7f":
            terms += run
            terms += map(add, run, run[1:])
        else:
            terms += _known_word(run) if len(run) <= LONGEST_TERM else _word(run)
    return terms


def _word(run: str) -> tuple[str, ...]:
    return (_stem(run[:LONGEST_TERM]),) if run.isalnum() else tuple(_compound(run))


# A text has few words, many times each.
_known_word = lru_cache(maxsize=65_536)(_word)


def _compound(run: str) -> Iterator[str]:
    parts = _PART.findall(run)
    if len(parts) > 1 or parts[0] != run:
        yield run[:LONGEST_TERM]
    for part in parts:
        yield _stem(part[:LONGEST_TERM])


def _stem(word: str) -> str:
    """Return the stem of an English word; other words come back more or less as they are."""
    with _stemming:
        return str(_english.stemWord(word.replace("’", "'")))
