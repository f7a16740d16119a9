"""The words of one workspace: an FTS5 table over terms that `words` cut."""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import apsw
import msgspec

from groundwire.model.documents import Terms
from groundwire.model.ids import DocumentId

# A match in the title or the headings says as much as two in the text.
TITLE_WEIGHT = 2.0
# A term in most of the chunks tells them apart no more and costs the most to score.
TOO_COMMON = 0.2
# The rarest terms are scored first, until they have occurred this often: the cost of a search
# has a bound that does not grow with the workspace nor with a text pasted as a question.
# Three measured sets keep their figures by it; other bounds were not tried.
MOST_MATCHES = 6_000
ALWAYS_TERMS = 3
# The rows of so few documents are listed first; of more, each match tells of which it is, best
# first, until there are enough. With 100,000 chunks either takes 25 ms of a core at most.
FEW_DOCUMENTS = 200
# Terms remembered at most: more than the vocabulary of a language.
MOST_REMEMBERED = 200_000
LARGE = 5_000
FEW = 50
_ALL = ""


class Frequencies:
    """In how many chunks a term is, by workspace.

    SQLite counts by reading on, which takes as long as the answer is large. So while words
    change, large counts are kept until they may be wrong by a tenth; small ones are exact.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], int] = {}
        self._changed = 0

    def forget(self, changed: int) -> None:
        """To be called when the words of ``changed`` chunks are no longer what they were.

        Who counts at this moment keeps it to himself.
        """
        self._changed += changed
        if self._changed * 10 > LARGE:
            self._known, self._changed = {}, 0
        else:
            self._known = {key: count for key, count in self._known.items() if count >= LARGE}

    def of(self, db: apsw.Connection, number: int, terms: Sequence[str]) -> dict[str, int]:
        """Return the number of chunks that have each term."""
        known = self._known if len(self._known) < MOST_REMEMBERED else {}
        for term in terms:
            if (number, term) not in known:
                known[number, term] = _frequency(db, number, term)
        return {term: known[number, term] for term in terms}

    def total(self, db: apsw.Connection, number: int) -> int:
        known = self._known
        if (number, _ALL) not in known:
            known[number, _ALL] = _count(db, number)
        return known[number, _ALL]


class Wanted(NamedTuple):
    """At most ``limit`` rows for ``terms``, any of which may match; of ``documents``, if given."""

    terms: Sequence[str]
    limit: int
    documents: Collection[DocumentId] | None = None


class Found(NamedTuple):
    """Rows with their BM25, best first, and what each term of the query weighs."""

    rows: list[tuple[int, float]]
    weights: dict[str, float]


def create(db: apsw.Connection, number: int) -> None:
    """Make the table of words of workspace ``number``.

    Everything but white space is part of a term: the cutting is done already.
    """
    db.execute(
        f"""
        CREATE VIRTUAL TABLE words_{number} USING fts5 (
            title, text, content = '', contentless_delete = 1,
            tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co Cn'"
        );
        CREATE VIRTUAL TABLE vocabulary_{number} USING fts5vocab (words_{number}, row);
        """
    )


def put(db: apsw.Connection, number: int, row: int, terms: Terms) -> None:
    db.execute(f"INSERT INTO words_{number} (rowid, title, text) VALUES (?, ?, ?)", (row, *terms))


def drop(db: apsw.Connection, number: int, row: int) -> None:
    db.execute(f"DELETE FROM words_{number} WHERE rowid = ?", (row,))


def search(db: apsw.Connection, number: int, wanted: Wanted, counted: Frequencies) -> Found:
    """Return the best rows."""
    distinct = list(dict.fromkeys(wanted.terms))
    total = counted.total(db, number)
    frequencies = counted.of(db, number, distinct)
    weights = {term: _weight(frequencies[term], total) for term in distinct}
    known = [term for term in distinct if frequencies[term]]
    telling = [term for term in known if frequencies[term] <= TOO_COMMON * total] or known
    telling = _affordable(sorted(telling, key=lambda term: -weights[term]), frequencies)
    if not telling:
        return Found([], weights)
    query = " OR ".join('"' + term.replace('"', '""') + '"' for term in telling)
    among, values = _among(number, wanted.documents)
    rows = db.execute(
        f"SELECT rowid, -rank FROM words_{number} WHERE words_{number} MATCH ? "
        f"AND rank MATCH 'bm25({TITLE_WEIGHT}, 1.0)' {among} ORDER BY rank LIMIT ?",
        (query, *values, wanted.limit),
    )
    return Found([(int(str(row)), float(str(score))) for row, score in rows], weights)


def coverage(weights: dict[str, float], found: set[str]) -> float:
    """Return which share of the query's weight is in ``found``, in 0...1."""
    whole = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in found) / whole if whole else 0


def _among(number: int, documents: Collection[DocumentId] | None) -> tuple[str, tuple[str, ...]]:
    """Return what a row must meet to be of ``documents``, and what is bound in it."""
    if documents is None:
        return "", ()
    named = "IN (SELECT value FROM json_each(?))"
    ids = msgspec.json.encode(list(documents)).decode()
    if len(documents) > FEW_DOCUMENTS:
        return f"AND (SELECT document FROM chunks WHERE row = words_{number}.rowid) {named}", (ids,)
    # The plus keeps FTS5 from matching anew for each row that there may be.
    return f"AND +rowid IN (SELECT row FROM chunks WHERE document {named})", (ids,)


def _affordable(terms: list[str], frequencies: dict[str, int]) -> list[str]:
    chosen: list[str] = []
    matches = 0
    for term in terms:
        matches += frequencies[term]
        if matches > MOST_MATCHES and len(chosen) >= ALWAYS_TERMS:
            break
        chosen.append(term)
    return chosen


def _weight(frequency: int, total: int) -> float:
    """Return the inverse document frequency, where there are documents enough to tell it.

    Of a few the words that any question has may be in none, and would weigh the most.
    """
    if total < FEW:
        return 1.0
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))


def _count(db: apsw.Connection, number: int) -> int:
    row = db.execute("SELECT count(*) FROM chunks WHERE workspace = ?", (number,)).fetchone()
    return int(str(row[0])) if row else 0


def _frequency(db: apsw.Connection, number: int, term: str) -> int:
    row = db.execute(f"SELECT doc FROM vocabulary_{number} WHERE term = ?", (term,)).fetchone()
    return int(str(row[0])) if row else 0
