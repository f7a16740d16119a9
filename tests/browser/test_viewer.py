"""A citation opens the original at its place: the page of a PDF, with the passage marked."""

import re

import pytest
from playwright.sync_api import Page, expect

from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from tests.files import report, zipped

pytestmark = [pytest.mark.browser, pytest.mark.slow]

YELLOW = """image => {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const drawing = canvas.getContext("2d");
  drawing.drawImage(image, 0, 0);
  const { data } = drawing.getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] > 200 && data[at + 1] > 180 && data[at + 2] < 170) count += 1;
  }
  return count / (canvas.width * canvas.height);
}"""


def test_a_citation_shows_the_page_of_a_pdf_within_an_archive_with_the_passage_marked(
    page: Page, model: ScriptedServer
) -> None:
    pdf = bytes(report(3).output())
    archive = zipped({"years/lamp.pdf": pdf, "years/cut.pdf": pdf[:700]})
    files = [{"name": "lighthouse.zip", "mimeType": "application/zip", "buffer": archive}]
    page.get_by_test_id("file-input").set_input_files(files)  # pyright: ignore[reportArgumentType]
    panel = page.get_by_role("complementary")
    row = panel.get_by_role("listitem").filter(has_text="lighthouse.zip")
    expect(row.get_by_text("Found by meaning")).to_be_visible(timeout=60_000)
    row.get_by_text("1 part could not be read").click()
    expect(row.locator(".unread li")).to_contain_text("years/cut.pdf")

    model.enqueue(Reply(deltas=("On 180 nights", " [1].")))
    page.get_by_label("Your question").fill("On how many nights was the lamp lit in year 2?")
    page.keyboard.press("Enter")
    answer = page.get_by_role("article", name="Answer").last
    expect(answer).to_have_attribute("aria-busy", "false")
    answer.locator("[data-citation='1']").click()
    expect(panel.locator(".where")).to_contain_text("years/lamp.pdf")
    panel.get_by_role("button", name="Show page 1").click()

    for number in (1, 2):
        image = panel.get_by_role("img", name=f"Page {number} of “years/lamp.pdf”")
        expect(image).to_be_visible()
        expect(panel.get_by_role("status")).to_have_count(0)
        assert image.evaluate(YELLOW) > 0.002
        panel.get_by_role("button", name="Next page").click()
    panel.get_by_role("button", name="Show the passage").click()
    expect(panel.get_by_role("blockquote")).to_contain_text("180 nights")

    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile(r"^\d+ documents$")).click()
    row.get_by_role("button", name="Delete “lighthouse.zip”").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
