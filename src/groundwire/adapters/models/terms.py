"""Words that carry a question's meaning, in English and Chinese. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from itertools import pairwise
from typing import Any

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+(?:['’][^\W_{_CJK}]{{1,2}})?")
_WIDE = re.compile(f"[{_CJK}]")

_STOP = frozenset(
    """a an the this that these those it its of in on at to for from by with about into as is are
    was were be been being do does did done can could may might must should would will shall
    have has had i you he she we they me my your our their his her them us what which who whom
    whose when where why how and or not no if then than there here so some any much many more
    most long get got please tell say said mean means use used called good""".split()  # noqa: SIM905 (a list would fill a page)
)
# What a Chinese question asks with; the rest is what it asks about.
_ASKING = re.compile(
    "请问|请告诉我|为什么|为何|什么时候|什么地方|什么样|什么|怎么样|怎么办|怎样|怎么|如何|多少|多久|多大|多长"
    "|哪些|哪个|哪一个|哪种|哪里|哪儿|哪年|哪一年|哪位|哪|谁|几个|几种|几次|几|是否|能不能|可不可以|可以|应该|需要"
    "|有没有|吗|呢|的|了|是|在|和|与|或|用|把|被|个|里|中|上|下|之后|以后|之前|大约|大概"
)

# By name: the library ships no types.
_english: Any = import_module("snowballstemmer").stemmer("english")


def has_wide(text: str) -> bool:
    """Say whether ``text`` has Chinese or Japanese characters."""
    return _WIDE.search(text) is not None


def cut_terms(text: str) -> list[str]:
    """Return the stems of the words and the pairs of neighbouring Chinese characters."""
    return list(_terms(_fold(text)))


def question_terms(question: str) -> list[str]:
    """Return the terms that ``question`` is about, once each: no function or question words."""
    about = _ASKING.sub(" ", _fold(question))
    terms = dict.fromkeys(term for term in _terms(about) if term not in _STOP_STEMS)
    return list(terms) or list(dict.fromkeys(_terms(_fold(question))))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _terms(text: str) -> Iterator[str]:
    for run in _RUN.findall(text):
        if run >= "\u3040":
            yield from ([run] if len(run) == 1 else map("".join, pairwise(run)))
        else:
            yield stem(run[:64])


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    return str(_english.stemWord(word.replace("’", "'")))


_STOP_STEMS = _STOP | {stem(word) for word in _STOP}
