"""How many tokens a text takes, without the model's own tokenizer."""

import re

# Digits and punctuation are a token each in the families we know; letters are not.
_SINGLES = re.compile(r"[!-@\[-`{-~]")


def estimate_tokens(text: str, *, per_wide: float = 1.3) -> int:
    """Return a safe upper estimate for byte-pair vocabularies.

    Three letters or spaces make a token (English prose has above four). ``per_wide`` is for
    each code point outside ASCII: 1.3 covers vocabularies that know Chinese (they take 0.6 to
    0.8), 3 is the worst case of one that does not and falls back to bytes.
    """
    wide = len(text) - len(text.encode("ascii", "ignore"))
    singles = len(_SINGLES.findall(text))
    letters = len(text) - wide - singles
    return 1 + singles + -(-letters // 3) + int(wide * per_wide + 0.999)
