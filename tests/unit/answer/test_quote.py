import pytest

from groundwire.answer.cite import Citer
from groundwire.answer.quote import find_quote

PASSAGE = (
    "If you are new, get the big picture instead. This looks very much like the dh_make command. "
    "It replaces dh_make. 1\n\n• modern packaging style\n– debian/control: substvar support"
)
TABLE = (
    "Part | Price in euro | Name of the maker\nFresnel lens | 4711 | Barbier\nLamp | 12 | Argand"
)


def quoted(passage: str, answer: str) -> str | None:
    """What the last citation of the answer took of the passage."""
    citer = Citer(2)
    *_, span = citer.feed(answer)
    found = find_quote(passage, citer.text, span)
    return found and passage[found.start : found.end]


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        (
            "From your documents:\n\nThis looks very much\nlike the dh_make command. It replaces "
            "dh_make. [1]",
            "This looks very much like the dh_make command. It replaces dh_make.",
        ),
        ("It replaces dh_make. [2] Modern packaging style [1]", "• modern packaging style"),
        ("Something else. [2] modern packaging style [1]", "modern packaging style"),
        ("- modern packaging style\n- debian/control: substvar support [1]",
         "modern packaging style\n– debian/control: substvar support"),
        ("The moon is made of the finest cheese [1].", None),
    ],
)  # fmt: skip
def test_what_stands_in_both_letter_for_letter_is_quoted(answer: str, quote: str | None) -> None:
    assert quoted(PASSAGE, answer) == quote


def test_of_a_claim_in_other_words_the_sentence_most_like_it_is_quoted() -> None:
    guide = (
        "Colours matter. The ground wire carries the fault current back to the source. "
        "接地电阻不得超过四欧姆。测量应在断电之后进行。"
    )

    assert quoted(guide, "It carries the **fault current** [1].") == (
        "The ground wire carries the fault current back to the source."
    )
    assert quoted(guide, "因此，接地电阻的上限不得超过四欧姆 [1]。") == "接地电阻不得超过四欧姆。"
    assert quoted(guide, "月亮离地球很远 [1]。") is None


@pytest.mark.parametrize(
    ("answer", "row"),
    [
        ("Lamp — Price in euro: 12, Name of the maker: Argand [1]", "Lamp | 12 | Argand"),
        ("The Fresnel lens is sold for 4711 euro [1].", "Fresnel lens | 4711 | Barbier"),
        ("The columns are Part, Price in euro and Name of the maker [1].", TABLE.split("\n")[0]),
        ("The lamp is bright [1].", None),
    ],
)
def test_of_a_table_the_row_is_quoted_of_which_two_cells_are_said(
    answer: str, row: str | None
) -> None:
    assert quoted(TABLE, answer) == row


def test_a_short_line_is_quoted_if_it_is_all_of_the_claim() -> None:
    slides = "Plan\n\nWe sail on Monday.\n\nCrew\n\nAda Brass is the navigator of this crew."

    assert quoted(slides, "The closest they come:\n\nCrew [1]") == "Crew"
    assert quoted(slides, "Crew members [1]") is None
