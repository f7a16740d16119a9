"""What is sent wrongly, and what must not be minded."""

import asyncio
import json
import os
import struct
from urllib.parse import urlsplit

from groundwire.conformance.door import UPGRADE, request
from groundwire.conformance.raw import HttpWire, SocketWire
from groundwire.conformance.seen import Broken, Frame
from groundwire.conformance.trial import Trial, check
from groundwire.conformance.wire import Wire

DEEP = "[" * 100_000
TEXT, BINARY, FINAL, CLOSE = 0x1, 0x2, 0x80, 0x8


async def raw(reader: Wire, data: str) -> Frame:
    """Send ``data`` as one command, whatever it is, and return the error that answers it."""
    if isinstance(reader, SocketWire):
        await reader.send_raw(data)
        return await reader.next("error")
    assert isinstance(reader, HttpWire)
    headers = {"Content-Type": "application/json"}
    post = reader.client().post(f"{reader.base}/commands", data=data.encode(), headers=headers)
    async with post as response:
        body: Frame = await response.json(content_type=None)
    if response.status < 400:
        raise Broken(f"it was taken: {body}")
    return {**body, "type": "error", "message": body["title"], "detail": body}


def expect_code(error: Frame, *codes: str) -> None:
    if error.get("code") not in codes:
        raise Broken(f"it should be told {' or '.join(codes)}, but was {error.get('code')}")


def expect_field(error: Frame, field: str) -> None:
    expect_code(error, "invalid_field")
    named = error.get("field") or error.get("detail", {}).get("field")
    if named != field:
        raise Broken(f"the field {field} should be named, but was {named}")


async def still_works(reader: Wire) -> None:
    await reader.answer("still there?")


async def opened(trial: Trial) -> Wire:
    return await trial.wire(trial.subject.new_session(), cursor="0")


@check("bad_json_error_keeps_open")
async def bad_json(trial: Trial) -> None:
    reader = await opened(trial)
    expect_code(await raw(reader, '{"type": "chat_message", '), "bad_json")
    await still_works(reader)


@check("bad_json_flood_4400")
async def bad_json_flood(trial: Trial) -> None:
    reader = await opened(trial)
    assert isinstance(reader, SocketWire)
    for _ in range(50):
        if reader.is_closed:
            break
        await reader.send_raw("{")
        await asyncio.sleep(0)
    if (ended := await reader.ended()).code != 4400:
        raise Broken(f"it was closed {ended.code}")


@check("unknown_type_error")
async def unknown_type(trial: Trial) -> None:
    reader = await opened(trial)
    error = await raw(reader, '{"type": "telepathy", "id": 4}')
    expect_code(error, "unknown_type")
    if "chat_message" not in json.dumps(error):
        raise Broken("the types there are should be told")
    await still_works(reader)


@check("unknown_fields_ignored")
async def unknown_fields(trial: Trial) -> None:
    reader = await opened(trial)
    await reader.answer("hi", mood="good", nested={"a": [1]})


@check("missing_content")
async def missing_content(trial: Trial) -> None:
    reader = await opened(trial)
    frame = json.dumps({"type": "chat_message", "sessionId": reader.session})
    expect_field(await raw(reader, frame), "content")
    await still_works(reader)


@check("empty_content")
async def empty_content(trial: Trial) -> None:
    reader = await opened(trial)
    for content in ("", " \n\t"):
        expect_field(await reader.say("chat_message", content=content), "content")
    await still_works(reader)


@check("oversize_1009")
async def oversize(trial: Trial) -> None:
    reader = await opened(trial)
    assert isinstance(reader, SocketWire)
    limit = (await reader.next("welcome"))["limits"]["frameBytes"]
    await reader.send_raw("x" * (limit + 1))
    if (ended := await reader.ended()).code != 1009:
        raise Broken(f"it was closed {ended.code}")


@check("binary_frame_1003")
async def binary_frame(trial: Trial) -> None:
    reader = await opened(trial)
    assert isinstance(reader, SocketWire)
    await reader.send_raw(b"{}")
    if (ended := await reader.ended()).code != 1003:
        raise Broken(f"it was closed {ended.code}")


@check("invalid_utf8_1007")
async def invalid_utf8(trial: Trial) -> None:
    _, reader, writer = await _handshake(trial)
    writer.write(_frame(FINAL | TEXT, b'{"type": "\xff\xfe"}'))
    if (code := await _close_code(reader)) != 1007:
        raise Broken(f"it was closed {code}")
    writer.close()


@check("deep_nested_json")
async def deep_nested(trial: Trial) -> None:
    reader = await opened(trial)
    expect_code(await raw(reader, DEEP), "bad_json", "invalid_field")
    known = '{"type": "chat_message", "sessionId": "x", "content": "x", "options": ' + DEEP
    expect_code(await raw(reader, known), "bad_json", "invalid_field")
    await still_works(reader)


