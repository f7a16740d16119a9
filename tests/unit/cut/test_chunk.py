import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwire.cut.chunk import chunk_blocks, embedding_text
from groundwire.cut.pieces import LIMIT, weigh
from groundwire.cut.sentences import split_sentences
from groundwire.model.documents import Block, Chunk
from groundwire.model.ids import ChunkId, DocumentId
from groundwire.model.places import Place

DOCUMENT = DocumentId("d")
ENGLISH = "The keeper of the lighthouse wrote down what he saw on night {n}, and nobody read it. "
CHINESE = "灯塔的看守人把第{n}个夜晚看见的一切都写进了簿子，可是从来没有人读过它。"


def text(*sentences: str, page: int | None = None, headings: tuple[str, ...] = ()) -> Block:
    return Block(text="".join(sentences), page=page, headings=headings)


def heading(name: str, *above: str, page: int | None = None) -> Block:
    return Block(text=name, kind="heading", level=len(above) + 1, headings=above, page=page)


def many(sentence: str, count: int) -> str:
    return "".join(sentence.format(n=n) for n in range(count))


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


words = st.text(alphabet="ab cd。. ，,\nE灯塔”", min_size=1, max_size=400)
blocks_of_text = st.lists(
    st.builds(
        Block,
        text=words,
        kind=st.sampled_from(["text", "list", "code", "heading"]),
        level=st.integers(1, 6),
        page=st.none() | st.integers(1, 3),
        headings=st.lists(st.sampled_from("ABC"), max_size=2).map(tuple),
    ),
    max_size=12,
)


@given(blocks_of_text)
def test_chunks_cover_the_document_in_order(blocks: list[Block]) -> None:
    chunks = chunk_blocks(DOCUMENT, blocks)

    assert bare("".join(chunk.text for chunk in chunks)) == bare("".join(b.text for b in blocks))
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@given(blocks_of_text, st.integers(1, 4))
def test_no_chunk_is_over_the_limit(blocks: list[Block], times: int) -> None:
    long = [Block(text=block.text * times * 3, kind=block.kind) for block in blocks]

    assert all(0 < weigh(chunk.text) <= LIMIT for chunk in chunk_blocks(DOCUMENT, long))


@given(st.lists(st.lists(st.text(alphabet="ab灯|", max_size=60), min_size=2, max_size=4)))
def test_tables_are_within_the_limit_and_keep_every_row(rows: list[list[str]]) -> None:
    table = Block(text="\n".join("x" + " | ".join(row) for row in rows), kind="table")

    chunks = chunk_blocks(DOCUMENT, [table])

    kept = {line.rstrip() for chunk in chunks for line in chunk.text.split("\n")}
    assert all(weigh(chunk.text) <= LIMIT for chunk in chunks)
    assert {line.rstrip() for line in table.text.split("\n") if line} <= kept


@given(blocks_of_text)
def test_the_same_blocks_give_the_same_chunks(blocks: list[Block]) -> None:
    assert chunk_blocks(DOCUMENT, blocks) == chunk_blocks(DOCUMENT, blocks)


def test_english_is_cut_between_sentences() -> None:
    chunks = chunk_blocks(DOCUMENT, [text(many(ENGLISH, 60))])

    assert len(chunks) > 4
    assert all(chunk.text.endswith("nobody read it.") for chunk in chunks)
    assert all(chunk.text.startswith("The keeper") for chunk in chunks)


def test_chinese_is_cut_between_sentences_at_half_the_characters() -> None:
    chunks = chunk_blocks(DOCUMENT, [text(many(CHINESE, 60))])

    assert len(chunks) > 4
    assert all(chunk.text.endswith("没有人读过它。") for chunk in chunks)
    assert all(250 <= len(chunk.text) <= 450 for chunk in chunks[:-1])


def test_a_sentence_over_the_limit_is_cut_between_clauses() -> None:
    sentence = "，".join(f"第{n}个夜晚他仍然看着海" for n in range(100)) + "。"

    chunks = chunk_blocks(DOCUMENT, [text(sentence)])

    assert len(chunks) > 1
    assert all(chunk.text.endswith("，") for chunk in chunks[:-1])


