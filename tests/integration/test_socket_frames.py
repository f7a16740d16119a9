"""What may be said on the socket, and what becomes of what may not."""

import asyncio
import json
import socket as sockets
import zlib
from hashlib import sha256
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from groundwire.adapters.models.scripted import Fail, Step
from groundwire.model.errors import ModelUnavailable
from groundwire.model.events import AnswerReset, Token
from groundwire.model.ids import MessageId, TurnId
from groundwire.ports.event_log import Desk
from groundwire.transport import wire
from tests.support.server import Served
from tests.support.socket import Talk, eventually, talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD = {
    "no JSON": ("{nope", "bad_json"),
    "a list": ("[1]", "bad_json"),
    "deep": ('{"type":"ping","t":' + "[" * 20_000 + "]" * 20_000 + "}", "bad_json"),
    "deep in what is unknown": (
        '{"type":"ping","future":' + "[" * 20_000 + "]" * 20_000 + "}",
        "bad_json",
    ),
    "two types": ('{"type":"typing","sessionId":"a","type":"ping"}', "invalid_field"),
    "two types, unknown first": ('{"type":"shout","type":"ping"}', "invalid_field"),
    "two types, unknown last": ('{"type":"ping","type":"shout"}', "unknown_type"),
    "a type that is no word": ('{"type":7}', "invalid_field"),
    "two objects": ('{"type":"ping"}{"type":"ping"}', "bad_json"),
    "nothing": ("", "bad_json"),
    "unknown type": ('{"type":"shout"}', "unknown_type"),
    "no type": ('{"content":"hi"}', "invalid_field"),
    "no content": ('{"type":"chat_message","sessionId":"a"}', "invalid_field"),
    "no session": ('{"type":"chat_message","content":"a"}', "invalid_field"),
    "empty content": ('{"type":"chat_message","content":" \\n","sessionId":"a"}', "invalid_field"),
    "empty session": ('{"type":"chat_message","content":"a","sessionId":""}', "invalid_field"),
    "long session": (
        json.dumps({"type": "chat_message", "content": "a", "sessionId": "a" * 201}),
        "invalid_field",
    ),
    "a number": ('{"type":"chat_message","content":7,"sessionId":"a"}', "invalid_field"),
    "lone surrogate": (
        '{"type":"chat_message","content":"\\ud800","sessionId":"a"}',
        "bad_json",
    ),
    "huge number": ('{"type":"ping","t":' + "9" * 5000 + "}", "invalid_field"),
    "huge id": ('{"type":"ping","id":1e999}', "invalid_field"),
    "not a number": ('{"type":"ping","t":NaN}', "bad_json"),
    "byte order mark": ('\ufeff{"type":"ping"}', "bad_json"),
    "attach to nothing": ('{"type":"attach"}', "invalid_field"),
    "unknown workspace": ('{"type":"attach","workspaceId":"w_none"}', "not_found"),
    "unknown id of ours": (
        '{"type":"chat_message","content":"a","sessionId":"c_none"}',
        "not_found",
    ),
    "cancel nothing": ('{"type":"cancel","sessionId":"never heard of"}', "not_found"),
}


async def still_works(served: Served, client: Talk) -> bool:
    events = await client.answer(served.new_session(), "still there")
    return events[-1]["finishReason"] == "stop"


@pytest.mark.parametrize("bad", BAD, ids=list(BAD))
async def test_a_bad_frame_is_told_and_the_next_good_one_works(served: Served, bad: str) -> None:
    text, code = BAD[bad]
    async with served.connect() as client:
        await client.next("welcome")
        await client.socket.send(text)
        frame = await client.receive()
        assert frame.get("code") == code
        assert "Traceback" not in json.dumps(frame)
        assert await still_works(served, client)


async def test_an_error_names_the_frame_it_is_about(served: Served) -> None:
    async with served.connect() as client:
        await client.say("chat_message", id="q1", sessionId="a")
        error = await client.next("error")
        assert (error["ref"], error["code"], error["retryable"]) == ("q1", "invalid_field", False)
        assert "content" in error["message"]


