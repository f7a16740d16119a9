"""What an OpenAI-compatible endpoint is asked, without the fields that it refuses. Pure."""

import re
from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from groundwire.adapters.models.calls import Offered, calls_before, offer, refuses_tools
from groundwire.ports.chat_model import Call, ChatRequest, Message

_REFUSABLE = ("max_tokens", "temperature", "stream_options", "tools")


class _StreamOptions(msgspec.Struct):
    include_usage: bool = True


class _Function(msgspec.Struct):
    name: str
    arguments: str


class _Call(msgspec.Struct):
    id: str
    function: _Function
    type: Literal["function"] = "function"


class _Message(msgspec.Struct, omit_defaults=True):
    role: str
    content: str | None
    tool_calls: list[_Call] = []
    tool_call_id: str | None = None


class _Ask(msgspec.Struct, omit_defaults=True):
    model: str
    messages: Sequence[_Message]
    stream: Literal[True] | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    stream_options: _StreamOptions | None = None
    tools: list[Offered] = []


def encode_ask(request: ChatRequest, called: str, *, without: Collection[str] = ()) -> bytes:
    """Return the body of the request for the model that is ``called`` so there."""
    ask = _Ask(
        model=called,
        messages=[_message(message) for message in request.messages],
        stream=True,
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        stream_options=_StreamOptions(),
        tools=offer(request.tools),
    )
    if "max_tokens" in without:
        ask.max_tokens, ask.max_completion_tokens = None, request.max_tokens
    if "temperature" in without:
        ask.temperature = None
    if "stream_options" in without:
        ask.stream_options = None
    if "tools" in without:
        ask.tools = []
    return msgspec.json.encode(ask)


def refused_fields(request: ChatRequest, status: int, said: str) -> set[str]:
    """Return the fields of ``request`` that an endpoint's error ``said`` it does not take.

    An endpoint that took tools once, and now says something about them, means their results.
    """
    refused = {
        field for field in _REFUSABLE if status in (400, 422) and re.search(rf"\b{field}\b", said)
    }
    if refuses_tools(said):
        refused.add("tools")
    if not request.tools or any(calls_before(request)):
        refused.discard("tools")
    return refused


def _message(message: Message) -> _Message:
    return _Message(
        role=message.role,
        # What called tools and said nothing says null: an empty text is refused by some.
        content=None if message.calls and not message.content else message.content,
        tool_calls=[_call(call) for call in message.calls],
        tool_call_id=message.call,
    )


def _call(call: Call) -> _Call:
    return _Call(call.id, _Function(call.name, msgspec.json.encode(call.input).decode()))
