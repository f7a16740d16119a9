"""Who looks at a conversation learns of the others, now and never again later."""

from typing import Any

import pytest

from tests.support.http import Stream, stream
from tests.support.server import Served
from tests.support.socket import Frame, Frames, Talk, eventually, talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOLD = ("presence", "typing", "read")


async def begun(served: Served) -> str:
    """Return a session that has been answered in, and that nobody looks at."""
    async with served.connect() as client:
        await client.answer(session := served.new_session())
    await eventually(lambda: not served.groundwire.hub.members)
    return session


async def attach(client: Talk, session: str) -> str:
    """Attach; return the connection's id."""
    welcome = await client.next("welcome")
    await client.say("attach", sessionId=session)
    await client.next("snapshot")
    return welcome["connectionId"]


async def told(reader: Frames) -> dict[str, Any]:
    """Return the next thing that is in no log, without its time."""
    frame = await reader.next(*TOLD)
    assert "seq" not in frame
    return {name: value for name, value in frame.items() if name not in ("ts", "principal")}


def presence(session: str, connection: str, state: str) -> Frame:
    return {
        "type": "presence",
        "sessionId": session,
        "connectionId": connection,
        "state": state,
    }


async def test_who_comes_and_goes_is_told_to_those_who_are_there(served: Served) -> None:
    session = await begun(served)
    async with served.connect() as one:
        first = await attach(one, session)
        async with served.connect() as two:
            second = await attach(two, session)
            assert await told(one) == presence(session, second, "online")
            assert await told(two) == presence(session, first, "online")
            await two.say("presence", sessionId=session, state="away")
            assert await told(one) == presence(session, second, "away")
            async with served.connect() as three:
                third = await attach(three, session)
                there = [await told(three), await told(three)]
                assert there == [
                    presence(session, first, "online"),
                    presence(session, second, "away"),
                ]
                assert await told(one) == presence(session, third, "online")
                await three.say("detach", sessionId=session)
                assert await told(one) == presence(session, third, "offline")
            two.cut()
        assert await told(one) == presence(session, second, "offline")


async def test_a_stream_takes_part_and_what_it_hears_has_no_id(served: Served) -> None:
    session = await begun(served)
    async with served.browse() as browser, served.connect() as client:
        own = await attach(client, session)
        at = f"/api/v1/conversations/{session}/events"
        async with stream(browser, at) as reader:
            assert await told(reader) == presence(session, own, "online")
            streams = (await told(client))["connectionId"]
            await client.say("typing", sessionId=session)
            assert (await told(reader))["type"] == "typing"
            assert reader.ids[-1] is None
        assert await told(client) == presence(session, streams, "offline")


async def test_typing_and_read_go_to_the_others_and_not_to_the_sender(served: Served) -> None:
    session = await begun(served)
    async with served.connect() as one, served.connect() as two:
        first = await attach(one, session)
        await attach(two, session)
        await told(one)
        await told(two)
        await one.say("typing", sessionId=session, id="t")
        assert (await one.next("ack"))["ref"] == "t"
        assert await told(two) == {
            "type": "typing",
            "sessionId": session,
            "connectionId": first,
        }
        await one.say("read", sessionId=session, seq=2)
        assert (await told(two))["upTo"] == 2
        heard = [frame["type"] for frame in await one.nothing_more()]
        assert not set(heard) & {"typing", "read"}


async def test_what_is_in_no_log_is_not_told_again(served: Served) -> None:
    session = await begun(served)
    async with served.connect() as one, served.connect() as two:
        await attach(one, session)
        await one.say("typing", sessionId=session)
        await one.next("ack")
        await two.next("welcome")
        await two.say("attach", sessionId=session, cursor="0")
        heard = [frame["type"] for frame in await two.nothing_more()]
        assert (heard.count("presence"), "typing" in heard) == (1, False)


async def test_a_state_that_is_known_is_not_told_twice(served: Served) -> None:
    session = await begun(served)
    async with served.connect() as one, served.connect() as two:
        await attach(one, session)
        await attach(two, session)
        await told(one)
        for noop in (False, True):
            await two.say("presence", sessionId=session, state="away")
            assert (await two.next("ack")).get("noop", False) is noop
        assert (await told(one))["state"] == "away"
        assert "presence" not in [frame["type"] for frame in await one.nothing_more()]


async def test_a_second_attachment_of_a_connection_is_no_second_presence(served: Served) -> None:
    session = await begun(served)
    async with served.connect() as one, served.connect() as two:
        await attach(one, session)
        await attach(two, session)
        await told(one)
        await two.say("attach", sessionId=session)
        await two.next("snapshot")
        await two.nothing_more()
        assert "presence" not in [frame["type"] for frame in await one.nothing_more()]


