"""More than a question and its answer: other words, corrections, branches, tools, other devices."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from tests.browser.visit import Served
from tests.browser.wire import Frame, Wire

pytestmark = pytest.mark.browser

LONG = tuple(f"word{n} " for n in range(120))
WHOLE = "".join(LONG).strip()
COMPOSER = "#composer"


@pytest.fixture
def wire(page: Page) -> Wire:
    """The page's socket, open to the test, in a page that was loaded with it."""
    wire = Wire(page)
    page.reload()
    page.locator(COMPOSER).wait_for()
    return wire


def ask(page: Page, question: str) -> None:
    page.locator(COMPOSER).fill(question)
    page.keyboard.press("Enter")


def answers(page: Page) -> Locator:
    return page.get_by_role("article", name="Answer")


def questions(page: Page) -> Locator:
    return page.get_by_role("article", name="You")


def until_done(page: Page) -> None:
    expect(answers(page).last).to_have_attribute("aria-busy", "false")


def answered(page: Page, model: ScriptedServer, question: str, *deltas: str) -> None:
    count = answers(page).count()
    model.enqueue(Reply(deltas=deltas))
    ask(page, question)
    expect(answers(page)).to_have_count(count + 1)
    until_done(page)


def writing(page: Page, model: ScriptedServer, pace_s: float = 0.05) -> None:
    """An answer is on its way, and some of it is there."""
    model.enqueue(Reply(deltas=LONG, pace_s=pace_s))
    ask(page, "Which colours may a protective conductor have?")
    expect(answers(page).last).to_contain_text("word3")


def test_a_question_in_other_words_is_a_branch_and_an_older_one_is_gone_on_with(
    page: Page, model: ScriptedServer
) -> None:
    answered(page, model, "What does the ground wire carry?", "The fault current.")
    questions(page).first.hover()
    page.get_by_role("button", name="Ask it in other words").click()
    field = page.get_by_label("The question in other words")
    expect(field).to_be_focused()
    expect(field).to_have_value("What does the ground wire carry?")

    model.enqueue(Reply(deltas=("It is a way back.",)))
    field.fill("What is the ground wire for?")
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(1)
    expect(answers(page)).to_contain_text("It is a way back.")
    expect(questions(page)).to_contain_text("What is the ground wire for?")
    expect(questions(page)).to_contain_text("2/2")

    page.get_by_role("button", name="Previous wording").click()
    expect(answers(page)).to_contain_text("The fault current.")
    answered(page, model, "And which colours may it have?", "Green and yellow.")
    expect(answers(page).first).to_contain_text("The fault current.")
    expect(questions(page)).to_have_count(2)

    page.get_by_role("button", name="Next wording").click()
    expect(questions(page)).to_have_count(1)
    expect(answers(page)).to_contain_text("It is a way back.")
    page.reload()
    expect(questions(page)).to_have_count(2)


def test_who_gives_up_other_words_is_where_they_were(page: Page, model: ScriptedServer) -> None:
    answered(page, model, "What does the ground wire carry?", "The fault current.")
    pencil = page.get_by_role("button", name="Ask it in other words")
    pencil.focus()
    page.keyboard.press("Enter")
    page.keyboard.type(" And why?")
    page.keyboard.press("Escape")

    expect(pencil).to_be_focused()
    expect(questions(page)).to_have_text("What does the ground wire carry?")


def test_a_question_that_is_being_answered_is_put_in_other_words(
    page: Page, model: ScriptedServer
) -> None:
    writing(page, model)
    model.enqueue(Reply(deltas=("Green and yellow.",)))
    questions(page).first.hover()
    page.get_by_role("button", name="Ask it in other words").click()
    page.get_by_label("The question in other words").fill("Which colours has the ground wire?")
    page.get_by_role("button", name="Ask", exact=True).click()

    expect(answers(page)).to_contain_text("Green and yellow.")
    until_done(page)
    page.get_by_role("button", name="Previous wording").click()
    expect(answers(page)).to_contain_text("Stopped")


def test_a_correction_ends_the_answer_and_the_next_one_goes_on_with_it(
    page: Page, model: ScriptedServer
) -> None:
    writing(page, model)
    model.enqueue(Reply(deltas=("Green ", "and yellow.")))
    page.locator(COMPOSER).fill("Only the colours of the conductor, please.")
    page.get_by_role("button", name="Correct").click()

    expect(answers(page)).to_have_count(2)
    expect(answers(page).first).to_contain_text("Corrected")
    expect(questions(page).last).to_contain_text("Correction")
    expect(questions(page).last).to_contain_text("Only the colours of the conductor, please.")
    expect(answers(page).last).to_contain_text("Green and yellow.")
    until_done(page)
    expect(page.locator(COMPOSER)).to_have_value("")
    assert "Only the colours" in str(model.asked[-1].body["messages"])


