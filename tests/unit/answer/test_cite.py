from hypothesis import given
from hypothesis import strategies as st

from groundwire.answer.cite import Citer, Span


def spans(text: str, *, sources: int = 3, cuts: tuple[int, ...] = ()) -> list[Span]:
    citer = Citer(sources)
    found: list[Span] = []
    for start, end in zip((0, *cuts), (*cuts, len(text)), strict=True):
        found += citer.feed(text[start:end])
    return found


def cited(text: str, *, sources: int = 3) -> list[tuple[str, int]]:
    return [(text[span.start : span.end], span.n) for span in spans(text, sources=sources)]


def test_a_marker_vouches_for_its_sentence() -> None:
    text = "Debian is free. It has 1.5 million lines [2]. Bye."
    assert cited(text) == [("It has 1.5 million lines ", 2)]


def test_a_marker_after_the_full_stop_vouches_for_the_sentence_before() -> None:
    assert cited("One thing. Another thing. [1] More.") == [("Another thing. ", 1)]


def test_two_markers_in_a_row_vouch_for_the_same_sentence() -> None:
    assert cited("Both say so [1][3].") == [("Both say so ", 1), ("Both say so [1]", 3)]
    assert cited("Both say so [1, 3].") == [("Both say so ", 1), ("Both say so ", 3)]


def test_a_marker_in_chinese_vouches_for_its_sentence() -> None:
    assert cited("前一句。文件在 /etc 目录下【2】。后一句。") == [("文件在 /etc 目录下", 2)]


def test_a_number_that_is_no_source_is_only_text() -> None:
    assert cited("See [9] and the list [0] and a[1]b.", sources=0) == []
    assert cited("See [9].") == []


@given(st.text("ab. 。[]123,\n", max_size=40), st.data())
def test_any_way_of_cutting_gives_the_same_citations(text: str, data: st.DataObject) -> None:
    cuts = tuple(sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6))))
    assert spans(text, cuts=cuts) == spans(text)
