"""A passage that says what a better one said is left out."""

from groundwire.model.ids import DocumentId, PassageId
from groundwire.model.passages import Passage
from groundwire.retrieve.duplicates import drop_duplicates


def passage(id: str, text: str) -> Passage:
    return Passage(
        id=PassageId(id), document=DocumentId("d"), title="T", text=text, score=1, relevance=1
    )


LONG = "The control file names the source package and what it takes to build it."


def kept(*texts: str) -> list[str]:
    numbered = [passage(str(n), text) for n, text in enumerate(texts)]
    return [item.id for item in drop_duplicates(numbered)]


def test_the_same_text_in_other_white_space_and_case_is_kept_once() -> None:
    assert kept(LONG, LONG.upper().replace(" ", "\n "), "Another text altogether.") == ["0", "2"]


def test_a_passage_is_no_duplicate_of_a_longer_one_that_holds_it() -> None:
    assert kept(LONG, f"{LONG} And the rules file says how, step by step.") == ["0", "1"]


def test_short_passages_that_differ_are_both_kept() -> None:
    assert kept("是", "否", "是") == ["0", "1"]