def test_what_comes_next_can_be_asked_while_an_answer_is_written(
    page: Page, model: ScriptedServer
) -> None:
    writing(page, model, pace_s=0.02)
    model.enqueue(Reply(deltas=("Four ohms.",)))
    page.locator(COMPOSER).fill("And the resistance of the ground wire?")
    page.get_by_role("button", name="Ask next").click()

    expect(answers(page).last).to_contain_text("Four ohms.", timeout=30_000)
    expect(answers(page).first).to_contain_text(WHOLE)
    expect(questions(page)).to_have_count(2)


def test_a_correction_waits_in_sight_and_is_given_back_if_it_comes_too_late(
    page: Page, wire: Wire, model: ScriptedServer
) -> None:
    wire.answer("steer")
    writing(page, model)
    ask(page, "Only the colours of the conductor, please.")
    expect(questions(page).last).to_contain_text("Corrects the answer in a moment")

    page.get_by_role("button", name="Stop").click()
    until_done(page)
    (steer,) = wire.kept
    wire.say(
        {
            "type": "steer.failed",
            "sessionId": steer["sessionId"],
            "content": steer["content"],
            "reason": "not_running",
            "ref": steer["id"],
            "ts": "",
        }
    )
    expect(questions(page).last).to_contain_text("Came too late")
    model.enqueue(Reply(deltas=("Green and yellow.",)))
    page.get_by_role("button", name="Ask it now").click()

    expect(answers(page).last).to_contain_text("Green and yellow.")
    expect(questions(page).last).to_have_text("Only the colours of the conductor, please.")


def test_a_correction_that_was_not_applied_stands_once_below_its_answer_also_after_a_reload(
    page: Page, model: ScriptedServer
) -> None:
    returned: list[Frame] = []

    def with_returned(frame: Frame) -> Frame:
        if frame["type"] == "snapshot" and returned:
            frame["messages"][-1]["returned"] = returned
        return frame

    wire = Wire(page, with_returned)
    page.reload()
    page.locator(COMPOSER).wait_for()
    wire.answer("steer")
    writing(page, model)
    ask(page, "Only the colours of the conductor, please.")
    given_back = questions(page).filter(has_text="Only the colours of the conductor, please.")
    expect(given_back).to_contain_text("Corrects the answer in a moment")

    (steer,) = wire.kept
    told = {"messageId": "m_2", **{name: steer[name] for name in ("content", "clientMessageId")}}
    wire.add({"type": "steer.accepted", "author": "p1", **told})
    wire.say({"type": "ack", "sessionId": wire.session, "ref": steer["id"], "turnId": "t_2"})
    wire.add({"type": "steer.failed", "reason": "cancelled", **told})
    page.get_by_role("button", name="Stop").click()
    until_done(page)
    expect(given_back).to_have_count(1)
    expect(given_back).to_contain_text("Not applied: the answer was stopped first")
    announced = page.get_by_role("status").filter(has_text="Not applied")
    expect(announced).to_contain_text("Only the colours of the conductor, please.")

    returned.append({"author": "p1", "reason": "cancelled", **told})
    page.reload()
    expect(given_back).to_have_count(1)
    expect(given_back).to_contain_text("Not applied: the answer was stopped first")
    page.locator(COMPOSER).fill("Now:")
    given_back.get_by_role("button", name="Edit and ask").click()
    expect(page.locator(COMPOSER)).to_be_focused()
    whole = "Now:\n\nOnly the colours of the conductor, please."
    expect(page.locator(COMPOSER)).to_have_value(whole)


def test_text_that_is_withdrawn_stays_faded_until_something_comes_instead(
    page: Page, wire: Wire, model: ScriptedServer
) -> None:
    writing(page, model, pace_s=0.02)
    wire.hold()
    text, answer = wire.text, answers(page).last
    expect(answer).to_contain_text(text.strip())
    height = "element => element.getBoundingClientRect().height"
    before = answer.evaluate(height)

    wire.add({"type": "answer.reset", "messageId": wire.answer_id, "toOffset": 0})
    expect(answer.locator(".faded")).to_contain_text(text.strip())
    expect(answer).to_contain_text("Begins again")

    wire.add({"type": "token", "messageId": wire.answer_id, "content": "word0 ", "offset": 0})
    expect(answer.locator(".faded")).to_have_count(0)
    expect(answer).not_to_contain_text("word1")
    assert answer.evaluate(height) >= before - 1

    rest = text.removeprefix("word0 ")
    wire.add({"type": "token", "messageId": wire.answer_id, "content": rest, "offset": 6})
    wire.release()
    until_done(page)
    expect(answer).to_contain_text(WHOLE)
    expect(answer.get_by_role("img", name=re.compile("proved by its hash"))).to_be_visible()


