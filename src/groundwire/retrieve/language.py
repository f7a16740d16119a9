"""Whether a text is Chinese. Pure."""

import re
from typing import Literal

Script = Literal["chinese", "letters", "mixed"]

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile("[A-Za-z]+")
# A Chinese word has two characters or so.
_CHARACTERS = 2
# A manual in Chinese has commands: it is Chinese unless there are this many words to one.
_LETTERS = 4


def is_chinese(text: str) -> bool:
    """Tell whether ``text`` is Chinese, whatever words in letters stand in it."""
    return script_of(text) != "letters"


def script_of(text: str) -> Script:
    """Return what ``text`` is written in; ``mixed`` if it has more in letters than Chinese."""
    chinese = len(_HAN.findall(text)) / _CHARACTERS
    words = len(_WORD.findall(text))
    if not chinese or _LETTERS * chinese < words:
        return "letters"
    return "mixed" if chinese < words else "chinese"
