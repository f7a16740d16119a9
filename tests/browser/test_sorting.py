"""Tags, collections and pins on the page, and questions that are limited by them."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from groundwire.adapters.models.scripted_server import ScriptedServer
from tests.browser.visit import Served, complaints, new_context

pytestmark = pytest.mark.browser

FILES = {
    "lamps.md": "# Lamps\n\nAmber lamps glow warmly in the evening.",
    "rules.txt": "The rules file builds the package.",
}


@pytest.fixture
def shelf(browser: Browser, served: Served, owner: StorageState) -> Iterator[Page]:
    """A page with a new workspace of two documents, its panel open."""
    context = new_context(browser, owner)
    page = context.new_page()
    page.goto(served.url)
    page.get_by_role("button", name="Workspace", exact=False).first.click()
    page.get_by_role("menuitem", name="New workspace").click()
    page.get_by_label("Name of the workspace").fill("Shelf")
    page.get_by_role("button", name="Create").click()
    # Another workspace may have no documents either.
    expect(page.get_by_role("button", name=re.compile("Shelf"))).to_be_visible()
    files = [
        {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
        for name, text in FILES.items()
    ]
    page.get_by_test_id("file-input").set_input_files(files)  # pyright: ignore[reportArgumentType]
    expect(page.locator("[data-status=ready]")).to_have_count(2, timeout=60_000)
    yield page
    context.close()


def row_of(page: Page, title: str) -> Locator:
    return page.locator("[data-document]").filter(has_text=title)


def sort(page: Page, title: str, *, tags: str, collection: str) -> None:
    """Give a document tags and a new collection, by keyboard alone."""
    page.get_by_role("button", name=f"Tags and collections of “{title}”").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Tags", exact=True).fill(tags)
    dialog.get_by_label("New collection").fill(collection)
    dialog.get_by_label("New collection").press("Enter")
    expect(dialog.get_by_role("checkbox", name=collection)).to_be_checked()
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(dialog).to_have_count(0)


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")


def test_a_question_is_limited_until_the_limit_is_taken_off(
    shelf: Page, model: ScriptedServer
) -> None:
    sort(shelf, "lamps.md", tags="Light, Evening", collection="House")
    labels = row_of(shelf, "lamps.md").locator(".labels li")
    expect(labels).to_have_text(["House", "#evening", "#light"])

    shelf.get_by_label("Find by name, tag or collection").fill("house evening")
    expect(shelf.locator("[data-document]")).to_have_count(1)
    shelf.get_by_label("Find by name, tag or collection").fill("")

    shelf.get_by_role("button", name="Limit questions to some documents").press("Enter")
    shelf.get_by_role("checkbox", name="light").press("Space")
    expect(shelf.get_by_role("checkbox", name="Markdown")).to_be_visible()
    shelf.keyboard.press("Escape")
    chips = shelf.get_by_role("list", name="What the next question is limited to")
    expect(chips).to_have_text("#light")
    ask(shelf, "Which lamps glow warmly in the evening?")
    expect(shelf.get_by_text("Limited to: #light")).to_be_visible()
    expect(shelf.get_by_role("article", name="You")).to_have_count(1)
    expect(shelf.get_by_text(re.compile("^Noted"))).to_be_visible()
    prompt = str(model.asked[-1].body["messages"])
    assert "Amber lamps" in prompt
    assert "rules file" not in prompt

    # The conversation has begun, and was loaded again: it is limited all the same.
    shelf.reload()
    expect(chips).to_have_text("#light")
    shelf.get_by_role("button", name="No longer limit to “#light”").press("Enter")
    expect(chips).to_have_count(0)


def test_what_is_pinned_is_read_for_every_answer(shelf: Page, model: ScriptedServer) -> None:
    pin = shelf.get_by_role("button", name="Pin “rules.txt”")
    pin.press("Enter")
    expect(pin).to_have_attribute("aria-pressed", "true")

    ask(shelf, "Quantum chromodynamics?")
    expect(shelf.get_by_text(re.compile("^Noted"))).to_be_visible()

    assert "[1] (rules.txt)" in str(model.asked[-1].body["messages"])


def test_another_device_sees_how_documents_are_sorted_as_it_happens(shelf: Page) -> None:
    other = shelf.context.new_page()
    other.goto(shelf.url)
    other.get_by_role("button", name="2 documents").click()
    labels = row_of(other, "lamps.md").locator(".labels li")

    sort(shelf, "lamps.md", tags="Light", collection="House")
    expect(labels).to_have_text(["House", "#light"])
    shelf.get_by_role("button", name="Pin “lamps.md”").press("Enter")
    expect(other.get_by_role("button", name="Pin “lamps.md”")).to_have_attribute(
        "aria-pressed", "true"
    )
    other.get_by_role("button", name="Limit questions to some documents").press("Enter")
    other.get_by_role("checkbox", name="House").press("Space")
    other.keyboard.press("Escape")
    chips = other.get_by_role("list", name="What the next question is limited to")
    expect(chips).to_have_text("House")

    shelf.get_by_role("button", name="Tags and collections of “rules.txt”").click()
    shelf.get_by_role("button", name="Rename “House”").click()
    shelf.get_by_label("Name of the collection").fill("Home")
    shelf.get_by_label("Name of the collection").press("Enter")
    expect(shelf.get_by_role("checkbox", name="Home")).to_be_visible()
    expect(labels).to_have_text(["Home", "#light"])
    expect(chips).to_have_text("Home")

    shelf.get_by_label("New collection").fill("Home")
    shelf.get_by_role("button", name="Create").click()
    expect(shelf.get_by_role("dialog").get_by_role("alert")).to_contain_text("already")
    shelf.get_by_role("button", name="Delete “Home”").click()
    shelf.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(shelf.get_by_role("checkbox", name="Home")).to_have_count(0)
    expect(labels).to_have_text(["#light"])
    expect(chips).to_have_text("Deleted collection")
    # The browser notes the name that was taken.
    assert [text for text in complaints if "409" not in text] == []
    complaints.clear()


def test_in_chinese_everything_is_said_in_chinese(
    browser: Browser, served: Served, owner: StorageState
) -> None:
    context = new_context(browser, owner, locale="zh-CN")
    page = context.new_page()
    page.goto(served.url)
    files = [{"name": "说明.md", "mimeType": "text/markdown", "buffer": "琥珀灯很暖。".encode()}]
    page.get_by_test_id("file-input").set_input_files(files)  # pyright: ignore[reportArgumentType]
    row = row_of(page, "说明.md")
    row.get_by_role("button", name="“说明.md”的标签与合集").click()
    page.get_by_role("dialog").get_by_label("标签", exact=True).fill("灯，家")
    page.get_by_role("button", name="保存").click()
    expect(row.locator(".labels li")).to_have_text(["#家", "#灯"])
    page.get_by_role("button", name="将问题限定在部分文档").click()
    page.get_by_role("checkbox", name="灯").check()
    expect(page.get_by_role("list", name="下一个问题的限定范围")).to_have_text("#灯")
    context.close()