async def test_an_unknown_model_is_told_with_those_there_are(served: Served) -> None:
    async with served.connect() as client:
        # The frame of the brief, as it stands.
        await client.socket.send(
            '{ "type": "chat_message", "content": "你好，请介绍一下你自己", '
            '"sessionId": "test_123", "model": "llama3" }'
        )
        error = await client.next("error")
        assert error["code"] == "unknown_model"
        assert "llama3" in error["message"]
        assert "scripted" in error["message"]
        assert "scripted" in error["detail"]["models"]
        assert await still_works(served, client)


async def test_unknown_fields_are_ignored_and_of_two_equal_keys_the_last_counts(
    served: Served,
) -> None:
    async with served.connect() as client:
        await client.socket.send('{"type":"ping","t":1,"future":{"a":[1]},"t":2,"id":"x"}')
        pong = await client.next("pong")
        assert (pong["t"], pong["ref"]) == (2, "x")


async def test_a_flood_of_bad_frames_is_4400(served: Served) -> None:
    async with served.connect() as client:
        for _ in range(6):
            await client.socket.send("{")
        assert await client.closed() == 4400
        assert client.frames[-1]["code"] == "bad_json"


async def test_a_frame_over_the_limit_is_1009(served: Served) -> None:
    async with served.connect() as client:
        await client.socket.send("x" * (1024 * 1024 + 1))
        assert await client.closed() == 1009


async def test_pieces_that_are_together_over_the_limit_are_1009(served: Served) -> None:
    async with served.connect() as client:
        await client.next("welcome")
        write = client.socket.transport.write
        write(Frame(Opcode.TEXT, b'"', fin=False).serialize(mask=True))
        for _ in range(17):
            write(Frame(Opcode.CONT, b"x" * 65_536, fin=False).serialize(mask=True))
        assert await client.closed() == 1009


async def test_what_is_compressed_is_not_unpacked(served: Served) -> None:
    """A bomb of zeros stays as small as it came."""
    packer = zlib.compressobj(wbits=-15)
    bomb = packer.compress(b"0" * 100_000_000) + packer.flush(zlib.Z_SYNC_FLUSH)
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate", **served.headers()}
    async with talk(served.url(), headers=offer) as client:
        assert client.socket.response is not None
        assert "Sec-WebSocket-Extensions" not in client.socket.response.headers
        await client.next("welcome")
        frame = bytearray(Frame(Opcode.TEXT, bomb).serialize(mask=True))
        frame[0] |= 0x40  # compressed (RFC 7692, 6)
        client.socket.transport.write(frame)
        assert await client.closed() == 1002
    async with served.connect() as client:
        assert await still_works(served, client)


async def test_a_binary_frame_is_1003(served: Served) -> None:
    async with served.connect() as client:
        await client.socket.send(b'{"type":"ping"}')
        assert await client.closed() == 1003
        assert client.frames[-1]["type"] == "error"


async def test_text_that_is_not_utf_8_is_1007(served: Served) -> None:
    async with served.connect() as client:
        await client.next("welcome")
        frame = Frame(Opcode.TEXT, b'{"type":"\xff\xfe"}').serialize(mask=True)
        client.socket.transport.write(frame)
        assert await client.closed() == 1007


async def test_a_frame_in_pieces_is_one_frame(served: Served) -> None:
    async with served.connect() as client:
        whole = json.dumps({"type": "ping", "t": "在世界的尽头😀"}, ensure_ascii=False).encode()
        # Cut in the middle of a character.
        pieces = [whole[:20], whole[20:21], whole[21:31], whole[31:]]
        for n, piece in enumerate(pieces):
            opcode = Opcode.TEXT if n == 0 else Opcode.CONT
            frame = Frame(opcode, piece, fin=n == len(pieces) - 1)
            client.socket.transport.write(frame.serialize(mask=True))
        assert (await client.next("pong"))["t"] == "在世界的尽头😀"


async def test_control_characters_and_nul_go_in_and_come_back_as_text(served: Served) -> None:
    async with served.connect() as client:
        session = served.new_session()
        content = "a\x00b\x07\u2028c\x1b"
        events = await client.answer(session, content)
        said = "".join(event["content"] for event in events if event["type"] == "token")
        assert said == content.replace("\x00", "\ufffd")


