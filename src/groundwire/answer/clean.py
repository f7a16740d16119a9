"""Model text as it enters: nothing that JSON, SQLite or a screen cannot carry."""

import re

_BAD = re.compile("[\x00\ud800-\udfff]")


class Cleaner:
    """Joins what a model cut in two and replaces what is no text.

    A high surrogate at the end of a piece waits for its other half; a lone surrogate and
    NUL become U+FFFD.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        text = self._held + text
        self._held = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._held, text = text[-1], text[:-1]
        return clean(text)

    def flush(self) -> str:
        held, self._held = self._held, ""
        return clean(held)


def clean(text: str) -> str:
    """Return ``text`` with paired surrogates joined, lone ones and NUL replaced."""
    if not _BAD.search(text):
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\x00", "\ufffd")
