from typing import Any

import pytest

from groundwire.model.ids import DocumentId, PassageId, chunk_id, chunks_of
from groundwire.model.passages import Passage
from groundwire.model.places import Place, Spot, locate
from groundwire.retrieve.neighbours import merge_neighbours


def chunk(position: int, *, document: str = "d_1", version: int = 1, **said: Any) -> Passage:
    values: dict[str, Any] = {"text": f"Text {position}.", "score": 0.5, "relevance": 0.5}
    return Passage(
        id=PassageId(chunk_id(DocumentId(document), position, version)),
        document=DocumentId(document),
        title="Guide",
        **(values | said),
    )


def merged(*passages: Passage, limit: int = 8) -> list[tuple[str, str]]:
    return [(each.id, each.text) for each in merge_neighbours(passages, limit)]


def test_neighbours_become_one_in_the_order_of_the_document_and_stand_where_the_best_stood() -> (
    None
):
    found = merged(chunk(4), chunk(9), chunk(3), chunk(5))

    assert found == [("d_1:3-5", "Text 3.\n\nText 4.\n\nText 5."), ("d_1:9", "Text 9.")]


def test_a_run_has_the_best_score_and_the_best_evidence_of_its_chunks() -> None:
    (run,) = merge_neighbours(
        [chunk(1, score=0.9, relevance=0.2), chunk(0, score=0.1, relevance=0.7)], 8
    )

    assert (run.score, run.relevance) == (0.9, 0.7)


def test_a_run_names_its_chunks() -> None:
    (run,) = merge_neighbours([chunk(7, version=2), chunk(6, version=2)], 8)

    assert run.id == "d_1:6-7.2"
    assert chunks_of(run.id) == ["d_1:6.2", "d_1:7.2"]


def test_what_comes_between_two_joins_them() -> None:
    assert [id for id, _ in merged(chunk(3), chunk(1), chunk(2))] == ["d_1:1-3"]


def test_a_run_does_not_grow_for_ever() -> None:
    found = merged(*(chunk(n) for n in range(5)))

    assert [id for id, _ in found] == ["d_1:0-2", "d_1:3-4"]


def test_two_runs_that_are_too_long_together_stay_two() -> None:
    found = merged(chunk(0), chunk(1), chunk(4), chunk(3), chunk(2))

    assert [id for id, _ in found] == ["d_1:0-2", "d_1:3-4"]


@pytest.mark.parametrize(
    "other",
    [
        chunk(2),
        chunk(0),
        chunk(1, document="d_2"),
        chunk(1, version=2),
        chunk(1, page=2),
        chunk(1, part="a.txt"),
    ],
)
def test_what_does_not_follow_on_the_same_page_of_the_same_text_stays_apart(
    other: Passage,
) -> None:
    assert len(merged(chunk(0), other)) == 2


def test_what_is_merged_makes_room_and_what_comes_after_the_last_is_not_looked_at() -> None:
    found = merged(chunk(0), chunk(1), chunk(5), chunk(9), chunk(6), limit=2)

    assert [id for id, _ in found] == ["d_1:0-1", "d_1:5"]


def test_the_header_of_a_table_is_said_once() -> None:
    rows = "Item | Price\nLamp | 3", "Item | Price\nLens | 4"

    assert merged(chunk(0, text=rows[0]), chunk(1, text=rows[1])) == [
        ("d_1:0-1", "Item | Price\nLamp | 3\nLens | 4")
    ]


@pytest.mark.parametrize("text", ["}\nrest", "Item | Price", "Other | Price\nLens | 4"])
def test_what_only_looks_like_a_header_is_kept(text: str) -> None:
    before = "Item | Price\n}\nLamp | 3"

    assert merged(chunk(0, text=before), chunk(1, text=text))[0][1] == f"{before}\n\n{text}"


def test_places_and_headings_reach_over_the_run() -> None:
    lines = Place(unit="line", first=1, last=4), Place(unit="line", first=5, last=9)
    (run,) = merge_neighbours(
        [
            chunk(0, headings=("A", "B"), place=lines[0]),
            chunk(1, headings=("A", "C"), place=lines[1]),
        ],
        8,
    )

    assert run.headings == ("A",)
    assert run.place == Place(unit="line", first=1, last=9)


def test_each_part_of_a_run_keeps_its_place() -> None:
    first = chunk(
        1,
        text="Oil burns.\n\nWicks glow.",
        spots=(Spot(at=0, headings=("Oil",)), Spot(at=12, headings=("Wick",))),
    )
    (run,) = merge_neighbours([first, chunk(2, text="Glass is clear.", headings=("Glass",))], 8)

    assert run.spots == (
        Spot(at=0, headings=("Oil",)),
        Spot(at=12, headings=("Wick",)),
        Spot(at=25, headings=("Glass",)),
    )
    assert run.text[25:] == "Glass is clear."


def test_a_run_that_stands_alike_has_no_spots() -> None:
    (run,) = merge_neighbours([chunk(1, headings=("Oil",)), chunk(2, headings=("Oil",))], 8)

    assert run.spots == ()


def test_rows_that_follow_each_other_keep_their_numbers_without_the_header_between() -> None:
    before = chunk(0, text="A | B\n1 | 2\n3 | 4", place=Place(unit="row", first=1, last=3))
    after = chunk(
        1,
        text="A | B\n5 | 6\n7 | 8",
        place=Place(unit="row", first=4, last=5),
        spots=(
            Spot(at=0, place=Place(unit="row", first=4, last=4)),
            Spot(at=12, place=Place(unit="row", first=5, last=5)),
        ),
    )
    (run,) = merge_neighbours([before, after], 8)

    assert run.text == "A | B\n1 | 2\n3 | 4\n5 | 6\n7 | 8"
    for number, row in enumerate(run.text.split("\n"), start=1):
        start = run.text.index(row)
        found = locate(run, start, start + len(row)).place
        assert found == Place(unit="row", first=number, last=number)


def test_rows_of_two_sheets_stay_apart() -> None:
    rows = Place(unit="row", first=1, last=3)
    found = merged(
        chunk(0, headings=("Prices",), place=rows), chunk(1, headings=("Stock",), place=rows)
    )

    assert [id for id, _ in found] == ["d_1:0", "d_1:1"]
