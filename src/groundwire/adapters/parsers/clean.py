"""Text as files hold it to text as people read it. Pure."""

import re
import unicodedata
from collections.abc import Sequence

_CJK = "\u2e80-\u2fdf\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CJK_MARKS = "\u3000-\u3004\uff00-\uffef“”‘’"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\u200b\u00ad]")
_BLANKS = re.compile(r"[ \t\u3000]+")
_SPACED = re.compile(rf"(?<=[{_CJK}{_CJK_MARKS}])[ \u00a0]+(?=[{_CJK}{_CJK_MARKS}])")
_ADJACENT = re.compile(rf"[{_CJK}](?=[{_CJK}])")
_ENDS_WIDE = re.compile(rf"[{_CJK}\u3000-\u3004\uff00-\uffef]$")
_BEGINS_WIDE = re.compile(rf"^[{_CJK}\u3000-\u3004\uff00-\uffef]")


def clean_text(text: str) -> str:
    """Drop control characters and invisible marks; compose what is written in parts.

    Composed, not folded (NFC): the reader sees the characters of the document.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    return unicodedata.normalize("NFC", _CONTROL.sub("", text).replace("\u00a0", " "))


def tidy_spaces(text: str) -> str:
    """Clean a paragraph: single spaces, and none where a PDF has spaced its Chinese out.

    A few spaces between Chinese words are the author's (columns, names) and stay.
    """
    text = _BLANKS.sub(" ", clean_text(text)).strip()
    tight, spaced = _SPACED.subn("", text)
    return tight if spaced > len(_ADJACENT.findall(text)) else text


def join_lines(lines: Sequence[str]) -> str:
    """Join wrapped lines: Chinese without a space, other text with one."""
    joined = ""
    for line in (each.strip() for each in lines):
        if not joined or not line or (_ENDS_WIDE.search(joined) and _BEGINS_WIDE.match(line)):
            joined += line
        else:
            joined += " " + line
    return joined
