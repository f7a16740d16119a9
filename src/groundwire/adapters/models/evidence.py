"""Finds the sentences of passages that answer a question, by their words. Pure."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from groundwire.adapters.models.rows import read_rows, say_row
from groundwire.adapters.models.spans import Span, cut_spans
from groundwire.adapters.models.terms import cut_terms, question_terms
from groundwire.adapters.models.wanted import Wanted, holds, measures_of, subject_of, wanted_of
from groundwire.model.passages import Passage

# What follows such an end is what the sentence announces.
_ANNOUNCES = re.compile(
    r"(?:[:：]|如下[^。]{0,6}。|下[列面][^。]*。|as follows[^.]*\.|following[^.]*\.)\s*$"
)
_LEANS = re.compile(
    r"\s*(?:(?:it|they|this|these|those|he|she|then|also|however|otherwise|such|thus|so)\b"
    r"|它|他|她|这|该|此|其|否则|因此|但|另外)",
    re.IGNORECASE,
)
FOLLOWERS = 6
TOO_LONG = 420


@dataclass(frozen=True, slots=True)
class Evidence:
    """``passages[n - 1].text[start:end]``, and how well it answers.

    ``covers`` is the share of the question, by rarity of its terms, that the text has. ``row``
    is the text of a table's row in words.
    """

    n: int
    spans: tuple[Span, ...]
    text: str
    covers: float
    score: float
    row: str | None = None

    @property
    def start(self) -> int:
        return self.spans[0].start

    @property
    def end(self) -> int:
        return self.spans[-1].end


class Question:
    """A question and what the passages make of its words."""

    def __init__(self, text: str, passages: Sequence[Passage]) -> None:
        self.text = text
        self.wanted: Wanted | None = wanted_of(text)
        self.subject = subject_of(text)
        self.terms = question_terms(f"{text} {measures_of(text)}")
        self._idf = _rarity(self.terms, passages)

    def weigh(self, terms: set[str]) -> float:
        """Return the share of the question, by rarity of its terms, that ``terms`` have."""
        total = sum(self._idf.values())
        return sum(w for t, w in self._idf.items() if t in terms) / total if total else 0.0


def find_evidence(question: str, passages: Sequence[Passage]) -> list[Evidence]:
    """Return everything quotable in ``passages``, the best answer first."""
    asked = Question(question, passages)
    found = [
        evidence
        for n, passage in enumerate(passages, start=1)
        for evidence in _of_passage(asked, n, passage)
    ]
    return sorted(found, key=lambda evidence: (-evidence.score, evidence.n, evidence.start))


def seen_share(question: str, passages: Sequence[Passage]) -> float:
    """Return the largest share of the question's terms that one passage has, in 0…1."""
    terms = question_terms(question)
    if not terms:
        return 0.0
    return max(
        (len(set(terms) & set(cut_terms(_whole(passage)))) / len(terms) for passage in passages),
        default=0.0,
    )


def _rarity(terms: Sequence[str], passages: Sequence[Passage]) -> dict[str, float]:
    units = [
        set(cut_terms(passage.text[span.start : span.end]))
        for passage in passages
        for span in cut_spans(passage.text)
    ]
    count = Counter(term for unit in units for term in unit if term in set(terms))
    return {
        term: math.log(1 + (len(units) - count[term] + 0.5) / (count[term] + 0.5))
        for term in terms
        if count[term]
    }


def _whole(passage: Passage) -> str:
    return " ".join((*passage.headings, passage.text))


def _of_passage(asked: Question, n: int, passage: Passage) -> list[Evidence]:
    spans = cut_spans(passage.text)
    around = asked.weigh(set(cut_terms(_whole(passage))))
    heading = asked.weigh(
        set(cut_terms(" ".join((*passage.headings[-2:], *_headings(passage, spans)))))
    )
    beside = 0.35 * heading + 0.2 * around + 0.25 * passage.score + 0.1 / n
    found = _rows(asked, n, passage.text, spans, beside)
    for index, span in enumerate(spans):
        if span.kind in ("heading", "label", "row"):
            continue
        quoted = _grown(passage.text, spans, index, asked.wanted)
        text = passage.text[quoted[0].start : quoted[-1].end]
        anchor = passage.text[span.start : span.end]
        near = _near(passage.text, spans, index)
        score = _score(asked, anchor, text, near) + beside
        if span.kind == "code" and asked.wanted not in ("command", "path"):
            score -= 0.3
        covers = asked.weigh(set(cut_terms(text)))
        found.append(Evidence(n, tuple(quoted), text, covers, score))
    return found