def test_a_word_over_the_limit_is_cut_anywhere() -> None:
    for word in ("x" * 2500, "海" * 2500, "x" * 900 + "海" * 1600):
        chunks = chunk_blocks(DOCUMENT, [text(word)])

        assert "".join(chunk.text for chunk in chunks) == word
        assert all(LIMIT // 3 < weigh(chunk.text) <= LIMIT for chunk in chunks[:-1])


@pytest.mark.parametrize("blocks", [[], [text(" \n ")]], ids=["none", "blank"])
def test_what_says_nothing_has_no_chunks(blocks: list[Block]) -> None:
    assert chunk_blocks(DOCUMENT, blocks) == []


def test_a_chunk_knows_its_pages_and_headings() -> None:
    blocks = [
        heading("Lamp", page=1),
        text(many(ENGLISH, 3), page=1, headings=("Lamp",)),
        text(many(ENGLISH, 3), page=2, headings=("Lamp",)),
    ]

    (chunk,) = chunk_blocks(DOCUMENT, blocks)

    assert (chunk.page, chunk.last_page, chunk.headings) == (1, 2, ("Lamp",))
    assert chunk.text.startswith("Lamp\n\nThe keeper")


def test_a_heading_begins_a_chunk_and_never_ends_one() -> None:
    blocks = [
        text(many(ENGLISH, 6)),
        heading("Oil"),
        heading("Kinds", "Oil"),
        text(many(ENGLISH, 6), headings=("Oil", "Kinds")),
    ]

    first, second = chunk_blocks(DOCUMENT, blocks)

    assert first.text.endswith("nobody read it.")
    assert second.text.startswith("Oil\n\nKinds\n\nThe keeper")
    assert second.headings == ("Oil",)


def test_small_sections_share_a_chunk_under_what_they_have_in_common() -> None:
    blocks: list[Block] = []
    for name in ("A", "B"):
        blocks += [heading(name, "Top"), text("A word. ", headings=("Top", name))]

    (chunk,) = chunk_blocks(DOCUMENT, blocks)

    assert chunk.headings == ("Top",)


def test_small_sections_that_are_many_are_cut_between_sections() -> None:
    blocks: list[Block] = []
    for name in "ABCDEFGHIJ":
        blocks += [heading(name, "Top"), text(many(ENGLISH, 1), headings=("Top", name))]

    chunks = chunk_blocks(DOCUMENT, blocks)

    assert len(chunks) > 2
    assert all(re.match(r"[A-J]\n\nThe keeper", chunk.text) for chunk in chunks)


def test_a_long_section_does_not_begin_in_the_chunk_of_a_small_one() -> None:
    blocks = [
        heading("A", "Top"),
        text("A word. ", headings=("Top", "A")),
        heading("B", "Top"),
        text(many(ENGLISH, 9), headings=("Top", "B")),
    ]

    first, second = chunk_blocks(DOCUMENT, blocks)

    assert (first.text, second.headings) == ("A\n\nA word.", ("Top", "B"))


def test_the_text_of_another_section_begins_a_chunk_though_its_heading_is_missing() -> None:
    blocks = [text(many(ENGLISH, 3), headings=(name,)) for name in ("A", "B")]

    assert [chunk.headings for chunk in chunk_blocks(DOCUMENT, blocks)] == [("A",), ("B",)]


@pytest.mark.parametrize("after", [[], [heading("Next")]], ids=["the end", "a heading"])
def test_the_last_words_of_a_section_stay_with_it(after: list[Block]) -> None:
    blocks = [text(many(ENGLISH, 9) + "So it went on. He died."), *after]

    first, *_ = chunk_blocks(DOCUMENT, blocks)

    assert first.text.endswith("So it went on. He died.")


def test_a_sentence_that_runs_over_a_page_is_kept_whole() -> None:
    blocks = [
        text(many(ENGLISH, 8) + "This one runs", page=1),
        text("over the page. " + many(ENGLISH, 8), page=2),
    ]

    chunks = chunk_blocks(DOCUMENT, blocks)

    assert any("This one runs over the page." in chunk.text for chunk in chunks)


def test_a_chinese_sentence_that_runs_over_a_page_gets_no_space() -> None:
    blocks = [text("他看着那", page=1), text("片海。", page=2)]

    assert chunk_blocks(DOCUMENT, blocks)[0].text == "他看着那片海。"


@pytest.mark.parametrize(
    "after",
    [
        Block(text="keeper's list", kind="list", page=2),
        text("of another section.", page=2, headings=("B",)),
        text("Of a sentence of its own.", page=2),
    ],
    ids=["a list", "another section", "a capital"],
)
def test_what_does_not_go_on_from_the_page_before_stays_by_itself(after: Block) -> None:
    (chunk,) = chunk_blocks(DOCUMENT, [text("This is the end", page=1), after])

    assert chunk.text == f"This is the end\n\n{after.text}"


def test_a_list_is_kept_line_by_line() -> None:
    items = Block(text="- oil  \n\n- a wick. And a lens", kind="list")

    assert chunk_blocks(DOCUMENT, [items])[0].text == "- oil\n- a wick. And a lens"


def test_every_part_of_a_table_has_the_header() -> None:
    rows = [f"item {n} | {n} crowns | from the shop behind the harbour" for n in range(60)]
    table = Block(text="\n".join(["Name | Price | Where", *rows]), kind="table")

    chunks = chunk_blocks(DOCUMENT, [table])

    assert len(chunks) > 2
    assert all(chunk.text.startswith("Name | Price | Where\n") for chunk in chunks)


def test_code_is_kept_whole() -> None:
    code = "\n".join(f"step_{n}()" for n in range(60))
    blocks = [text(many(ENGLISH, 7)), Block(text=code, kind="code"), text(many(ENGLISH, 7))]

    assert any(code in chunk.text for chunk in chunk_blocks(DOCUMENT, blocks))


def test_code_over_the_limit_is_cut_between_lines() -> None:
    lines = [f"step_{n}(lamp, oil)" for n in range(90)]

    chunks = chunk_blocks(DOCUMENT, [Block(text="\n".join(lines), kind="code")])

    assert len(chunks) > 1
    assert [line for chunk in chunks for line in chunk.text.splitlines()] == lines


def test_every_chunk_of_prose_is_whole_sentences() -> None:
    blocks = [text(many(ENGLISH, 9) + many(CHINESE, 9), page=n) for n in range(1, 6)]
    sentences = {s.strip() for block in blocks for s in split_sentences(block.text)}

    for chunk in chunk_blocks(DOCUMENT, blocks):
        assert {s.strip() for s in split_sentences(chunk.text)} <= sentences


def test_what_is_embedded_says_where_it_stands() -> None:
    chunk = Chunk(
        id=chunk_blocks(DOCUMENT, [text("x")])[0].id,
        document=DOCUMENT,
        position=0,
        text="Oil\n\nIt burns.",
        headings=("Lamp", "Oil"),
    )

    assert embedding_text(chunk, "manual.pdf") == "manual.pdf › Lamp\nOil\n\nIt burns."


def test_rows_of_a_table_that_is_cut_know_their_numbers_and_keep_their_header() -> None:
    rows = ["Item | Price", "", *(f"Oil of kind {n} | {n}" for n in range(100))]
    place = Place(unit="row", first=3, last=104)
    table = Block(text="\n".join(rows), kind="table", place=place)

    chunks = chunk_blocks(DOCUMENT, [table])

    assert len(chunks) > 2
    assert all(chunk.text.startswith("Item | Price\n") for chunk in chunks)
    (found,) = [chunk for chunk in chunks if "Oil of kind 77 |" in chunk.text]
    assert found.place
    first = int(found.text.split("\n")[1].split()[3])
    assert (found.place.unit, found.place.first) == ("row", first + 5)
    assert chunks[0].place == Place(unit="row", first=3, last=chunks[1].place.first - 1)  # type: ignore[union-attr]


def test_code_is_cut_between_stanzas_and_chunks_know_their_lines() -> None:
    stanzas = [f"    step_{n} = {n}\n" + f"    use(step_{n})\n" * 12 for n in range(8)]
    code = Block(
        text="def run():\n" + "\n".join(stanzas).rstrip(),
        kind="code",
        place=Place(unit="line", first=10, last=123),
    )

    chunks = chunk_blocks(DOCUMENT, [code])

    assert len(chunks) > 1
    assert all(chunk.text.startswith(("def run()", "step_")) for chunk in chunks)
    places = [chunk.place for chunk in chunks if chunk.place]
    assert places[0].first == 10
    assert all(before.last < after.first for before, after in pairwise(places))
    assert places[-1].last == 10 + code.text.count("\n")


def test_what_is_known_by_its_time_spans_from_the_first_to_the_last() -> None:
    said = [
        Block(text="It is lit.", place=Place(unit="second", first=n * 10, last=n * 10 + 8))
        for n in range(3)
    ]

    (chunk,) = chunk_blocks(DOCUMENT, said)

    assert chunk.place == Place(unit="second", first=0, last=28)


def test_places_of_different_units_are_no_place() -> None:
    blocks = [
        Block(text="Of a slide.", place=Place(unit="slide", first=1, last=1)),
        Block(text="a | b", kind="table", place=Place(unit="row", first=1, last=1)),
    ]

    assert [chunk.place for chunk in chunk_blocks(DOCUMENT, blocks)] == [None]


def test_files_within_a_file_share_no_chunk() -> None:
    blocks = [
        Block(text=f"{name} is short", part=name, headings=(name,), page=page)
        for page, name in enumerate(("a.pdf", "b.pdf"), start=1)
    ]

    assert [(chunk.part, chunk.headings) for chunk in chunk_blocks(DOCUMENT, blocks)] == [
        ("a.pdf", ("a.pdf",)),
        ("b.pdf", ("b.pdf",)),
    ]


def test_a_sentence_does_not_run_on_into_another_file() -> None:
    blocks = [
        Block(text=text, part=part, page=page)
        for page, (part, text) in enumerate(
            (("a.pdf", "The lamp is"), ("b.pdf", "not of this file.")), start=1
        )
    ]

    assert [chunk.text for chunk in chunk_blocks(DOCUMENT, blocks)] == [
        "The lamp is",
        "not of this file.",
    ]


def test_the_name_of_a_file_within_a_file_is_embedded_however_deep_its_headings() -> None:
    chunk = Chunk(
        id=ChunkId("d:0"), document=DOCUMENT, position=0, text="Oil.", part="a.pdf",
        headings=("a.pdf", "1", "1.1", "1.1.1"),
    )  # fmt: skip

    assert embedding_text(chunk, "all.zip") == "all.zip › a.pdf › 1.1 › 1.1.1\nOil."
