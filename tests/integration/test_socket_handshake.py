"""Who is let in, by what they present (G10)."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey
from websockets.exceptions import InvalidStatus

from groundwire.adapters.models.scripted import WaitFor
from tests.support.server import Served, serve
from tests.support.socket import Talk, eventually, talk

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATHS = ["/api/v1/chat/stream", "/ws/chat", "/ws/conversation", "/socket"]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def status_of(opening: Talk.Opening) -> int:
    with pytest.raises(InvalidStatus) as refused:
        async with opening:
            pass
    return refused.value.response.status_code


async def told(opening: Talk.Opening) -> tuple[str, int]:
    """Return the code of the last frame, an error, and the close code after it."""
    async with opening as client:
        code = await client.closed()
    assert client.frames[-1]["type"] == "error"
    return client.frames[-1]["code"], code


async def is_welcome(opening: Talk.Opening) -> bool:
    async with opening as client:
        return (await client.receive())["type"] == "welcome"


async def session_of(served: Served, **changes: object) -> str:
    """Return a JWT of the owner, signed by this server, with claims changed or left out."""
    owner = await served.groundwire.authenticator.owner()
    token, _ = await served.groundwire.authenticator.issue_session(owner)
    key = OctKey.import_key(await served.groundwire.identities.secret("jwt"))
    claims = {**jwt.decode(token, key).claims, **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "HS256"}, kept, key)


@pytest.mark.parametrize("path", PATHS)
async def test_a_key_in_the_header_opens_every_path(served: Served, path: str) -> None:
    headers = {"Authorization": f"Bearer {served.key}"}
    assert await is_welcome(talk(served.url(path=path), headers=headers))


async def test_a_token_in_the_query_opens(served: Served) -> None:
    assert await is_welcome(talk(served.url(f"token={served.key}")))
    assert await is_welcome(talk(served.url(f"token={await session_of(served)}")))


async def test_a_ticket_opens_one_connection(served: Served) -> None:
    async with served.browse() as browser:
        ticket = (await browser.post("/api/v1/tickets")).json()["ticket"]
    assert await is_welcome(talk(served.url(f"ticket={ticket}")))
    assert await status_of(talk(served.url(f"ticket={ticket}"))) == 401


async def test_a_ticket_that_is_too_old_or_invented_opens_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served.browse() as browser:
        ticket = (await browser.post("/api/v1/tickets")).json()["ticket"]
    later = datetime.now(UTC) + timedelta(seconds=31)
    monkeypatch.setattr(served.groundwire.authenticator, "_now", lambda: later)
    assert await status_of(talk(served.url(f"ticket={ticket}"))) == 401
    assert await status_of(talk(served.url("ticket=invented"))) == 401


async def test_a_bearer_sub_protocol_opens_and_is_not_echoed(served: Served) -> None:
    bearer = f"bearer.{b64(served.key.encode())}"
    async with talk(served.url(), subprotocols=["groundwire.v1", bearer]) as client:
        assert (await client.receive())["type"] == "welcome"
        assert client.socket.subprotocol == "groundwire.v1"
    async with talk(served.url(), subprotocols=[bearer]) as client:
        assert client.socket.subprotocol is None
    assert await status_of(talk(served.url(), subprotocols=["bearer.!!!"])) == 401


@pytest.mark.parametrize("promise", ["sub-protocol", "query"])
async def test_who_promises_to_identify_itself_may_do_so_by_its_first_frame(
    served: Served, promise: str
) -> None:
    by_query = promise == "query"
    url = served.url("auth=frame" if by_query else "")
    async with talk(url, subprotocols=None if by_query else ["groundwire.v1"]) as client:
        await client.say("auth", token=served.key, id=1)
        assert [(await client.receive())["type"] for _ in range(2)] == ["welcome", "ack"]
        assert client.frames[-1]["ref"] == 1


async def test_a_first_frame_that_proves_nothing_is_the_last(served: Served) -> None:
    async with talk(served.url("auth=frame")) as client:
        await client.say("auth", token="gw_wrong")
        assert await client.closed() == 4401
    async with talk(served.url("auth=frame")) as client:
        await client.say("chat_message", content="hi", sessionId="a")
        assert await client.closed() == 4401
        assert [frame["code"] for frame in client.frames] == ["unauthorized"]


async def test_no_identity_is_401_to_a_program_and_a_frame_to_a_page(served: Served) -> None:
    assert await status_of(talk(served.url())) == 401
    assert await told(talk(served.url(), origin=served.http)) == ("unauthorized", 4401)
    assert await status_of(served.connect(key="gw_wrong")) == 401
    wrong = talk(served.url("token=gw_wrong"), origin=served.http)
    assert await told(wrong) == ("unauthorized", 4401)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:1", "http://localhost:99999", "file://", ""],
)
async def test_a_foreign_origin_is_403_whatever_it_presents(served: Served, origin: str) -> None:
    headers = {"Authorization": f"Bearer {served.key}"}
    assert await status_of(talk(served.url(), headers=headers, origin=origin)) == 403


async def test_a_name_bound_to_this_machine_by_somebody_else_is_403(served: Served) -> None:
    rebound = f"ws://rebound.example:{served.port}/ws/chat?token={served.key}"
    assert await status_of(talk(rebound, host="127.0.0.1")) == 403


async def test_a_page_of_ours_is_let_in_by_any_name_of_this_machine(served: Served) -> None:
    for name in ("127.0.0.1", "localhost"):
        origin = f"http://{name}:{served.port}"
        assert await is_welcome(talk(served.url(f"token={served.key}"), origin=origin))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "else"}, "unauthorized"),
        ({"aud": None}, "unauthorized"),
        ({"iss": "else"}, "unauthorized"),
        ({"jti": "unknown"}, "unauthorized"),
        ({"exp": None}, "unauthorized"),
        ({"exp": 1_000_000_000}, "token_expired"),
    ],
    ids=["wrong aud", "no aud", "wrong iss", "unknown id", "no end", "expired"],
)
async def test_a_token_must_be_meant_for_us_and_be_in_time(
    served: Served, changes: dict[str, object], code: str
) -> None:
    token = await session_of(served, **changes)
    assert await told(talk(served.url(f"token={token}"), origin=served.http)) == (code, 4401)


async def test_a_token_that_nobody_signed_is_refused(served: Served) -> None:
    head, claims, _ = (await session_of(served)).split(".")
    unsigned = b64(json.dumps({"alg": "none"}).encode())
    foreign = jwt.encode({"alg": "HS256"}, {"sub": "p"}, OctKey.import_key(b"x" * 32))
    for token in (f"{unsigned}.{claims}.", f"{head}.{claims}.{b64(b'x' * 32)}", foreign):
        assert await status_of(talk(served.url(f"token={token}"))) == 401


@pytest.mark.parametrize("token", ["x", "a.b.c", "..", "é", "gw_é", "eyJ.eyJ.eyJ", "\x00" * 9])
async def test_rubbish_is_no_token(served: Served, token: str) -> None:
    async with talk(served.url("auth=frame")) as client:
        await client.say("auth", token=token)
        assert await client.closed() == 4401


async def test_a_version_of_the_protocol_that_is_not_spoken_is_4406(served: Served) -> None:
    opening = talk(served.url(f"token={served.key}"), subprotocols=["groundwire.v9"])
    assert await told(opening) == ("unsupported_version", 4406)


async def test_a_key_revoked_while_its_answer_streams_ends_its_connection(served: Served) -> None:
    key = await served.add_user("revoked")
    async with served.connect(key=key) as client, served.connect() as other:
        go_on = asyncio.Event()
        served.script("a", WaitFor(go_on), "b")
        await client.ask(session := served.new_session())
        await client.next("token")
        identity = await served.groundwire.authenticator.identify(key)
        await served.groundwire.authenticator.revoke(identity.credential.id)
        async with asyncio.timeout(5):
            assert await client.closed() == 4401
        assert client.frames[-1]["code"] == "unauthorized"
        go_on.set()
        assert (await other.answer(session))[-1]["finishReason"] == "stop"


async def test_a_fresh_token_of_the_same_user_is_taken_and_another_users_is_not(
    served: Served,
) -> None:
    async with served.connect() as client:
        await client.say("auth", token=await session_of(served), id="again")
        assert (await client.next("ack"))["ref"] == "again"
        await client.say("auth", token=await served.add_user("somebody else"))
        assert await client.closed() == 4403


class TestATokenThatRunsOutInTheMiddleOfAnAnswer:
    """The clock is the hub's, and a token lives for a week."""

    async def test_a_fresh_one_keeps_the_connection_and_the_answer(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hub, go_on = served.groundwire.hub, asyncio.Event()
        old, expires_at = await issue(served, monkeypatch, timedelta(hours=-1))
        async with talk(served.url(f"token={old}")) as client:
            served.script("half ", WaitFor(go_on), "whole")
            ack = await client.ask(served.new_session())
            await client.next("token")
            monkeypatch.setattr(hub, "wall", lambda: expires_at.timestamp() - 30)
            told = await client.next("auth_expiring")
            assert datetime.fromisoformat(told["expiresAt"]) == expires_at
            fresh, _ = await issue(served, monkeypatch, timedelta())
            await client.say("auth", token=fresh, id="again")
            assert (await client.next("ack"))["ref"] == "again"
            monkeypatch.setattr(hub, "wall", lambda: expires_at.timestamp() + 1)
            # Two turns of the clock: one that ran out would have been closed by now.
            for _ in range(2):
                await next_tick(served)
            go_on.set()
            assert (await client.turn(ack["turnId"]))[-1]["finishReason"] == "stop"

    async def test_without_a_fresh_one_the_connection_ends_and_the_answer_does_not(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hub, go_on = served.groundwire.hub, asyncio.Event()
        old, expires_at = await issue(served, monkeypatch, timedelta(hours=-1))
        async with talk(served.url(f"token={old}")) as client:
            served.script("half ", WaitFor(go_on), "whole")
            ack = await client.ask(session := served.new_session())
            await client.next("token")
            monkeypatch.setattr(hub, "wall", lambda: expires_at.timestamp() + 1)
            assert await client.closed() == 4401
            assert client.frames[-1]["code"] == "token_expired"
        monkeypatch.undo()
        go_on.set()
        async with served.connect(f"sessionId={session}&cursor=0") as client:
            assert (await client.turn(ack["turnId"]))[-1]["finishReason"] == "stop"


async def issue(
    served: Served, monkeypatch: pytest.MonkeyPatch, age: timedelta
) -> tuple[str, datetime]:
    """Return a session of the owner that began then, and when it ends."""
    authenticator = served.groundwire.authenticator
    owner = await authenticator.owner()
    with monkeypatch.context() as patched:
        patched.setattr(authenticator, "_now", lambda: datetime.now(UTC) + age)
        return await authenticator.issue_session(owner)


async def next_tick(served: Served) -> None:
    """Return once every connection has been shown the clock again."""
    seen = asyncio.Event()
    hub = served.groundwire.hub
    wall = hub.wall

    def look() -> float:
        seen.set()
        return wall()

    hub.wall = look
    await asyncio.wait_for(seen.wait(), 10)
    hub.wall = wall
    await asyncio.sleep(0)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def capped(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    data: Path = tmp_path_factory.mktemp("capped")
    async with serve(data, limits="on", connections=3, connections_per_user=2) as served:
        yield served


async def test_a_users_connections_are_counted_and_freed_when_they_break(capped: Served) -> None:
    async with capped.connect() as one, capped.connect():
        assert await status_of(capped.connect()) == 429
        page = talk(capped.url(f"token={capped.key}"), origin=capped.http)
        assert await told(page) == ("connection_limit", 4429)
        one.cut()
        await eventually(lambda: len(capped.groundwire.hub.members) == 1)
        assert await is_welcome(capped.connect())


async def test_a_full_node_is_503(capped: Served) -> None:
    other = await capped.add_user("other")
    async with capped.connect(), capped.connect(), capped.connect(key=other):
        assert await status_of(capped.connect(key=other)) == 503
        page = talk(capped.url(f"token={other}"), origin=capped.http)
        assert await told(page) == ("overloaded", 1013)


async def test_a_promise_that_is_not_kept_in_time_is_4408(
    capped: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with talk(capped.url("auth=frame")) as client:
        hub = capped.groundwire.hub
        now = hub.clock()
        monkeypatch.setattr(hub, "clock", lambda: now + 10.5)
        assert await client.closed() == 4408
        assert client.frames[-1]["type"] == "error"


async def test_who_is_refused_is_no_error_of_the_server(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InvalidStatus):
        async with served.connect(key=""):
            pass
    async with served.browse() as browser:
        await browser.get("/healthz")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
