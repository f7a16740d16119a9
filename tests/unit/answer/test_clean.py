from hypothesis import given
from hypothesis import strategies as st

from groundwire.answer.clean import Cleaner, clean


def test_an_emoji_cut_in_two_is_joined() -> None:
    cleaner = Cleaner()
    assert cleaner.feed("a\ud83d") + cleaner.feed("\ude00b") + cleaner.flush() == "a😀b"


def test_lone_surrogates_and_nul_are_replaced() -> None:
    assert clean("a\x00b\udc00c") == "a\ufffdb\ufffdc"
    cleaner = Cleaner()
    assert cleaner.feed("x\ud83d") + cleaner.flush() == "x\ufffd"


@given(st.lists(st.text(st.characters(), max_size=5), max_size=6))
def test_what_comes_out_is_always_text(pieces: list[str]) -> None:
    cleaner = Cleaner()
    whole = "".join(cleaner.feed(piece) for piece in pieces) + cleaner.flush()
    assert whole.encode().decode() == whole
    assert "\x00" not in whole