async def test_an_asker_takes_part_from_its_question_on(served: Served) -> None:
    session = await begun(served)
    async with served.connect() as one, served.connect() as two:
        await attach(one, session)
        await two.ask(session)
        assert (await told(one))["state"] == "online"
        assert (await told(two))["state"] == "online"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "read", "seq": 10**6}, "invalid_field"),
        ({"type": "read", "seq": 10**30}, "invalid_field"),
        ({"type": "read", "seq": -1}, "invalid_field"),
        ({"type": "read"}, "invalid_field"),
        ({"type": "presence", "state": "offline"}, "invalid_field"),
        ({"type": "typing", "sessionId": "never heard of"}, "not_found"),
    ],
    ids=["ahead", "huge", "negative", "no seq", "offline", "unknown"],
)
async def test_what_makes_no_sense_is_refused(
    served: Served, frame: dict[str, Any], code: str
) -> None:
    session = await begun(served)
    async with served.connect() as client:
        await client.next("welcome")
        await client.say(**{"sessionId": session, **frame})
        assert (await client.next("error"))["code"] == code


async def test_a_stranger_tells_nobody_anything(served: Served) -> None:
    async with served.browse() as browser:
        mine = (await browser.post("/api/v1/conversations", json={})).json()["id"]
    async with served.connect() as one:
        await attach(one, mine)
        async with served.connect(key=await served.add_user("eve")) as eve:
            await eve.say("typing", sessionId=mine)
            assert await eve.closed() == 4403
        assert await one.nothing_more() == []


async def test_by_post_one_speaks_for_the_stream_of_ones_device(served: Served) -> None:
    session = await begun(served)
    at = f"/api/v1/conversations/{session}"
    async with served.connect() as client, served.browse() as browser:
        await attach(client, session)
        async with stream(browser, f"{at}/events?deviceId=phone") as reader:
            await reader.next("presence")
            own = (await told(client))["connectionId"]

            async def post(device: str, **frame: object) -> dict[str, Any]:
                answer = await browser.post(
                    f"{at}/commands", params={"deviceId": device}, json=frame
                )
                return answer.json()

            assert "noop" not in await post("phone", type="presence", state="away")
            assert await told(client) == presence(session, own, "away")
            await post("phone", type="typing")
            assert (await told(client))["connectionId"] == own
            assert (await post("tablet", type="presence", state="away"))["noop"] is True
            await post("tablet", type="typing")
            assert (await told(client))["connectionId"] != own
            # Of what it said itself the stream heard nothing.
            assert await heard_last(reader, client, session) == ["typing"]


async def heard_last(reader: Stream, client: Talk, session: str) -> list[str]:
    """Return what a stream hears until the client's question, which comes after all."""
    before = len(reader.frames)
    await client.ask(session)
    await reader.next("message.created")
    return [frame["type"] for frame in reader.frames[before:-1]]


class TestDevices:
    async def test_the_same_device_again_takes_the_place_of_its_older_connection(
        self, served: Served
    ) -> None:
        async with served.connect("deviceId=phone") as older:
            await older.next("welcome")
            async with served.connect("deviceId=phone") as newer:
                await newer.next("welcome")
                assert await older.closed() == 4409
                assert older.frames[-1]["code"] == "conflict"
                assert await newer.nothing_more() == []

    async def test_another_device_and_another_user_are_left_alone(self, served: Served) -> None:
        key = await served.add_user("bob")
        async with (
            served.connect("deviceId=phone") as phone,
            served.connect("deviceId=tablet") as tablet,
            served.connect("deviceId=phone", key=key) as bobs,
            served.connect() as nameless,
            served.connect() as nameless_too,
        ):
            for each in (phone, tablet, bobs, nameless, nameless_too):
                assert (await each.next("welcome"))["type"] == "welcome"
                assert await each.nothing_more() == []

    async def test_a_device_that_identifies_itself_late_counts_too(self, served: Served) -> None:
        async with served.connect("deviceId=phone") as older:
            await older.next("welcome")
            async with served.connect("auth=frame&deviceId=phone", key="") as newer:
                await newer.say("auth", token=served.key)
                await newer.next("ack")
                assert await older.closed() == 4409

    async def test_a_name_that_is_too_long_is_refused(self, served: Served) -> None:
        session, name = await begun(served), "x" * 201
        async with served.browse() as browser:
            at = f"/api/v1/conversations/{session}/events"
            refused = await browser.get(at, params={"deviceId": name})
            assert (refused.status_code, refused.json()["field"]) == (400, "deviceId")
        url = served.url(f"deviceId={name}&token={served.key}")
        async with talk(url, origin=served.http) as client:
            assert await client.closed() == 1008
            assert client.frames[-1]["code"] == "invalid_field"

    async def test_who_is_replaced_leaves_its_place_at_once(self, served: Served) -> None:
        session = await begun(served)
        query = f"deviceId=phone&sessionId={session}"
        async with served.connect() as one:
            await attach(one, session)
            async with served.connect(query) as older:
                await older.next("snapshot")
                gone = await told(one)
                async with served.connect(query) as newer:
                    await newer.next("snapshot")
                    states = {
                        (heard["connectionId"] == gone["connectionId"], heard["state"])
                        for heard in (await told(one), await told(one))
                    }
                    assert states == {(True, "offline"), (False, "online")}
                    assert await older.closed() == 4409
