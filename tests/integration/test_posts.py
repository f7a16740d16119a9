"""Commands in requests: what they do and how they are answered is as on the socket."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from groundwire.adapters.models.scripted import WaitFor
from tests.support.http import stream
from tests.support.server import Served, serve

pytestmark = pytest.mark.asyncio(loop_scope="module")


def path(session: str) -> str:
    return f"/api/v1/conversations/{session}/commands"


def log(session: str) -> str:
    return f"/api/v1/conversations/{session}/events?cursor=0"


def question(**fields: object) -> dict[str, Any]:
    return {"type": "chat_message", "content": "hi", **fields}


async def test_a_posted_question_begins_a_conversation_and_is_answered_in_its_stream(
    served: Served,
) -> None:
    session = served.new_session()
    served.script("Hello")
    async with served.browse() as browser:
        answer = await browser.post(path(session), json=question(id=7, clientMessageId="k"))
        ack = answer.json()
        assert (answer.status_code, ack["type"], ack["ref"]) == (200, "ack", 7)
        assert (ack["sessionId"], ack["clientMessageId"]) == (session, "k")
        async with stream(browser, log(session)) as reader:
            events = await reader.turn(ack["turnId"])
    assert events[0]["type"] == "message.created"
    assert [event["content"] for event in events if event["type"] == "token"] == ["Hello"]


class TestIdempotencyKey:
    async def test_it_is_the_client_message_id_where_there_is_none(self, served: Served) -> None:
        session, headers = served.new_session(), {"Idempotency-Key": "k1"}
        async with served.browse() as browser:
            acks = [
                (await browser.post(path(session), json=body, headers=headers)).json()
                for body in (question(), question(), question(clientMessageId="k1"))
            ]
        assert len({ack["turnId"] for ack in acks}) == 1
        assert [ack["clientMessageId"] for ack in acks] == ["k1"] * 3
        assert [ack.get("duplicate", False) for ack in acks] == [False, True, True]

    async def test_another_text_under_it_is_a_conflict(self, served: Served) -> None:
        session, headers = served.new_session(), {"Idempotency-Key": "k1"}
        async with served.browse() as browser:
            await browser.post(path(session), json=question(), headers=headers)
            other = await browser.post(path(session), json=question(content="bye"), headers=headers)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")

    async def test_two_names_for_one_command_are_refused(self, served: Served) -> None:
        async with served.browse() as browser:
            refused = await browser.post(
                path(served.new_session()),
                json=question(clientMessageId="one"),
                headers={"Idempotency-Key": "two"},
            )
        assert (refused.status_code, refused.json()["field"]) == (400, "clientMessageId")

    async def test_it_does_not_name_the_turn_that_a_cancel_ends(self, served: Served) -> None:
        session = served.new_session()
        served.script("a", WaitFor(asyncio.Event()))
        async with served.browse() as browser:
            asked = (await browser.post(path(session), json=question())).json()
            async with stream(browser, log(session)) as reader:
                await reader.next("token")
            ended = await browser.post(
                path(session), json={"type": "cancel"}, headers={"Idempotency-Key": "new"}
            )
        assert ended.json()["turnId"] == asked["turnId"]


REFUSED: dict[str, tuple[object, int, str]] = {
    "auth": ({"type": "auth", "token": "x"}, 400, "invalid_field"),
    "attach": ({"type": "attach"}, 400, "invalid_field"),
    "detach": ({"type": "detach"}, 400, "invalid_field"),
    "another session": (question(sessionId="other"), 400, "invalid_field"),
    "no content": ({"type": "chat_message"}, 400, "invalid_field"),
    "unknown type": ({"type": "shout"}, 400, "unknown_type"),
    "no type": ({}, 400, "invalid_field"),
    "a list": ([], 400, "bad_json"),
    "text": ("hi", 400, "bad_json"),
    "unknown model": (question(model="nobody"), 400, "unknown_model"),
    "nothing to cancel": ({"type": "cancel"}, 404, "not_found"),
}


@pytest.mark.parametrize("name", list(REFUSED))
async def test_what_cannot_be_done_is_a_problem(served: Served, name: str) -> None:
    body, status, code = REFUSED[name]
    async with served.browse() as browser:
        refused = await browser.post(path(served.new_session()), json=body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 20_000, b'{"type":"ping"}x'])
async def test_what_is_no_json_is_a_problem(served: Served, body: bytes) -> None:
    async with served.browse() as browser:
        refused = await browser.post(path("a"), content=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_json")


async def test_a_body_over_the_limit_of_a_frame_is_413(served: Served) -> None:
    async with served.browse() as browser:
        refused = await browser.post(path("a"), json=question(content="x" * 1_048_576))
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


async def test_every_command_is_answered_by_its_frame(served: Served) -> None:
    session = served.new_session()
    async with served.browse() as browser:

        async def post(**frame: object) -> dict[str, Any]:
            return (await browser.post(path(session), json=frame)).json()

        assert (await post(type="ping", t=1)).items() >= {"type": "pong", "t": 1}.items()
        await post(**question(sessionId=session))
        async with stream(browser, log(session)) as reader:
            answer = (await reader.next("done"))["messageId"]
        assert (await post(type="cancel"))["noop"] is True
        again = await post(type="regenerate", messageId=answer)
        assert (again["type"], "turnId" in again) == ("ack", True)
        late = await post(type="steer", content="No.", turnId="t_none")
        assert (late["type"], late["content"]) == ("steer.failed", "No.")


async def test_a_strangers_post_is_403_and_nobodys_401(served: Served) -> None:
    key = await served.add_user("eve")
    async with served.browse() as browser, served.browse(key) as eve, served.browse("") as nobody:
        mine = (await browser.post("/api/v1/conversations", json={})).json()["id"]
        assert (await eve.post(path(mine), json=question())).status_code == 403
        assert (await nobody.post(path(mine), json=question())).status_code == 401


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def limited(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    data: Path = tmp_path_factory.mktemp("limited")
    async with serve(data, limits="on", commands_per_minute=3) as served:
        yield served


async def test_too_many_commands_of_one_user_are_429_and_say_for_how_long(
    limited: Served,
) -> None:
    other = await limited.add_user("other")
    async with limited.browse() as browser, limited.browse(other) as calm:
        answers = [await browser.post(path("a"), json={"type": "ping"}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].json()["code"] == "rate_limited"
        assert 0 < int(answers[-1].headers["retry-after"]) <= 60
        assert (await calm.post(path("a"), json={"type": "ping"})).status_code == 200


async def test_who_leaves_before_the_command_is_whole_is_no_fault_of_the_server(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = (
        f"POST {path(served.new_session())} HTTP/1.1",
        f"Host: 127.0.0.1:{served.port}",
        *(f"{name}: {value}" for name, value in served.headers().items()),
        "Content-Type: application/json",
        "Content-Length: 1000",
    )
    writer.write("\r\n".join((*head, "", '{"type": "chat_m')).encode())
    async with served.browse() as browser:
        # By the time this is answered the command is being read.
        await browser.get("/healthz")
        writer.write_eof()
        await reader.read()
        await browser.get("/healthz")
    writer.close()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
