"""How far a text is Chinese. Pure."""

import re

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile("[A-Za-z]+")
# A Chinese word has two characters or so.
_CHARACTERS = 2
# A question in Chinese may name commands and titles: with this share of its words it is one.
_LEAST = 0.2


def is_chinese(text: str) -> bool:
    """Tell whether ``text`` is Chinese, whatever words in letters stand in it."""
    return _share(text) >= _LEAST


def chinese_share(text: str) -> float:
    """Return which share of its words ``text`` has in Chinese; 1 if most are: a manual in
    Chinese has commands.
    """
    share = _share(text)
    return share if share < 1 / 2 else 1.0


def _share(text: str) -> float:
    chinese = len(_HAN.findall(text)) / _CHARACTERS
    return chinese / (chinese + len(_WORD.findall(text))) if chinese else 0.0
