"""Over HTTP: what a passage says of its place, what could not be read, and the page it is on."""

import asyncio
import io
from collections.abc import AsyncGenerator

import httpx
import numpy as np
import openpyxl
import pytest
import pytest_asyncio
from fpdf import FPDF
from PIL import Image

from groundwire.adapters.embedder.absent import AbsentEmbedder
from groundwire.model.ids import chunks_of
from tests.files import report, saved, zipped
from tests.support.server import Served, serve

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    """Search by words alone: what a scripted embedder finds near has no meaning."""
    data = tmp_path_factory.mktemp("data")
    async with serve(data, embedder=AbsentEmbedder("none")) as served:
        yield served


PDF = bytes(report(2).output())


def prices() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.title = "Prices"
    sheet.append(["Item", "Price", "Supplier"])
    for number in range(300):
        sheet.append([f"Lamp part {number}", number * 3, f"Maker {number % 7}"])
    sheet.append(["Fresnel lens", 4711, "Barbier"])
    return saved(book)


async def upload(browser: httpx.AsyncClient, name: str, content: bytes) -> tuple[str, str]:
    """Return the ids of a new workspace and of the document in it, once it has been read."""
    made = await browser.post("/api/v1/workspaces", json={"name": name})
    workspace = made.json()["id"]
    return workspace, await upload_to(browser, workspace, name, content)


async def upload_to(browser: httpx.AsyncClient, workspace: str, name: str, content: bytes) -> str:
    """Return the id of the document in ``workspace``, once it has been read."""
    url = f"/api/v1/workspaces/{workspace}/documents"
    document = (await browser.post(url, files={"file": (name, content)})).json()["documents"][0]
    cursor = "0"
    async with asyncio.timeout(30):
        while True:
            page = await browser.get(
                f"/api/v1/workspaces/{workspace}/poll", params={"cursor": cursor, "timeout": 10}
            )
            cursor = page.json()["cursor"]
            mine = [
                each for each in page.json()["events"] if each.get("documentId") == document["id"]
            ]
            types = {event["type"] for event in mine}
            if types & {"document.embedding", "document.ready", "document.failed"}:
                return str(document["id"])


async def search(browser: httpx.AsyncClient, workspace: str, query: str) -> dict[str, object]:
    url = f"/api/v1/workspaces/{workspace}/search"
    answer = await browser.post(url, json={"query": query, "limit": 1})
    return answer.json()["passages"][0]


async def test_a_question_on_a_cell_finds_its_row_with_its_header_and_its_number(
    served: Served,
) -> None:
    async with served.browse() as browser:
        workspace, _ = await upload(browser, "prices.xlsx", prices())
        passage = await search(browser, workspace, "price of the Fresnel lens")

    text = str(passage["text"])
    assert text.startswith("Item | Price | Supplier\n")
    assert "Fresnel lens | 4711 | Barbier" in text
    assert passage["headings"] == ["Prices"]
    place = passage["place"]
    assert isinstance(place, dict)
    assert (place["unit"], place["last"]) == ("row", 302)


async def test_a_file_in_an_archive_is_cited_by_its_name_and_page_and_its_page_is_drawn(
    served: Served,
) -> None:
    async with served.browse() as browser:
        content = zipped({"years/lamp.pdf": PDF, "years/cut.pdf": PDF[:700]})
        workspace, document = await upload(browser, "all.zip", content)
        passage = await search(browser, workspace, "the lamp was lit on 180 nights")
        said = (await browser.get(f"/api/v1/documents/{document}")).json()
        url = f"/api/v1/documents/{document}/page"
        drawn = await browser.get(url, params={"page": 2, "passage": str(passage["id"])})
        others = [
            await browser.get(url, params=query)
            for query in ({"page": "2"}, {"passage": "d_1:0"}, {"page": "x"}, {"width": "1"})
        ]

    assert (passage["part"], passage["page"]) == ("years/lamp.pdf", 1)
    assert [(each["where"], each["code"]) for each in said["unread"]] == [
        ("years/cut.pdf", "broken")
    ]
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/webp")
    assert [answer.json()["code"] for answer in others] == [
        "unreadable_document",
        "not_found",
        "invalid_field",
        "invalid_field",
    ]


async def test_neighbours_of_one_page_are_one_passage_and_all_of_it_is_marked(
    served: Served,
) -> None:
    lines = [
        f"The lamp number {n} was lit on {n} nights, and the keeper wrote it." for n in range(40)
    ]
    pdf = FPDF()
    pdf.set_font("Helvetica", size=9)
    pdf.add_page()
    for line in lines:
        pdf.multi_cell(0, 5, line, new_x="LMARGIN", new_y="NEXT")
    async with served.browse() as browser:
        workspace, document = await upload(browser, "lamps.pdf", bytes(pdf.output()))
        passage = await search(browser, workspace, "Which lamp did the keeper light?")
        url = f"/api/v1/documents/{document}/page"
        whole, parts = str(passage["id"]), chunks_of(str(passage["id"]))
        marked = [
            yellow(await browser.get(url, params={"page": 1, "passage": id}))
            for id in (whole, *parts)
        ]
        beyond = await browser.get(url, params={"page": 1, "passage": f"{document}:90-92"})

    assert len(parts) > 1
    assert passage["page"] == 1
    assert marked[0] == pytest.approx(sum(marked[1:]), rel=0.05)
    assert min(marked) > 0
    assert beyond.json()["code"] == "not_found"


def yellow(answer: httpx.Response) -> int:
    """Return how many pixels of a page are marked."""
    picture = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"), np.int16)
    return int(((picture[..., 0] > 220) & (picture[..., 2] < 160)).sum())
