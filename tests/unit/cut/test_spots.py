"""Parts that share a chunk keep their own places."""

from groundwire.cut.chunk import chunk_blocks
from groundwire.model.documents import Block
from groundwire.model.ids import DocumentId
from groundwire.model.places import Place, Spot, locate

DOCUMENT = DocumentId("d")


def slide(number: int, title: str) -> list[Block]:
    said = f"Of {title.lower()} little is said."
    place = Place(unit="slide", first=number, last=number)
    return [
        Block(text=title, kind="heading", level=1, page=number, place=place),
        Block(text=said, page=number, headings=(title,), place=place),
    ]


def test_parts_that_share_a_chunk_keep_their_own_pages_headings_and_places() -> None:
    blocks = [
        block
        for n, name in enumerate(["Oil", "Wick", "Glass"], start=1)
        for block in slide(n, name)
    ]

    (chunk,) = chunk_blocks(DOCUMENT, blocks)

    assert (chunk.page, chunk.headings) == (1, ())
    assert chunk.place == Place(unit="slide", first=1, last=3)
    assert chunk.spots == tuple(
        Spot(
            at=chunk.text.index(name),
            page=n,
            headings=(name,),
            place=Place(unit="slide", first=n, last=n),
        )
        for n, name in enumerate(["Oil", "Wick", "Glass"], start=1)
    )


def test_a_chunk_that_stands_alike_has_no_spots() -> None:
    (chunk,) = chunk_blocks(DOCUMENT, slide(1, "Oil"))

    assert chunk.spots == ()


def test_each_row_of_a_table_is_found_under_its_number() -> None:
    rows = ["Item | Price", "", *(f"Oil of kind {n} | {n}" for n in range(100)), "", "Wick | 3"]
    place = Place(unit="row", first=3, last=106)

    chunks = chunk_blocks(DOCUMENT, [Block(text="\n".join(rows), kind="table", place=place)])

    for number, row in enumerate(rows, start=3):
        if not row or number == 3:
            continue
        (chunk,) = [each for each in chunks if row in each.text.split("\n")]
        start = f"\n{chunk.text}\n".index(f"\n{row}\n")
        found = locate(chunk, start, start + len(row))
        assert found.place == Place(unit="row", first=number, last=number)
        assert len(chunk.spots) <= 3


def test_a_sheet_shares_no_chunk_with_another() -> None:
    rows = Place(unit="row", first=1, last=2)
    blocks = [
        block
        for name in ("Prices", "Stock")
        for block in (
            Block(text=name, kind="heading", level=1),
            Block(text="Tool | Number\nAdze | 17", kind="table", headings=(name,), place=rows),
        )
    ]

    found = [(chunk.headings, chunk.place) for chunk in chunk_blocks(DOCUMENT, blocks)]

    assert found == [(("Prices",), rows), (("Stock",), rows)]
