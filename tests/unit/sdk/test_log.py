"""A reader folds each event of a log once and in order, whatever comes in which order."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwire_client import Presence, Recorded, Snapshot
from groundwire_client._log import LogReader
from groundwire_client._wire import Notice, Ready
from groundwire_client.errors import Gone, ProtocolViolation


class Pages:
    """Remembers what it was told to fold, and where it was asked to read on from."""

    def __init__(self, *, begins: bool = False) -> None:
        self.begins = begins
        self.folded: list[int] = []
        self.loaded: list[str] = []
        self.heard: list[Notice] = []
        self.asked: list[str | None] = []
        self.reader = LogReader("sessionId", "c", self, self)

    def begin(self, _head: int, /) -> bool:
        return self.begins

    def load(self, snapshot: Snapshot) -> None:
        self.loaded.append(snapshot.cursor)

    def add(self, recorded: Recorded) -> None:
        self.folded.append(recorded.seq)

    def hear(self, notice: Notice) -> None:
        self.heard.append(notice)

    def changed(self) -> None:
        pass

    def reattach(self, reader: LogReader) -> None:
        self.asked.append(reader.cursor)

    def receive(self, seqs: Iterable[int]) -> None:
        for seq in seqs:
            self.reader.receive(event(seq))


def event(seq: int, first: int | None = None) -> Recorded:
    return Recorded(seq=seq, first=seq if first is None else first, ts="", event=None)


def ready(head: int, *, resumed: bool = False, epoch: str = "e") -> Ready:
    return Ready(epoch=epoch, head=head, resumed=resumed)


def snapshot(cursor: str) -> Snapshot:
    return Snapshot(session_id="c", cursor=cursor, messages=())


def loaded(seq: int = 0) -> Pages:
    """Return what has loaded a snapshot as of ``seq``."""
    pages = Pages()
    pages.reader.receive(ready(seq))
    pages.reader.receive(snapshot(f"e:{seq}"))
    return pages


def test_it_begins_with_a_snapshot_and_goes_on_from_it() -> None:
    pages = Pages()
    assert pages.reader.cursor is None

    pages.reader.receive(ready(4))
    assert not pages.reader.is_current
    pages.reader.receive(snapshot("e:4"))
    pages.receive([5, 6])

    assert (pages.loaded, pages.folded, pages.reader.cursor) == (["e:4"], [5, 6], "e:6")
    assert pages.reader.is_current


def test_a_log_that_needs_no_snapshot_goes_on_from_its_head() -> None:
    pages = Pages(begins=True)

    pages.reader.receive(ready(4))
    pages.receive([5])

    assert (pages.folded, pages.reader.cursor) == ([5], "e:5")


def test_what_comes_twice_is_folded_once() -> None:
    pages = loaded()

    pages.receive([1, 1, 2, 1, 2, 3])

    assert (pages.folded, pages.asked) == ([1, 2, 3], [])


def test_what_is_missing_is_asked_for_and_nothing_is_folded_before_it_comes() -> None:
    pages = loaded()

    pages.receive([1, 3, 4])
    assert (pages.folded, pages.asked, pages.reader.is_current) == ([1], ["e:1"], False)
    pages.reader.receive(ready(4, resumed=True))
    pages.receive([2, 3, 4])

    assert (pages.folded, pages.reader.is_current) == ([1, 2, 3, 4], True)


def test_what_is_missing_again_and_again_is_taken_from_the_snapshot() -> None:
    pages = loaded()

    for _ in range(2):
        pages.receive([2])
        pages.reader.receive(ready(2, resumed=True))
    pages.receive([2])

    assert pages.asked == ["e:0", "e:0", None]


def test_a_merged_event_counts_for_all_that_it_covers() -> None:
    pages = loaded()

    pages.reader.receive(event(4, first=1))
    pages.receive([3, 5])

    assert (pages.folded, pages.reader.cursor) == ([4, 5], "e:5")


def test_a_merged_event_that_begins_too_early_or_too_late_is_a_gap() -> None:
    for first in (1, 3):
        pages = loaded()
        pages.receive([1])
        pages.reader.receive(event(4, first=first))
        assert (pages.folded, pages.asked) == ([1], ["e:1"])


def test_a_lost_tail_is_noticed_by_the_head() -> None:
    pages = loaded()
    pages.receive([1, 2])

    pages.reader.expect(2)
    assert pages.asked == []
    pages.reader.expect(3)

    assert pages.asked == ["e:2"]


def test_it_is_current_only_at_the_head_that_there_was() -> None:
    pages = loaded(2)
    pages.reader.interrupt()

    pages.reader.receive(ready(4, resumed=True))
    pages.receive([3])
    assert not pages.reader.is_current
    pages.receive([4])

    assert pages.reader.is_current


def test_a_cursor_of_another_log_is_given_up() -> None:
    pages = loaded(2)
    pages.reader.interrupt()

    pages.reader.receive(Ready(epoch="f", head=9, resumed=False, reason="epoch_changed"))
    assert pages.reader.cursor is None
    pages.reader.receive(snapshot("f:1"))

    assert pages.reader.cursor == "f:1"


def test_to_be_resumed_in_another_log_begins_anew() -> None:
    pages = loaded(2)

    pages.reader.receive(ready(9, resumed=True, epoch="f"))

    assert (pages.asked, pages.reader.cursor) == ([None], None)


def test_nothing_is_folded_after_an_interruption_until_it_is_ready_again() -> None:
    pages = loaded()
    pages.reader.interrupt()

    pages.receive([1])
    pages.reader.expect(7)

    assert (pages.folded, pages.asked) == ([], [])


def test_a_refusal_ends_it_with_its_first_reason() -> None:
    pages = loaded()

    gone = Gone("It was deleted.")
    pages.reader.refuse(gone)
    pages.reader.refuse(Gone("Again."))
    pages.receive([1])

    assert pages.reader.refusal is gone
    assert pages.folded == []


def test_what_has_no_place_in_the_log_moves_nothing() -> None:
    pages = loaded()
    here = Presence(connection_id="n", principal="p", state="online")

    pages.reader.receive(here)

    assert (pages.heard, pages.reader.cursor) == ([here], "e:0")


@pytest.mark.parametrize("cursor", ["", "7", ":7", "e:", "e:x", "e:-1"])
def test_a_snapshot_of_no_place_is_a_violation(cursor: str) -> None:
    with pytest.raises(ProtocolViolation):
        Pages().reader.receive(snapshot(cursor))


@given(st.lists(st.integers(1, 30), max_size=60))
def test_whatever_comes_what_is_folded_is_the_log_without_a_gap(seqs: list[int]) -> None:
    pages = loaded()

    for seq in seqs:
        pages.receive([seq])
        if pages.asked:
            pages.asked.clear()
            pages.reader.receive(ready(30, resumed=True))
            if pages.reader.cursor is None:
                pages.reader.receive(snapshot(f"e:{pages.reader.seq}"))

    assert pages.folded == list(range(1, len(pages.folded) + 1))
