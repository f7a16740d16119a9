"""Feeds on the page: added, followed live, held, refused in sentences, removed."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from tests.browser.visit import Served, complaints, new_context

pytestmark = pytest.mark.browser


def open_places(page: Page, *, documents: str = r"\d+ documents?", entry: str = "web page") -> None:
    page.get_by_role("button", name=re.compile(documents)).click()
    page.get_by_role("complementary").get_by_role("button", name=re.compile(entry)).click()


def new_workspace(page: Page, name: str) -> None:
    page.get_by_role("button", name="Workspace", exact=False).first.click()
    page.get_by_role("menuitem", name="New workspace").click()
    page.get_by_label("Name of the workspace").fill(name)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("button", name="0 documents")).to_be_visible()


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("complementary").get_by_role("listitem").filter(has_text=name)


def test_a_folder_is_kept_up_with_until_it_is_removed(page: Page, shared: Path) -> None:
    folder = shared / "herons"
    folder.mkdir()
    (folder / "nests.md").write_text("# Nests\n\nThe heron nests in April.")
    new_workspace(page, "Birds")
    open_places(page)
    panel = page.get_by_role("complementary")
    panel.get_by_role("button", name="Add a place").press("Enter")
    panel.get_by_role("radio", name="Web page").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")  # as far as the folder
    expect(panel.get_by_role("radio", name="Folder")).to_be_checked()
    panel.get_by_label("Folder on the server").fill("/root")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("GROUNDWIRE_FOLDERS")
    assert [text for text in complaints if "422" not in text] == []
    complaints.clear()

    panel.get_by_label("Folder on the server").fill(str(folder))
    page.keyboard.press("Enter")
    row = row_of(page, str(folder))
    expect(row).to_contain_text("Up to date")
    expect(row).to_contain_text("1 new")
    expect(row).to_contain_text("Watched all the time")
    expect(page.get_by_role("button", name="1 document")).to_be_visible()

    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused")
    page.reload()
    page.get_by_label("Your question").wait_for()
    open_places(page, entry="1 place")
    expect(row).to_contain_text("Paused")
    (folder / "food.md").write_text("The heron eats fish.")
    row.get_by_role("button", name="Go on").click()
    expect(row).to_contain_text("1 new · 1 as before")
    expect(page.get_by_role("button", name="2 documents")).to_be_visible()

    folder.rename(shared / "gone")
    row.get_by_role("button", name="Look now").click()
    expect(row.locator(".reason")).to_contain_text("no such folder")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Keep the documents").click()
    expect(row).to_have_count(0)
    panel.get_by_role("button", name="Back to the documents").click()
    expect(panel.get_by_text("nests.md")).to_be_visible()


def test_in_chinese_a_refusal_is_a_chinese_sentence(
    browser: Browser, served: Served, owner: StorageState
) -> None:
    context = new_context(browser, owner, locale="zh-CN")
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("你的问题").wait_for()
    open_places(page, documents="个文档", entry="从网页")
    panel = page.get_by_role("complementary")
    panel.get_by_role("button", name="添加来源").click()
    panel.get_by_role("radio", name="文件夹").check()
    for address, why in (("/root", "不允许读取"), ("relative", "请填写完整地址")):
        panel.get_by_label("服务器上的文件夹").fill(address)
        panel.get_by_role("button", name="添加此来源").click()
        expect(panel.get_by_role("alert")).to_contain_text(why)
    assert [text for text in complaints if not re.search("422|400", text)] == []
    complaints.clear()
    context.close()
