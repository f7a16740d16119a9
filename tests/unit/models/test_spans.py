import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwire.adapters.models.spans import cut_spans

PIECES = [
    "One. ",
    "Two? ",
    "一。",
    "二！",
    "\n",
    "\n\n",
    "• item ",
    "$ run it",
    "a | b",
    "e.g. this",
    " ",
]


def said(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in cut_spans(text)]


def test_sentences_items_and_code_are_told_apart() -> None:
    text = (
        "3.1 Setup\n\nUse it, e.g. here. 然后重启。完成\n• one\n\n$ make 3.0\n\nNote\na | b. c\nd |"
    )

    assert said(text) == [
        ("heading", "3.1 Setup"),
        ("prose", "Use it, e.g. here."),
        ("prose", "然后重启。"),
        ("prose", "完成"),
        ("item", "• one"),
        ("code", "$ make 3.0"),
        ("label", "Note"),
        ("row", "a | b. c"),
        ("row", "d |"),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "It was tried by Smith et al. (2007) on Jan. 5, see Figs. 1 to 3.",
        "Dr. J. R. Smith of the U.S. Navy wrote it.",
        "It costs $3.50 vs. $4.00, i.e. less.",
    ],
)
def test_an_abbreviation_does_not_end_what_is_quoted(sentence: str) -> None:
    assert said(f"{sentence} That is all.") == [("prose", sentence), ("prose", "That is all.")]


def test_a_word_in_capitals_is_no_abbreviation() -> None:
    assert len(said("He has MS. It was seen. There is NO. It is a gas.")) == 4


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_spans_come_in_order_and_leave_out_only_space(text: str) -> None:
    spans = cut_spans(text)

    position = 0
    for span in spans:
        assert not text[position : span.start].strip()
        assert span.start < span.end
        position = span.end
    assert not text[position:].strip()