@check("duplicate_keys")
async def duplicate_keys(trial: Trial) -> None:
    reader = await opened(trial)
    twice = f'{{"type": "ping", "type": "telepathy", "sessionId": "{reader.session}"}}'
    if isinstance(reader, SocketWire):
        await reader.send_raw(twice)
        await reader.next("error", "pong")
    await still_works(reader)


@check("fragmented_text_frame")
async def fragmented(trial: Trial) -> None:
    _, reader, writer = await _handshake(trial)
    for opcode, part in ((TEXT, b'{"type": "pi'), (0, b'ng", "id": '), (FINAL, b'"parts"}')):
        writer.write(_frame(opcode, part))
    while b'"parts"' not in await _payload(reader):
        pass
    writer.close()


@check("emoji_split_across_tokens_never_broken")
async def emoji_split(trial: Trial) -> None:
    await trial.node.script("a ", "\ud83d", "\udd0c", " \U0001f469\u200d", "\U0001f527 ", "\ud83d")
    reader = await opened(trial)
    events = await reader.answer("?")
    text = reader.seen.texts[events[-1]["messageId"]]
    if text != "a \U0001f50c \U0001f469\u200d\U0001f527 \ufffd":
        raise Broken(f"the text was {text!r}")


@check("nul_and_control_chars")
async def control_characters(trial: Trial) -> None:
    reader = await opened(trial)
    events = await reader.answer("a\x00b\x07c\x1b[31m")
    created = next(event for event in events if event["type"] == "message.created")
    if created["content"] != "a\ufffdb\x07c\x1b[31m":
        raise Broken(f"it came back as {created['content']!r}")


@check("huge_int_seq")
async def huge_int(trial: Trial) -> None:
    reader = await opened(trial)
    answer = await reader.say("history", after=10**40)
    if answer["type"] == "error":
        expect_field(answer, "after")
    elif answer["events"]:
        raise Broken(f"after a number beyond all came {answer}")
    await still_works(reader)


@check("deflate_bomb_limited")
async def deflate_bomb(trial: Trial) -> None:
    head, reader, writer = await _handshake(trial, "Sec-WebSocket-Extensions: permessage-deflate")
    if "permessage-deflate" in head.lower():
        # What a mebibyte of nothing is compressed to, a thousand times over.
        import zlib

        packer = zlib.compressobj(wbits=-15)
        bomb = packer.compress(bytes(1 << 28)) + packer.flush(zlib.Z_SYNC_FLUSH)
        writer.write(_frame(FINAL | 0x40 | TEXT, bomb[:-4]))
        if (code := await _close_code(reader)) != 1009:
            raise Broken(f"it was closed {code}")
    writer.close()


@check("error_has_ref_and_no_stack_trace")
async def error_has_ref(trial: Trial) -> None:
    reader = await opened(trial)
    for error in (
        await reader.say("chat_message", content=""),
        await reader.say("regenerate", messageId="m_none"),
        await reader.say("tool_approval", approvalId="ap_none", approved=True),
    ):
        expect_code(error, "invalid_field", "not_found")
        if isinstance(reader, SocketWire) and not error.get("ref"):
            raise Broken("the command that failed is not named")
        if not error["message"] or "Traceback" in json.dumps(error) or '.py"' in json.dumps(error):
            raise Broken(f"it tells our insides, or nothing: {error}")


async def _handshake(
    trial: Trial, *heads: str
) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a socket by hand; return the head of the answer."""
    address = urlsplit(trial.subject.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(request(trial.subject, "/api/v1/chat/stream", *UPGRADE, *heads))
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in head.splitlines()[0]:
        raise Broken(f"the handshake was answered {head.splitlines()[0].decode()}")
    return head.decode(), reader, writer


def _frame(first: int, payload: bytes) -> bytes:
    """Return one masked frame; ``first`` is its first byte."""
    mask = os.urandom(4)
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 127]) + struct.pack("!Q", size)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([first]) + length + mask + masked


async def _read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if length == 126:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", await reader.readexactly(8))
    return first & 0xF, await reader.readexactly(length)


async def _payload(reader: asyncio.StreamReader) -> bytes:
    return (await _read_frame(reader))[1]


async def _close_code(reader: asyncio.StreamReader) -> int | None:
    try:
        async with asyncio.timeout(10):
            while True:
                opcode, payload = await _read_frame(reader)
                if opcode == CLOSE:
                    return int.from_bytes(payload[:2], "big")
    except (asyncio.IncompleteReadError, TimeoutError):
        return None