def _rows(
    asked: Question, n: int, text: str, spans: Sequence[Span], beside: float
) -> list[Evidence]:
    found: list[Evidence] = []
    for index, row in read_rows(text, spans).items():
        if row is None:
            continue
        span = spans[index]
        said = text[span.start : span.end]
        whole = " ".join((*row.columns, said))
        covers = asked.weigh(set(cut_terms(whole)))
        # What a row is about is in the row; the names above it are those of all the others.
        score = _score(asked, whole, whole, "") + 0.5 * asked.weigh(set(cut_terms(said))) + beside
        words = say_row(row, lambda name: asked.weigh(set(cut_terms(name))) > 0)
        found.append(Evidence(n, (span,), said, covers, score, words))
    return found


def _headings(passage: Passage, spans: Sequence[Span]) -> str:
    own = (passage.text[span.start : span.end] for span in spans if span.kind == "heading")
    return " ".join((*passage.headings[-2:], *own))


def _score(asked: Question, anchor: str, text: str, near: str) -> float:
    own = set(cut_terms(anchor))
    grown = set(cut_terms(text))
    score = (
        asked.weigh(own)
        + 0.5 * asked.weigh(grown - own)
        + 0.25 * asked.weigh(set(cut_terms(near)) - grown)
    )
    if holds(asked.wanted, text, asked.text):
        score += 0.3
    if asked.subject is not None and asked.subject.match(anchor):
        score += 0.5
    if len(anchor) > TOO_LONG:
        score -= 0.2
    if len(own) < 3:
        score -= 0.2
    if anchor.rstrip().endswith(("?", "？")):
        score -= 0.3
    return score


def _near(text: str, spans: Sequence[Span], index: int) -> str:
    """Return the sentences on both sides of a span."""
    sides = [spans[i] for i in (index - 1, index + 1) if 0 <= i < len(spans)]
    return " ".join(text[span.start : span.end] for span in sides)


def _grown(text: str, spans: Sequence[Span], index: int, wanted: Wanted | None) -> list[Span]:
    """Return the span with what it cannot be understood without."""
    span = spans[index]
    first, last = index, index
    if span.kind == "code":
        first = _code_start(spans, index)
        last = _run_end(spans, index, "code", FOLLOWERS)
    elif (
        span.kind == "prose"
        and _LEANS.match(text, span.start, span.end)
        and index
        and spans[index - 1].kind == "prose"
        and spans[index - 1].group == span.group
    ):
        first = index - 1
    follower = spans[index + 1].kind if index + 1 < len(spans) else None
    said = text[span.start : span.end]
    if (follower in ("item", "code") and _ANNOUNCES.search(said)) or (
        follower == "code" and wanted in ("command", "path")
    ):
        last = _run_end(spans, index + 1, spans[index + 1].kind, FOLLOWERS)
    elif _goes_on(text, spans, index, wanted):
        last = index + 1
    return list(spans[first : last + 1])


def _goes_on(text: str, spans: Sequence[Span], index: int, wanted: Wanted | None) -> bool:
    """Say whether only the next sentence of the paragraph holds what is wanted."""
    if index + 1 == len(spans):
        return False
    span, after = spans[index], spans[index + 1]
    together = span.kind == after.kind == "prose" and span.group == after.group
    said = text[span.start : span.end]
    return (
        together
        and not holds(wanted, said, "")
        and holds(wanted, text[after.start : after.end], said)
    )


def _code_start(spans: Sequence[Span], index: int) -> int:
    """Return the sentence that introduces a run of code, or its first line."""
    first = index
    while first and spans[first - 1].kind == "code" and index - first < FOLLOWERS:
        first -= 1
    return first - 1 if first and spans[first - 1].kind in ("prose", "item") else first


def _run_end(spans: Sequence[Span], index: int, kind: str, most: int) -> int:
    last = index
    while last + 1 < len(spans) and spans[last + 1].kind == kind and last + 1 - index < most:
        last += 1
    return last
