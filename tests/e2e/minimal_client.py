"""Asks, comes back after any cut, proves the answer: from spec/PROTOCOL.md and RFC 6455 alone."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from json import dumps, loads
from time import sleep
from typing import Any

HOST, PORT, TOKEN, SESSION, QUESTION = sys.argv[1:]
ASK = {"type": "chat_message", "sessionId": SESSION, "content": QUESTION}
ASK["clientMessageId"] = os.urandom(16).hex()  # so that it may be said again
at: dict[str, Any] = {"seq": 0, "turnId": ""}
texts: dict[str, str] = {}  # of answers, by messageId
done: dict[str, dict[str, Any]] = {}  # by turnId


def fold(frame: dict[str, Any]) -> bool:
    """Return whether to read on; if not, attach again or be content."""
    if "seq" in frame and "turnId" in frame:  # an event
        if frame.get("covers", [frame["seq"]])[0] != at["seq"] + 1:
            return False
        at["seq"] = frame["seq"]
    kind = frame["type"]
    if kind in ("ready", "ack"):
        at.update({name: frame[name] for name in ("epoch", "turnId") if name in frame})
    elif kind == "snapshot":
        at["seq"] = frame["asOf"]
        texts.update({each["messageId"]: each["content"] for each in frame["messages"]})
        done.update({each["turnId"]: each for each in frame["messages"] if "contentHash" in each})
    elif kind in ("token", "answer.reset"):
        id, end = frame["messageId"], frame.get("toOffset", frame.get("offset"))
        texts[id] = texts.get(id, "")[:end] + frame.get("content", "")
    elif kind == "done":
        done[frame["turnId"]] = frame
    elif kind == "error" and "seq" not in frame:
        sys.exit(frame["message"])
    return at["turnId"] not in done


def frames() -> Iterator[dict[str, Any]]:
    with socket.create_connection((HOST, int(PORT)), timeout=60) as connection:
        stream = connection.makefile("rb")
        cursor = f"&cursor={at['epoch']}:{at['seq']}" if "epoch" in at else ""
        path = f"/api/v1/chat/stream?token={TOKEN}&sessionId={SESSION}{cursor}"
        fields = f"Host: {HOST}:{PORT}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        fields += f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n"
        connection.sendall(f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode())
        if b" 40" in stream.readline():
            sys.exit("The server does not let me in.")
        while stream.readline().strip():
            pass
        send(connection, 1, dumps(ASK).encode())
        while len(head := stream.read(2)) == 2 and head[0] & 15 != 8:
            more = {126: 2, 127: 8}.get(head[1], 0)
            data = stream.read(int.from_bytes(stream.read(more), "big") if more else head[1])
            if head[0] & 15 == 9:
                send(connection, 10, data)
            else:
                yield loads(data)


def send(connection: socket.socket, opcode: int, data: bytes) -> None:
    size = [254, *len(data).to_bytes(2, "big")] if len(data) > 125 else [128 + len(data)]
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))
    connection.sendall(bytes([128 + opcode, *size]) + mask + masked)


while at["turnId"] not in done:
    with suppress(OSError, ValueError):  # cut, or cut in the middle of a frame
        all(map(fold, frames()))
    sleep(0.1)
text = texts.get(done[at["turnId"]]["messageId"], "")
assert sha256(text.encode()).hexdigest() == done[at["turnId"]]["contentHash"]
sys.stdout.write(text)