@pytest.mark.parametrize(
    ("deltas", "said"),
    [
        (("a\ud83d", "\ude00b"), "a😀b"),
        (("a\ud83d",), "a\ufffd"),
        (("\ude00", "b"), "\ufffdb"),
        (("nul\x00",), "nul\ufffd"),
        (("👩‍", "👩‍👧"), "👩‍👩‍👧"),
    ],
    ids=["split pair", "high half", "low half", "nul", "joined"],
)
async def test_what_a_model_cuts_in_two_reaches_nobody_broken(
    served: Served, deltas: tuple[str, ...], said: str
) -> None:
    async with served.connect() as client:
        served.script(*deltas)
        events = await client.answer(served.new_session())
        tokens = [event["content"] for event in events if event["type"] == "token"]
        assert "".join(tokens) == said
        assert events[-1]["contentHash"] == sha256_of(said)


async def test_text_alone_is_sent_to_who_asks_for_it(served: Served) -> None:
    async with served.connect("format=text") as client:
        served.script("Hello", " ", "世界")
        await client.say("chat_message", content="hi", sessionId=served.new_session())
        said = ""
        while said != "Hello 世界":
            said += str(await asyncio.wait_for(client.socket.recv(), 5))
            assert "Hello 世界".startswith(said)


async def test_who_gets_text_alone_is_told_what_cannot_be_taken_back(served: Served) -> None:
    async with served.connect("format=text") as client, served.connect() as other:
        served.script("Hallo")
        session = served.new_session()
        await client.say("chat_message", content="hi", sessionId=session)
        said = str(await asyncio.wait_for(client.socket.recv(), 5))
        await other.say("attach", sessionId=session, cursor="0")
        begun = await other.next("turn.started")
        turn, message = TurnId(begun["turnId"]), MessageId(begun["messageId"])
        again = [
            AnswerReset(turn_id=turn, message_id=message, to_offset=0),
            Token(turn_id=turn, message_id=message, content="Hello", offset=0),
        ]

        def try_again(desk: Desk) -> None:
            for event in again:
                desk.append(event)

        await served.groundwire.assistant.log.decide(await served.log_of(session), try_again)
        while not said.endswith("Hello"):
            said += str(await asyncio.wait_for(client.socket.recv(), 5))
        assert said == "Hallo\n[the answer begins again]\nHello"


@pytest.mark.parametrize(
    ("script", "frame", "told"),
    [
        ((Fail(ModelUnavailable("It is down.")),), {}, "\nIt is down.\n"),
        ((), {"model": "nobody"}, "There is no model `nobody` here."),
    ],
    ids=["of the turn", "of the command"],
)
async def test_who_gets_text_alone_gets_errors_as_text(
    served: Served, script: tuple[Step, ...], frame: dict[str, Any], told: str
) -> None:
    async with served.connect("format=text") as client:
        if script:
            served.script(*script)
        session = served.new_session()
        await client.say("chat_message", content="hi", sessionId=session, **frame)
        assert str(await asyncio.wait_for(client.socket.recv(), 5)).startswith(told)


async def test_the_handshake_of_the_brief_is_answered_101(served: Served) -> None:
    request = (
        "GET /ws/chat HTTP/1.1\r\n"
        f"Host: localhost:{served.port}\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {served.key}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request.encode())
    answer = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
    assert answer.startswith("HTTP/1.1 101 Switching Protocols\r\n")
    assert "sec-websocket-accept: hsmrc0smlyukagmm5oppg2hagwk=" in answer.lower()
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_reads_nothing_holds_up_nobody(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another's answer and the hub's clock go on beside it; revoked, it is cut."""
    monkeypatch.setattr(wire, "CLOSE_GRACE_S", 0.2)
    key = await served.add_user("deaf")
    async with served.connect(key=key) as deaf, served.connect() as client:
        raw: sockets.socket = deaf.socket.transport.get_extra_info("socket")
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        served.script(*["x" * 50_000] * 150)
        ended = len(served.model.ended)
        await deaf.ask(served.new_session())
        deaf.socket.transport.pause_reading()
        await served.model.until_ended(ended + 1)
        assert await still_works(served, client)

        identity = await served.groundwire.authenticator.identify(key)
        await served.groundwire.authenticator.revoke(identity.credential.id)
        other = await served.groundwire.authenticator.identify(served.key)
        members = served.groundwire.hub.members
        await eventually(lambda: all(member.identity == other for member in members))
        assert await still_works(served, client)
        deaf.cut()


def sha256_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()
