"""Which transport is taken next, and how long a client waits."""

import pytest

from groundwire_client._backoff import backoff_s
from groundwire_client._ladder import CLIMB_AT_MOST_S, Ladder, TransportName

NAMES: tuple[TransportName, ...] = ("websocket", "sse", "poll")


def test_two_quick_failures_in_a_row_lead_a_rung_down_and_from_the_last_to_the_first() -> None:
    ladder = Ladder(NAMES)
    taken: list[TransportName] = []

    for _ in range(7):
        taken.append(ladder.current)
        ladder.failed()

    assert taken == ["websocket", "websocket", "sse", "sse", "poll", "poll", "websocket"]


def test_a_transport_that_held_between_two_failures_is_kept() -> None:
    ladder = Ladder(NAMES)

    for _ in range(5):
        ladder.failed()
        ladder.held()

    assert ladder.current == "websocket"


def test_the_only_transport_is_kept() -> None:
    ladder = Ladder(("poll",))

    for _ in range(5):
        ladder.failed()

    assert (ladder.current, ladder.better) == ("poll", ())


def test_better_rungs_are_looked_at_the_best_first_and_ever_more_rarely() -> None:
    ladder = Ladder(NAMES, climb_s=30.0)
    for _ in range(4):
        ladder.failed()
    assert ladder.better == ("websocket", "sse")

    waits: list[float] = []
    for _ in range(7):
        waits.append(ladder.climb_s)
        ladder.stay()

    assert waits == [30.0, 60.0, 120.0, 240.0, 480.0, CLIMB_AT_MOST_S, CLIMB_AT_MOST_S]


def test_a_better_rung_that_holds_is_taken() -> None:
    ladder = Ladder(NAMES)
    for _ in range(4):
        ladder.failed()

    ladder.climb("websocket")

    assert (ladder.current, ladder.better) == ("websocket", ())


@pytest.mark.parametrize(("attempt", "at_most_s"), [(0, 0.25), (1, 0.5), (3, 2.0), (99, 15.0)])
def test_the_wait_is_any_part_of_a_span_that_grows_to_a_ceiling(
    attempt: int, at_most_s: float
) -> None:
    assert backoff_s(attempt, spread=0.0) == 0.0
    assert backoff_s(attempt, spread=0.5) == at_most_s / 2
    assert all(0.0 <= backoff_s(attempt) < at_most_s for _ in range(100))
