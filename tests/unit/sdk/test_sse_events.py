"""A stream of server-sent events is cut where it ends, however its bytes come."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from groundwire_client._sse import Events

STREAM = (
    "retry: 2000\n\n"
    ": a comment\n\n"
    'event: ready\nid: e:0\ndata: {"type": "ready"}\n\n'
    'event: token\r\nid: e:1\r\ndata:{"content": "绿\u2028色\x85\x1c😀"}\r\n\r\n'
    "data: one\rdata: two\r\r"
    "event: no data\n\n"
    "data\ndata:\n\n"
    "data: never ended\n"
).encode()
FOUND = [b'{"type": "ready"}', '{"content": "绿\u2028色\x85\x1c😀"}'.encode(), b"one\ntwo", b""]


def read(*chunks: bytes) -> list[bytes]:
    events = Events()
    return [data for chunk in chunks for data in events.feed(chunk)]


def test_lines_end_with_lf_cr_or_both_and_nowhere_else() -> None:
    assert read(STREAM) == FOUND


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_wherever_the_bytes_are_split_the_events_are_the_same(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[start:end] for start, end in pairwise(places)]

    assert read(*chunks) == FOUND


def test_byte_by_byte_it_is_the_same() -> None:
    assert read(*(bytes([byte]) for byte in STREAM)) == FOUND
