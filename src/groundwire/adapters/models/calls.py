"""Tool calls on the wire: what a model is offered, and what it asks for, whole or in pieces."""

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from groundwire.adapters.models.text import TextGate, make_safe
from groundwire.model.errors import ModelUnavailable
from groundwire.ports.chat_model import Call, ChatRequest, ToolSpec

MAX_CALLS = 64
MAX_INPUT_CHARACTERS = 256 * 1024
# Some templates take an id of nine letters and digits, and no other.
ID_CHARACTERS = 9

UNREADABLE = (
    "The input of this call is not a JSON object, so nothing was done. "
    "Call the tool again, with one JSON object as its input."
)

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_REFUSES_TOOLS = re.compile(
    r"\btools?\b.*?(?:support|requires)|(?:support|requires).*?\btools?\b", re.IGNORECASE
)


class _Function(msgspec.Struct):
    name: str
    description: str
    parameters: dict[str, object]


class Offered(msgspec.Struct):
    """A tool as OpenAI and Ollama are told of it."""

    function: _Function
    type: Literal["function"] = "function"


class FunctionPiece(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, object] | None = None


class Piece(msgspec.Struct):
    """A call, or a part of one: pieces of the same ``index`` belong together."""

    index: int | None = None
    id: str | None = None
    function: FunctionPiece | None = None


def offer(tools: Sequence[ToolSpec]) -> list[Offered]:
    return [Offered(_Function(tool.name, tool.description, tool.schema)) for tool in tools]


def refuses_tools(said: str) -> bool:
    """Say whether an endpoint's error is that the model, or the server, takes no tools at all."""
    return _REFUSES_TOOLS.search(said) is not None


def calls_before(request: ChatRequest) -> Iterator[Call]:
    """Yield the calls that the request's own messages tell of."""
    for message in request.messages:
        yield from message.calls


class CallReader:
    """Pieces in, calls out.

    An endpoint may leave out the index or give the same to all, may leave out the id or repeat
    it, and may send a call in one piece or in many. Every call gets an id that no other call
    of the request has.
    """

    def __init__(self, request: ChatRequest) -> None:
        self._taken = {call.id for call in calls_before(request)}
        self._begun: list[_Begun] = []
        self._at: dict[int, _Begun] = {}
        self._characters = 0

    def take(self, pieces: Sequence[Piece]) -> None:
        """Raises ``ModelUnavailable`` for more, or longer, calls than any model makes."""
        for piece in pieces:
            function = piece.function or FunctionPiece()
            arguments = function.arguments or ""
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            name = function.name or ""
            self._characters += len(text) + len(name) + len(piece.id or "")
            self._begun_by(piece, name, text).add(piece.id or "", name, text)
        if len(self._begun) > MAX_CALLS or self._characters > MAX_INPUT_CHARACTERS:
            raise ModelUnavailable("The model asked for more tools than it can mean. Ask again.")

    def calls(self) -> tuple[Call, ...]:
        """Return the calls in the order in which they began.

        Raises ``ModelUnavailable`` for one that does not say which tool it wants.
        """
        return tuple(begun.call(self._free_id(begun.id)) for begun in self._begun)

    def _begun_by(self, piece: Piece, name: str, text: str) -> "_Begun":
        last = self._begun[-1] if self._begun else None
        begun = last if piece.index is None else self._at.get(piece.index)
        if begun is None or not begun.goes_on_with(piece, name, text):
            begun = _Begun()
            self._begun.append(begun)
        if piece.index is not None:
            self._at[piece.index] = begun
        return begun

    def _free_id(self, id: str) -> str:
        while not id or id in self._taken:
            id = secrets.token_hex(ID_CHARACTERS)[:ID_CHARACTERS]
        self._taken.add(id)
        return id


class _Begun:
    """A call as far as it has come."""

    def __init__(self) -> None:
        self.id = ""
        self._name = ""
        self._arguments = ""
        self._gate = TextGate()

    def goes_on_with(self, piece: Piece, name: str, text: str) -> bool:
        if piece.id and self.id and piece.id != self.id:
            return False
        if not name:
            return True
        # A name again: some repeat it with each piece, and with some it is the next call.
        if read_input(self._arguments) is not None:
            return not text
        return piece.index is not None or bool(piece.id) or name == self._name

    def add(self, id: str, name: str, text: str) -> None:
        self.id = self.id or make_safe(id)
        self._name = self._name or make_safe(name)
        self._arguments += self._gate.feed(text)

    def call(self, id: str) -> Call:
        if not self._name:
            raise ModelUnavailable("The model wanted a tool, but did not say which. Ask again.")
        arguments = self._arguments + self._gate.flush()
        input = read_input(arguments if arguments.strip() else "{}")
        if input is None:
            return Call(id=id, name=self._name, input={}, problem=UNREADABLE)
        return Call(id=id, name=self._name, input=input)


def read_input(arguments: str) -> dict[str, object] | None:
    """Return the object that ``arguments`` spell in JSON, safe to store; ``None`` if they do not.

    Line breaks within strings are taken: models write them.
    """
    try:
        value = json.loads(_NUL.sub(r"\1\\ufffd", arguments), strict=False)
        again = make_safe(json.dumps(value, ensure_ascii=False))
        return msgspec.json.decode(again, type=dict[str, object])
    except (ValueError, RecursionError):
        return None
