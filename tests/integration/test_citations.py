"""A citation says what it rests on and where just that stands, however much shares its passage."""

from collections.abc import AsyncGenerator

import openpyxl
import pptx
import pytest
import pytest_asyncio

from groundwire.adapters.embedder.absent import AbsentEmbedder
from tests.files import saved
from tests.integration.test_places import upload_to
from tests.support.server import Served, serve
from tests.support.socket import Frame

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    data = tmp_path_factory.mktemp("data")
    async with serve(data, embedder=AbsentEmbedder("none")) as served:
        yield served


def slides() -> bytes:
    deck = pptx.Presentation()
    for title, said in (
        ("Harvest", "It began on 9 September."),
        ("Pests", "Phylloxera was found in block seven."),
        ("Outlook", "Two hectares of Riesling are planned."),
    ):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        assert slide.shapes.title
        slide.shapes.title.text = title
        slide.placeholders[1].text = said  # type: ignore[attr-defined]
    return saved(deck)


def stock() -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in {
        "Prices": [("Tool", "Price"), ("Adze", 31), ("Froe", 42)],
        "Stock": [("Tool", "Pieces", "Shelf"), ("Adze", 17, "H4"), ("Froe", 3, "K9")],
    }.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return saved(book)


def subtitles() -> bytes:
    said = ["Good evening, listeners.", "The camel's name is Balthazar.", "We reach the fort."]
    cues = (f"{n + 1}\n00:0{n}:10,000 --> 00:0{n}:16,000\n{text}\n" for n, text in enumerate(said))
    return "\n".join(cues).encode()


def slide(number: int) -> dict[str, object]:
    return {"unit": "slide", "first": number, "last": number}


async def cite(served: Served, name: str, content: bytes, question: str, answer: str) -> Frame:
    """Return the one citation of ``answer``, to a question about this file alone."""
    async with served.browse() as browser, served.connect() as client:
        workspace = (await browser.get("/api/v1/me")).json()["workspaceId"]
        document = await upload_to(browser, workspace, name, content)
        served.script(answer)
        events = await client.answer(served.new_session(), question, attachments=[document])
    (citation,) = [event for event in events if event["type"] == "citation"]
    return citation


async def test_a_slide_is_cited_that_shares_its_passage_with_others(served: Served) -> None:
    said = "The pest Phylloxera was found in block seven [1]."
    citation = await cite(served, "vines.pptx", slides(), "Where was Phylloxera found?", said)

    assert citation["quote"] == "Phylloxera was found in block seven."
    assert citation["page"] == 2
    assert citation["headings"] == ["Pests"]
    assert citation["place"] == slide(2)


async def test_a_row_is_cited_by_its_sheet_and_number(served: Served) -> None:
    said = "Of the Froe there are 3 pieces, on shelf K9 [1]."
    citation = await cite(served, "stock.xlsx", stock(), "How many pieces of the Froe?", said)

    assert citation["quote"] == "Froe | 3 | K9"
    assert citation["headings"] == ["Stock"]
    assert citation["place"] == {"unit": "row", "first": 3, "last": 3}


async def test_the_seconds_of_what_is_said_are_cited(served: Served) -> None:
    said = "The camel's name is Balthazar [1]."
    citation = await cite(served, "lake.srt", subtitles(), "What is the camel's name?", said)

    assert citation["place"] == {"unit": "second", "first": 70, "last": 76}


async def test_where_nothing_is_quoted_the_place_of_the_source_is_cited(served: Served) -> None:
    said = "Wine is made here [1]."
    citation = await cite(served, "vines.pptx", slides(), "Where was Phylloxera found?", said)

    assert "quote" not in citation
    assert citation["page"] == 1
    assert citation["place"] == {"unit": "slide", "first": 1, "last": 3}


async def test_a_sheet_shares_no_passage_with_another(served: Served) -> None:
    async with served.browse() as browser:
        workspace = (await browser.get("/api/v1/me")).json()["workspaceId"]
        document = await upload_to(browser, workspace, "stock.xlsx", stock())
        found = await browser.post(
            f"/api/v1/workspaces/{workspace}/search",
            json={"query": "Froe Adze", "limit": 9, "filter": {"documents": [document]}},
        )

    assert sorted(
        (passage["headings"], passage["place"]["last"]) for passage in found.json()["passages"]
    ) == [(["Prices"], 3), (["Stock"], 3)]
