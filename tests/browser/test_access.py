"""The page for those who use no mouse, or do not see it."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from tests.browser.visit import Served, new_context
from tests.browser.wire import Frame, Wire

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
# Whatever axe knows of WCAG 2.2 at A and AA, and its own good practice.
RUN = "axe.run({ resultTypes: ['violations'] })"
SETTLE = """Promise.all(
    document.getAnimations()
        .filter(one => one.effect.getTiming().iterations !== Infinity)
        .map(one => one.finished.catch(() => null))
)"""
TABS = 40

pytestmark = pytest.mark.browser


def violations(page: Page) -> list[str]:
    """What axe has against what is shown now, once nothing is on its way any more."""
    if not AXE.is_file():
        pytest.fail("axe-core is not installed: run scripts/build_web.py --test")
    page.evaluate(f"{SETTLE}.then(() => null)")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN)["violations"]
    return [
        f"{rule['id']}: {node['html']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def test_feeds_are_accessible(page: Page) -> None:
    page.get_by_role("button", name=re.compile(r"\d+ documents?")).click()
    entry = page.get_by_role("complementary").get_by_role("button", name=re.compile("web page"))
    tab_to(page, entry)
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Add a place"))
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="Web site").check()
    page.get_by_text("Only a part of it").click()

    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []


def answered(page: Page, model: ScriptedServer, question: str) -> None:
    model.enqueue(Reply(deltas=("It carries the fault current back to the source [1].",)))
    page.locator("#composer").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("article[aria-busy=false] [data-citation]")).to_be_visible()


def tab_to(page: Page, goal: Locator) -> None:
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if goal.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{goal} is not reached by Tab")


def test_signing_in_is_accessible(browser: Browser, served: Served, owner: StorageState) -> None:
    del owner
    context = new_context(browser)
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Password").wait_for()

    assert violations(page) == []
    context.close()


def test_an_empty_conversation_is_accessible(page: Page) -> None:
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_answer_with_its_source_is_accessible(
    page: Page, model: ScriptedServer, theme: str
) -> None:
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    answered(page, model, "What does the ground wire carry?")
    page.locator("[data-citation]").first.click()
    page.locator("mark").wait_for()

    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_other_words_a_correction_and_a_tool_that_waits_are_accessible(
    page: Page, model: ScriptedServer, theme: str
) -> None:
    wire = Wire(page)
    wire.answer("steer")
    page.reload()
    page.get_by_label("Your question").wait_for()
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    answered(page, model, "What does the ground wire carry?")
    page.get_by_role("button", name="Ask it in other words").first.click()
    assert violations(page) == []

    page.keyboard.press("Escape")
    model.enqueue(Reply(deltas=("Green ", "and ", "yellow."), end="hang"))
    page.locator("#composer").fill("Which colours may a protective conductor have?")
    page.keyboard.press("Enter")
    expect(page.locator("article[aria-busy=true]")).to_contain_text("yellow.")
    call: Frame = {"name": "fetch_page", "input": {"url": "https://example.org/"}}
    asked: Frame = {"approvalId": "ap1", "msg": "", "expiresAt": "2099-01-01T00:00:00Z"}
    of_answer: Frame = {"type": "tool.call", "messageId": wire.answer_id, **call}
    wire.add(
        {**of_answer, "toolCallId": "k1"},
        {"type": "tool.result", "toolCallId": "k1", "output": "Green and yellow."},
        {**of_answer, "toolCallId": "k2"},
        {"type": "tool.approval_required", "toolCallId": "k2", **call, **asked},
    )
    page.get_by_text("fetch_page").first.click()
    page.locator("#composer").fill("Only the colours, please.")
    page.get_by_role("group", name="Your permission is needed").wait_for()
    assert violations(page) == []

    page.get_by_role("button", name="Correct").click()
    page.get_by_text("Corrects the answer in a moment").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("article[aria-busy=true]")).to_have_count(0)


def test_the_documents_are_accessible(page: Page) -> None:
    page.get_by_role("button", name=re.compile(r"^\d+ documents?$")).click()
    page.get_by_role("complementary").get_by_text("guide.md").wait_for()

    assert violations(page) == []


def test_the_keys_are_accessible(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("menuitem", name="API keys").click()
    page.get_by_label("Name of the key").wait_for()

    assert violations(page) == []


def test_a_chinese_phone_is_accessible(
    browser: Browser, served: Served, owner: StorageState, model: ScriptedServer, library: None
) -> None:
    del library
    context = new_context(browser, owner, locale="zh-CN")
    page = context.new_page()
    page.set_viewport_size({"width": 375, "height": 720})
    page.goto(served.url)
    page.get_by_label("你的问题").wait_for()
    assert violations(page) == []

    answered(page, model, "接地线的作用是什么？")
    assert violations(page) == []

    page.locator("[data-citation]").first.click()
    page.locator("blockquote").wait_for()
    assert violations(page) == []
    context.close()


def test_one_asks_and_checks_an_answer_by_the_keyboard_alone(
    page: Page, model: ScriptedServer
) -> None:
    model.enqueue(Reply(deltas=("It carries the fault current back to the source [1].",)))
    page.get_by_role("button", name="Settings").focus()
    tab_to(page, page.get_by_label("Your question"))
    page.keyboard.type("What does the ground wire carry?")
    page.keyboard.press("Enter")
    citation = page.locator("article[aria-busy=false] [data-citation='1']")
    expect(citation).to_be_visible()

    tab_to(page, citation)
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary")
    expect(panel).to_be_focused()
    expect(panel.locator("mark")).to_be_in_viewport()

    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(citation).to_be_focused()
