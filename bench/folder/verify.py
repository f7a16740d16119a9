"""What became of each file, in the index and in the log, held against what must be there."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from bench.folder.asking import State
from bench.folder.expected import Expected, digest_of

DATABASES = ("groundwire.db", "index.db")


def compare_states(
    states: Sequence[State], accepted: Mapping[str, str], files: Mapping[str, Expected]
) -> Iterator[tuple[str, str]]:
    """Yield each broken promise about documents, by its name. ``accepted`` names them by id."""
    by_name = defaultdict[str, list[State]](list)
    for state in states:
        by_name[state.title].append(state)
    there = {state.id for state in states}
    for id, name in accepted.items():
        if id not in there:
            yield "lost", f"{name} was accepted as {id}, which is not there"
    for name, expected in files.items():
        yield from _compare_file(name, by_name[name], expected)
    for name in by_name.keys() - files.keys():
        yield "duplicates", f"{name} is no file of the folder"


def _compare_file(
    name: str, found: Sequence[State], expected: Expected
) -> Iterator[tuple[str, str]]:
    if not found:
        yield "lost", f"{name} has no document"
    if len(found) > 1:
        yield "duplicates", f"{name} has {len(found)} documents"
    for state in found:
        if wrong := _wrong(state, expected):
            yield "wrong", f"{name} {wrong}"


def _wrong(state: State, expected: Expected) -> str | None:
    if expected.codes:
        is_refused = state.status == "failed" and state.reason_code in expected.codes
        if not is_refused or not state.reason:
            return f"is {state.status} ({state.reason_code}), not refused as {expected.codes}"
        return None
    if state.status != "ready" or state.searchable != "meaning":
        return f"is {state.status} ({state.reason_code}), found by {state.searchable}"
    if not state.chunks == state.embedded == expected.passages:
        return f"has {state.embedded} of {state.chunks} passages, not {expected.passages}"
    return None


def compare_index(
    data: Path, states: Sequence[State], files: Mapping[str, Expected]
) -> Iterator[tuple[str, str]]:
    """Yield each broken promise about passages; the server is stopped."""
    for name in DATABASES:
        with closing(sqlite3.connect(data / name)) as db:
            (told,) = db.execute("PRAGMA integrity_check").fetchone()
        if told != "ok":
            yield "wrong", f"{name}: {told}"
    with closing(sqlite3.connect(data / "index.db")) as db:
        passages = defaultdict[str, list[tuple[int, str]]](list)
        rows = db.execute("SELECT document, position, text FROM chunks ORDER BY document, position")
        for document, position, text in rows:
            passages[document].append((position, text))
        (space,) = db.execute("SELECT number FROM spaces WHERE state = 'serving'").fetchone()
        (no_vector,) = db.execute(
            f"SELECT count(*) FROM chunks LEFT JOIN embedded_{space} USING (row) "
            "WHERE ifnull(block, 0) = 0"
        ).fetchone()
        words = sum(_words(db))
    if no_vector:
        yield "lost", f"{no_vector} passages have no vector"
    if words != sum(map(len, passages.values())):
        yield "wrong", f"{words} rows of words for {sum(map(len, passages.values()))} passages"
    for state in states:
        yield from _compare_passages(state.title, passages.pop(state.id, []), files[state.title])
    for document in passages:
        yield "duplicates", f"there are passages of {document}, which is no document"


def compare_log(data: Path, workspace: str, states: Sequence[State]) -> Iterator[tuple[str, str]]:
    """Yield each broken promise about what was told; the server is stopped."""
    with closing(sqlite3.connect(data / "groundwire.db")) as db:
        rows = db.execute(
            "SELECT seq, data FROM events JOIN logs ON key = log_key WHERE log = ? ORDER BY seq",
            (f"workspace:{workspace}",),
        ).fetchall()
    if [seq for seq, _ in rows] != list(range(1, len(rows) + 1)):
        yield "wrong", "the workspace's log has a gap"
    events = [json.loads(event) for _, event in rows]
    ready = Counter(event["documentId"] for event in events if event["type"] == "document.ready")
    for state in states:
        told, wanted = ready[state.id], int(state.status == "ready")
        if told != wanted:
            broken = "lost" if told < wanted else "duplicates"
            yield broken, f"{state.title} is {state.status} and was told ready {told} times"


def _compare_passages(
    name: str, found: Sequence[tuple[int, str]], expected: Expected
) -> Iterator[tuple[str, str]]:
    positions = {position for position, _ in found}
    if len(positions) < len(found):
        yield "duplicates", f"{name} has {len(found)} passages at {len(positions)} positions"
    elif len(found) < expected.passages:
        yield "lost", f"{name} has {len(found)} passages of {expected.passages}"
    elif expected.passages and digest_of(text for _, text in found) != expected.texts:
        yield "wrong", f"{name} has other passages than it should"
    elif len(found) > expected.passages:
        yield "wrong", f"{name} has {len(found)} passages, not {expected.passages}"


def _words(db: sqlite3.Connection) -> Iterator[int]:
    for (number,) in db.execute("SELECT number FROM workspaces").fetchall():
        (count,) = db.execute(f"SELECT count(*) FROM words_{number}_docsize").fetchone()
        yield count
