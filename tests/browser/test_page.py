"""The page as a person uses it: a real server, a real browser, a model that is told what to say."""

import re

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    StorageState,
    WebSocketRoute,
    expect,
)

from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from tests.browser.visit import NAME, PASSWORD, Served, complaints, new_context

pytestmark = pytest.mark.browser

LONG = tuple(f"word{n} " for n in range(120))
WHOLE = "".join(LONG).strip()


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")


def answer(page: Page):
    return page.get_by_role("article", name="Answer").last


def until_done(page: Page) -> None:
    expect(answer(page)).to_have_attribute("aria-busy", "false")


def test_an_owner_signs_out_and_in_again(
    browser: Browser, served: Served, owner: StorageState
) -> None:
    del owner
    context = new_context(browser)
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill("wrong horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    # A browser notes every refused request; nothing else was refused.
    assert [text for text in complaints if "401" not in text] == []
    assert len(complaints) == 1
    complaints.clear()

    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Your question")).to_be_visible()

    page.get_by_role("button", name="Settings").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Groundwire")).to_be_visible()
    context.close()


def test_files_tell_how_far_they_are_and_why_one_failed(page: Page) -> None:
    files = [
        {"name": "note.txt", "mimeType": "text/plain", "buffer": b"The lamp is in the cellar."},
        {"name": "empty.pdf", "mimeType": "application/pdf", "buffer": b""},
    ]
    page.get_by_test_id("file-input").set_input_files(files)  # pyright: ignore[reportArgumentType]

    panel = page.get_by_role("complementary")
    note = panel.get_by_role("listitem").filter(has_text="note.txt")
    expect(note.get_by_text("Found by meaning")).to_be_visible(timeout=60_000)
    failed = panel.get_by_role("listitem").filter(has_text="empty.pdf")
    expect(failed.locator(".reason")).not_to_be_empty()
    batch = panel.get_by_role("listitem").filter(has_text="1 of 2 documents ready · 1 failed")
    batch.get_by_role("button", name="Try failed ones again").click()
    failed.get_by_role("button", name="Try again").click()
    expect(failed.locator(".reason")).not_to_be_empty()

    note.get_by_role("button", name="Delete “note.txt”").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(note).to_have_count(0)


def test_in_chinese_it_is_said_in_chinese_why_a_file_failed_and_what_is_refused(
    browser: Browser, served: Served, owner: StorageState
) -> None:
    context = new_context(browser, owner, locale="zh-CN")
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("你的问题").wait_for()
    file = {"name": "空.txt", "mimeType": "text/plain", "buffer": b" "}
    page.get_by_test_id("file-input").set_input_files([file])  # pyright: ignore[reportArgumentType]

    row = page.get_by_role("complementary").get_by_role("listitem").filter(has_text="空.txt")
    expect(row.locator(".reason")).to_have_text("里面没有可读取的文字。")

    # It was deleted a moment ago, and this page does not know yet.
    page.route("**/documents/*", lambda route: route.continue_(url=f"{route.request.url}-gone"))
    row.get_by_role("button", name="删除").click()
    page.get_by_role("alertdialog").get_by_role("button", name="删除").click()
    expect(page.get_by_role("alert")).to_have_text("找不到：它可能已被删除，或属于其他人。")
    page.unroute_all()
    page.get_by_role("button", name="知道了").click()
    assert [text for text in complaints if "404" not in text] == []
    complaints.clear()

    row.get_by_role("button", name="删除").click()
    page.get_by_role("alertdialog").get_by_role("button", name="删除").click()
    expect(row).to_have_count(0)
    context.close()


def test_reading_is_paused_resumed_and_stopped(page: Page) -> None:
    lines = (
        f"Shelf {number} holds the boxes of year {1000 + number}.\n\n" for number in range(3000)
    )
    file = {"name": "shelves.txt", "mimeType": "text/plain", "buffer": "".join(lines).encode()}
    page.get_by_test_id("file-input").set_input_files([file])  # pyright: ignore[reportArgumentType]
    row = page.get_by_role("complementary").get_by_role("listitem").filter(has_text="shelves.txt")

    row.get_by_role("button", name="Pause").click()
    expect(row.get_by_text("Paused")).to_be_visible()
    page.reload()
    page.get_by_role("button", name=re.compile(r"\d+ documents?")).click()
    expect(row.get_by_text("Paused")).to_be_visible()
    row.get_by_role("button", name="Go on").click()
    expect(row.get_by_text("Paused")).to_have_count(0)
    row.get_by_role("button", name="Stop reading").click()

    expect(row.locator(".reason")).to_contain_text("It was cancelled")
    expect(row.get_by_role("button", name="Try again")).to_be_visible()
    row.get_by_role("button", name="Delete “shelves.txt”").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_an_answer_streams_with_sources_and_its_citation_opens_the_passage(
    page: Page, model: ScriptedServer
) -> None:
    deltas = ("It carries ", "the **fault ", "current** back to the source [1].")
    model.enqueue(Reply(deltas=deltas, pace_s=0.05))
    ask(page, "What does the ground wire carry?")

    until_done(page)
    expect(answer(page)).to_contain_text("It carries the fault current")
    expect(answer(page).get_by_role("img", name=re.compile("proved by its hash"))).to_be_visible()

    answer(page).locator("[data-citation='1']").click()
    panel = page.get_by_role("complementary")
    expect(panel.locator("mark")).to_have_text(
        "The ground wire carries the fault current back to the source, so that the breaker trips."
    )
    expect(panel).to_contain_text("guide.md")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_what_a_model_says_becomes_text_and_never_markup(page: Page, model: ScriptedServer) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    evil = (
        "<img src=x onerror=\"document.title='owned'\"> ![leak](http://127.0.0.1:9/x?q=1) "
        "[click](javascript:alert(1))\n\n```python\nprint('hello')\n```\n"
    )
    model.enqueue(Reply(deltas=(evil,)))
    ask(page, "What is the ground wire for, in code?")

    until_done(page)
    expect(answer(page)).to_contain_text("<img src=x")
    expect(answer(page).locator("figure .hljs-built_in, figure .hljs-string").first).to_be_visible()
    assert answer(page).locator("img, a, script").count() == 0
    assert not [url for url in requests if ":9/" in url]
    assert page.title() != "owned"


def test_an_answer_goes_on_without_its_reader(
    context: BrowserContext, page: Page, model: ScriptedServer
) -> None:
    model.enqueue(Reply(deltas=LONG, pace_s=0.02))
    ask(page, "Which current does the ground wire carry back?")
    expect(answer(page)).to_contain_text("word3")
    address = page.url
    page.close()

    again = context.new_page()
    again.goto(address)

    until_done(again)
    expect(answer(again)).to_contain_text(WHOLE)


def test_a_second_browser_sees_the_answer_grow_and_stops_it(
    browser: Browser, page: Page, owner: StorageState, model: ScriptedServer
) -> None:
    model.enqueue(Reply(deltas=LONG, pace_s=0.1))
    ask(page, "Which two colours does a protective conductor have?")
    expect(answer(page)).to_contain_text("word3")
    context = new_context(browser, owner)
    second = context.new_page()
    second.goto(page.url)
    expect(answer(second)).to_contain_text("word3")
    page.close()
    expect(answer(second)).to_contain_text("word9")

    second.get_by_role("button", name="Stop").click()

    until_done(second)
    expect(answer(second)).to_contain_text("Stopped")
    assert model.asked[-1].deltas_sent < len(LONG)
    context.close()


def test_a_cut_connection_says_so_and_resumes_the_answer_whole(
    context: BrowserContext, served: Served, model: ScriptedServer
) -> None:
    sockets: list[WebSocketRoute] = []

    def pass_on(route: WebSocketRoute) -> None:
        route.connect_to_server()
        sockets.append(route)

    page = context.new_page()
    page.route_web_socket(re.compile("/chat/stream"), pass_on)
    page.goto(served.url)
    state = page.locator(".connection")
    expect(state).to_have_attribute("data-state", "live")
    page.evaluate(
        """() => {
            window.states = [];
            const dot = document.querySelector(".connection");
            new MutationObserver(() => window.states.push(dot.dataset.state))
                .observe(dot, { attributes: true });
        }"""
    )
    model.enqueue(Reply(deltas=LONG, pace_s=0.02))
    ask(page, "Which colours may a protective conductor have?")
    expect(answer(page)).to_contain_text("word3")
    sockets[-1].close(code=1011, reason="cut")

    until_done(page)
    expect(answer(page)).to_contain_text(WHOLE)
    expect(answer(page).get_by_role("img", name=re.compile("proved by its hash"))).to_be_visible()
    expect(state).to_have_attribute("data-state", "live")
    assert page.evaluate("window.states[0]") == "reconnecting"


def test_stop_keeps_what_was_said_and_another_answer_is_a_branch(
    page: Page, model: ScriptedServer
) -> None:
    model.enqueue(Reply(deltas=LONG, pace_s=0.05))
    ask(page, "Why does the breaker trip?")
    expect(answer(page)).to_contain_text("word3")
    page.get_by_role("button", name="Stop").click()
    expect(answer(page)).to_contain_text("Stopped")

    model.enqueue(Reply(deltas=("A second ", "answer.")))
    page.get_by_role("button", name="Answer again").click()
    expect(answer(page)).to_contain_text("A second answer.")
    until_done(page)

    page.get_by_role("button", name="Previous answer").click()
    expect(answer(page)).to_contain_text("word3")
    expect(answer(page)).to_contain_text("1/2")


def test_a_model_that_fails_says_why_and_can_be_asked_again(
    page: Page, model: ScriptedServer
) -> None:
    model.enqueue(Reply(status=503, body="{}"))
    ask(page, "What does the ground wire carry?")
    expect(answer(page).get_by_role("alert")).to_be_visible()
    until_done(page)

    model.enqueue(Reply(deltas=("Here ", "again.")))
    answer(page).get_by_role("button", name="Try again").click()

    expect(answer(page)).to_contain_text("Here again.")


def test_the_page_speaks_chinese_and_fits_a_phone(
    browser: Browser, served: Served, owner: StorageState
) -> None:
    context = new_context(browser, owner, locale="zh-CN")
    page = context.new_page()
    page.set_viewport_size({"width": 375, "height": 720})
    page.goto(served.url)

    expect(page.get_by_label("你的问题")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    page.get_by_role("button", name="菜单").click()
    expect(page.get_by_role("link", name="新对话")).to_be_in_viewport()
    context.close()


def test_a_key_is_shown_once_with_a_line_to_try_it_and_is_revoked(
    page: Page, served: Served
) -> None:
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("menuitem", name="API keys").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of the key").fill("Lamp script")
    dialog.get_by_role("button", name="Create key").click()

    key = dialog.get_by_test_id("new-key").inner_text()
    address = served.url.replace("http", "ws") + f"/api/v1/chat/stream?token={key}"
    expect(dialog.get_by_test_id("wscat")).to_have_text(f'npx wscat -c "{address}"')
    bearer = {"Authorization": f"Bearer {key}"}
    assert page.request.get(f"{served.url}/api/v1/me", headers=bearer).ok

    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("menuitem", name="API keys").click()
    expect(dialog.get_by_role("listitem")).to_contain_text("Lamp script")
    expect(dialog).not_to_contain_text(key)

    dialog.get_by_role("button", name="Revoke “Lamp script”").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    expect(dialog.get_by_role("listitem")).to_have_count(0)


def test_workspaces_keep_their_conversations_apart(page: Page, model: ScriptedServer) -> None:
    model.enqueue(Reply(deltas=("Kept here.",)))
    ask(page, "Which conductor is green and yellow?")
    until_done(page)
    listed = page.get_by_role("link", name="Which conductor is green and yellow?")
    expect(listed).to_be_visible()

    page.get_by_role("button", name=re.compile("^Workspace: ")).click()
    page.get_by_role("menuitem", name="New workspace").click()
    page.get_by_label("Name of the workspace").fill("Second")
    page.get_by_role("button", name="Create").click()

    expect(page.get_by_role("button", name="Workspace: Second")).to_be_visible()
    expect(listed).to_have_count(0)
