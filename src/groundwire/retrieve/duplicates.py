"""Leaves out passages that say again what a better one said. Pure."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from groundwire.model.passages import Passage

GRAM = 5
# Two passages that share this much of the longer one are one: a file that was uploaded
# in two versions, a page with its print view.
ALIKE = 0.9

P = TypeVar("P", bound=Passage)


def drop_duplicates(passages: Iterable[P]) -> Iterator[P]:
    """Yield ``passages``, which come best first, without the near-duplicates of earlier ones."""
    kept: list[frozenset[str]] = []
    for passage in passages:
        grams = _grams(passage.text)
        if any(_overlap(grams, other) >= ALIKE for other in kept):
            continue
        kept.append(grams)
        yield passage


def _grams(text: str) -> frozenset[str]:
    plain = "".join(text.casefold().split())
    if len(plain) <= GRAM:
        return frozenset([plain])
    return frozenset(plain[i : i + GRAM] for i in range(len(plain) - GRAM + 1))


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of the larger set that both have: a part is no duplicate of its whole."""
    return len(one & other) / max(len(one), len(other))
