from hypothesis import given
from hypothesis import strategies as st

from groundwire.adapters.models.text import TextGate


@given(st.lists(st.text(alphabet=st.sampled_from("a\x00世\ud83d\ude00😀")), max_size=12))
def test_what_passes_the_gate_can_be_stored(deltas: list[str]) -> None:
    gate = TextGate()

    safe = "".join([*map(gate.feed, deltas), gate.flush()])

    safe.encode()
    assert "\x00" not in safe


def test_a_pair_of_surrogates_in_two_deltas_is_one_character() -> None:
    gate = TextGate()

    assert [gate.feed("smile \ud83d"), gate.feed("\ude00!"), gate.flush()] == ["smile ", "😀!", ""]


def test_half_a_pair_at_the_end_is_replaced() -> None:
    gate = TextGate()

    assert [gate.feed("\ud83d"), gate.flush()] == ["", "\N{REPLACEMENT CHARACTER}"]
