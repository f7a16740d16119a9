"""Between the page and the server: what a test adds to the events, and what it keeps back."""

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

Frame = dict[str, Any]


class Wire:
    """A page's WebSocket, into which a test puts events that the server does not have.

    What the server says later moves on by as many positions, so that the page sees one log.
    """

    def __init__(self, page: Page, change: Callable[[Frame], Frame] = lambda frame: frame) -> None:
        """``change`` is what becomes of each of the server's frames."""
        self.text = ""
        """What the answer that is being written says."""
        self.sent: list[Frame] = []
        """What the page sent, and the server was given."""
        self.kept: list[Frame] = []
        """What the page sent, of the types that the test answers itself."""
        self._answered: frozenset[str] = frozenset()
        self._held: list[Frame] | None = None
        self._seq = 0
        self._added = 0
        self._last: Frame = {}
        self._change = change
        self._page: WebSocketRoute | None = None
        page.route_web_socket(re.compile("/chat/stream"), self._open)

    def answer(self, *types: str) -> None:
        """Keep frames of these types from the server."""
        self._answered = frozenset(types)

    def hold(self) -> None:
        """Keep back what the server says."""
        self._held = []

    def release(self) -> None:
        """Let the page see what was kept back, and what comes."""
        held, self._held = self._held or [], None
        for frame in held:
            self._pass_on(frame)

    def add(self, *events: Frame) -> None:
        """Let the page see events of the turn that is running."""
        for event in events:
            self._added += 1
            self._seq += 1
            envelope = {"sessionId": self._last["sessionId"], "turnId": self._last["turnId"]}
            self.say({**envelope, "ts": self._last["ts"], "seq": self._seq, **event})

    def say(self, frame: Frame) -> None:
        assert self._page is not None
        self._page.send(json.dumps(frame))

    @property
    def answer_id(self) -> str:
        """The message that is being written."""
        return self._last["messageId"]

    @property
    def session(self) -> str:
        return self._last["sessionId"]

    def _open(self, page: WebSocketRoute) -> None:
        self._page = page
        server = page.connect_to_server()
        page.on_message(lambda data: self._from_page(server, data))
        server.on_message(self._from_server)

    def _from_page(self, server: WebSocketRoute, data: str | bytes) -> None:
        frame = json.loads(data)
        if frame["type"] in self._answered:
            self.kept.append(frame)
        else:
            self.sent.append(frame)
            server.send(data)

    def _from_server(self, data: str | bytes) -> None:
        frame = json.loads(data)
        if self._held is None:
            self._pass_on(frame)
        else:
            self._held.append(frame)

    def _pass_on(self, frame: Frame) -> None:
        if "sessionId" in frame and "seq" in frame:
            self._seq = frame["seq"] = frame["seq"] + self._added
            self._last = {**self._last, **frame}
            if frame["type"] == "turn.started":
                self.text = ""
            elif frame["type"] == "token":
                self.text += frame["content"]
        self.say(self._change(frame))
