"""Whether a text is Chinese. Pure."""

import re

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile("[A-Za-z]+")


def is_chinese(text: str) -> bool:
    """Tell whether ``text`` is rather Chinese than in letters: a manual in Chinese has commands.

    A Chinese word has two characters or so.
    """
    characters = len(_HAN.findall(text))
    return characters > 0 and 2 * characters >= len(_WORD.findall(text))