def test_a_tool_waits_for_permission_and_then_tells_what_it_gave(
    page: Page, wire: Wire, model: ScriptedServer
) -> None:
    wire.answer("tool_approval")
    writing(page, model)
    expires = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    call: Frame = {
        "toolCallId": "k1",
        "name": "fetch_page",
        "input": {"url": "https://example.org/"},
    }
    required: Frame = {"approvalId": "ap1", "msg": "Fetch it?", "expiresAt": expires}
    wire.add(
        {"type": "tool.call", "messageId": wire.answer_id, **call},
        {"type": "tool.approval_required", **call, **required},
    )
    card = page.get_by_role("group", name="Your permission is needed")
    expect(card).to_contain_text("Fetch it?")
    expect(card).to_contain_text("https://example.org/")
    expect(card).to_contain_text(re.compile(r"Expires in \d min"))

    card.get_by_role("button", name="Allow").click()
    expect(card.get_by_role("button", name="Deny")).to_be_disabled()
    (verdict,) = wire.kept
    assert (verdict["approvalId"], verdict["approved"]) == ("ap1", True)
    wire.say({"type": "ack", "sessionId": wire.session, "ref": verdict["id"], "ts": ""})
    decided: Frame = {"toolCallId": "k1", "approvalId": "ap1", "author": "p1"}
    wire.add({"type": "tool.approved", **decided})
    expect(card).to_have_count(0)
    used = page.get_by_role("list", name="Tools used").get_by_role("listitem")
    expect(used).to_contain_text("Allowed, running")

    wire.add({"type": "tool.result", "toolCallId": "k1", "output": "Green and yellow."})
    expect(used).to_contain_text("Done")
    used.get_by_text("fetch_page").click()
    expect(used).to_contain_text("Green and yellow.")


def test_other_devices_are_told_of_and_hear_of_this_one(
    page: Page, wire: Wire, model: ScriptedServer
) -> None:
    answered(page, model, "What does the ground wire carry?", "The fault current.")
    other: Frame = {"sessionId": wire.session, "connectionId": "cn_other", "principal": "p1"}
    wire.say({"type": "presence", **other, "state": "online", "ts": ""})
    expect(page.get_by_text("Also open on another device")).to_be_visible()
    wire.say({"type": "typing", **other, "ts": ""})
    expect(page.get_by_text("Being written to on another device")).to_be_visible()
    wire.say({"type": "presence", **other, "state": "offline", "ts": ""})
    expect(page.locator(".elsewhere")).to_have_count(0)

    page.locator(COMPOSER).press_sequentially("And")
    typed = [frame for frame in wire.sent if frame["type"] == "typing"]
    assert [frame["sessionId"] for frame in typed] == [wire.session]


def test_who_reads_further_up_is_left_there_while_the_answer_grows(
    page: Page, model: ScriptedServer
) -> None:
    answered(page, model, "What does the ground wire carry?", *LONG * 4)
    writing(page, model, pace_s=0.02)
    scroller = page.locator(".scroll")
    scroller.evaluate("scroller => { scroller.scrollTop = 0; }")
    expect(page.get_by_role("button", name="Jump to the latest")).to_be_visible()

    until_done(page)
    assert scroller.evaluate("scroller => scroller.scrollTop") == 0
    page.get_by_role("button", name="Jump to the latest").click()
    expect(answers(page).last.get_by_text("word119")).to_be_in_viewport()


def test_older_messages_are_loaded_when_one_scrolls_up_and_nothing_jumps(
    context: BrowserContext, page: Page, served: Served, model: ScriptedServer
) -> None:
    answered(page, model, "What does the ground wire carry?", *LONG * 4)
    answered(page, model, "What is the ground wire for?", *LONG * 4)
    address = page.url
    page.close()
    older: list[Frame] = []

    def last_only(frame: Frame) -> Frame:
        if frame["type"] != "snapshot":
            return frame
        older[:] = frame["messages"][:-1]
        return {**frame, "messages": frame["messages"][-1:], "hasMore": True}

    def messages(route: Route) -> None:
        route.fulfill(json={"messages": older, "hasMore": False})

    page = context.new_page()
    Wire(page, last_only)
    page.route(re.compile(r"/messages\?before="), messages)
    page.goto(address)
    expect(answers(page)).to_contain_text("word119")
    assert older
    expect(questions(page)).to_have_count(0)

    top = "element => element.getBoundingClientRect().top"
    newest = answers(page).last
    before: float = page.locator(".scroll").evaluate(
        f"""scroller => {{
            scroller.scrollTop = 0;
            return ({top})(document.querySelector(".answer"));
        }}"""
    )
    expect(questions(page)).to_have_count(2)
    expect(page.get_by_role("button", name="Earlier messages")).to_have_count(0)
    # A frame after the messages are there they are where they stay.
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert abs(newest.evaluate(top) - before) < 2
