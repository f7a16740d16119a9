"""What a model writes, made safe to store where it enters."""

import re

_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class TextGate:
    """Replaces NUL and lone surrogates, and joins a pair that came in two deltas."""

    def __init__(self) -> None:
        self._high = ""

    def feed(self, text: str) -> str:
        """Return ``text`` made safe; a high surrogate at its end waits for the next call."""
        if not self._high and not _UNSAFE.search(text):
            return text
        text = self._high + text
        self._high = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return _UNSAFE.sub(_REPLACEMENT, joined)

    def flush(self) -> str:
        """Return what still waits at the end of the text."""
        rest, self._high = self._high, ""
        return _REPLACEMENT if rest else ""


def make_safe(text: str) -> str:
    """Return a whole text made safe."""
    gate = TextGate()
    return gate.feed(text) + gate.flush()
