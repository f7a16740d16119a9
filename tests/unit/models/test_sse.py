from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwire.adapters.models.sse import MAX_EVENT_BYTES, SseReader
from groundwire.model.errors import ModelUnavailable

STREAM = (
    ": a comment\r\n\r\n"
    'data: {"a": "世界"}\n\n'
    "event: message\r\nid: 7\r\ndata:no space\r\n\r\n"
    "data: first\ndata: second\n\n"
    "retry: 10\n\n"
    "data: bare\r\r"
    "data: [DONE]"
).encode()
EVENTS = ['{"a": "世界"}'.encode(), b"no space", b"first\nsecond", b"bare", b"[DONE]"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_events_are_the_same_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    reader = SseReader()
    borders = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[a:b] for a, b in pairwise(borders)]

    events = [event for chunk in chunks for event in reader.feed(chunk)]

    assert events + reader.flush() == EVENTS


def test_an_event_without_end_is_refused() -> None:
    reader = SseReader()
    assert reader.feed(b"data: " + b"x" * (MAX_EVENT_BYTES - 6)) == []

    with pytest.raises(ModelUnavailable):
        reader.feed(b"x")
