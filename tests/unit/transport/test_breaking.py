"""What an older client would break on is found, and what it would not is let pass."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groundwire.transport.spec.breaking import breaking_in_asyncapi, breaking_in_openapi

SPEC = Path(__file__).parents[3] / "spec"
Json = dict[str, Any]
Change = Callable[[Json], object]

ASYNCAPI: Json = json.loads((SPEC / "asyncapi.json").read_text("utf-8"))
OPENAPI: Json = json.loads((SPEC / "openapi.json").read_text("utf-8"))


def found(change: Change, document: Json = ASYNCAPI) -> list[str]:
    """Return what is found to break when ``change`` is made."""
    changed = copy.deepcopy(document)
    change(changed)
    compare = breaking_in_asyncapi if document is ASYNCAPI else breaking_in_openapi
    return compare(document, changed)


def of(schema: str) -> Callable[[Json], Json]:
    return lambda document: document["components"]["schemas"][schema]


def field(schema: str, name: str) -> Callable[[Json], Json]:
    return lambda document: document["components"]["schemas"][schema]["properties"][name]


def operation(path: str, method: str) -> Callable[[Json], Json]:
    return lambda document: document["paths"][f"/api/v1{path}"][method]


def put(where: Callable[[Json], Json], **words: Any) -> Change:
    return lambda document: where(document).update(words)


def drop(where: Callable[[Json], Json], name: str) -> Change:
    return lambda document: where(document).pop(name)


def ask_for(schema: str, name: str) -> Change:
    return lambda document: of(schema)(document)["required"].append(name)


def no_longer_promise(schema: str, name: str) -> Change:
    return lambda document: of(schema)(document)["required"].remove(name)


def remove_message(document: Json) -> None:
    for channel in document["channels"].values():
        channel["messages"].pop("DoneEvent", None)
    del document["components"]["messages"]["DoneEvent"]
    document["components"]["schemas"]["ConversationEvent"]["oneOf"] = [
        each
        for each in document["components"]["schemas"]["ConversationEvent"]["oneOf"]
        if "DoneEvent" not in each["$ref"]
    ]


BROKEN: dict[str, tuple[Change, str]] = {
    "a message is gone": (remove_message, "message DoneEvent is gone"),
    "a channel is gone": (drop(lambda d: d["channels"], "workspace"), "channel workspace is gone"),
    "an address is another": (put(lambda d: d["channels"]["socket"], address="/ws"), "address"),
    "an operation is gone": (drop(lambda d: d["operations"], "steer"), "operation steer is gone"),
    "a command is answered otherwise": (
        lambda d: d["operations"]["steer"]["reply"]["messages"].pop(0),
        "operation steer: answer AckFrame is gone",
    ),
    "a parameter of the socket is gone": (
        drop(lambda d: d["channels"]["socket"]["bindings"]["ws"]["query"]["properties"], "cursor"),
        "query.cursor: it is gone",
    ),
    "a field of a command is gone": (
        lambda d: of("ChatMessageCommand")(d)["properties"].pop("parentId"),
        "ChatMessageCommand.parentId: it is gone",
    ),
    "a field that could be left out is asked for": (
        ask_for("ChatMessageCommand", "clientMessageId"),
        "ChatMessageCommand.clientMessageId: it is asked for",
    ),
    "a new field is asked for": (
        lambda d: (
            of("CancelCommand")(d)["properties"].update(why={"type": "string"}),
            of("CancelCommand")(d)["required"].append("why"),
        ),
        "CancelCommand.why: it is asked for",
    ),
    "a word that clients send is not taken": (
        put(field("ChatMessageCommand", "onBusy"), enum=["queue", "reject"]),
        "ChatMessageCommand.onBusy: ['cancel', 'steer'] is not taken any more",
    ),
    "any text was taken and only some words are": (
        put(field("CancelCommand", "turnId"), enum=["t"]),
        "CancelCommand.turnId: only ['t'] is taken",
    ),
    "null is not taken": (
        put(field("ChatMessageCommand", "model"), type="string"),
        "ChatMessageCommand.model: its type was null or string and is string",
    ),
    "another type is taken": (put(field("ReadCommand", "seq"), type="string"), "its type"),
    "less is taken at once": (
        put(field("HistoryCommand", "limit"), maximum=100),
        "`maximum` was 200 and is 100",
    ),
    "a text must look otherwise": (
        put(field("AuthCommand", "token"), pattern="^gw_"),
        "AuthCommand.token: `pattern` was None and is ^gw_",
    ),
    "a nested field of a command is gone": (
        drop(lambda d: of("Options")(d)["properties"], "temperature"),
        "ChatMessageCommand.options.temperature: it is gone",
    ),
    "a field of an event is gone": (
        drop(lambda d: of("TokenEvent")(d)["properties"], "offset"),
        "TokenEvent.offset: it is gone",
    ),
    "a nested field that is sent is gone": (
        drop(lambda d: of("Source")(d)["properties"], "page"),
        ".page: it is gone",
    ),
    "a field of an event may be left out": (
        no_longer_promise("DoneEvent", "contentHash"),
        "DoneEvent.contentHash: it may be left out",
    ),
    "a field of an event may be null": (
        put(field("TokenEvent", "content"), type=["string", "null"]),
        "TokenEvent.content: its type was string and is null or string",
    ),
    "a number may be broken": (
        put(field("TokenEvent", "offset"), type="number"),
        "TokenEvent.offset: its type",
    ),
    "a number may be negative": (drop(field("TokenEvent", "offset"), "minimum"), "`minimum` was 0"),
    "a time may be any text": (drop(field("TokenEvent", "ts"), "format"), "`format` was date-time"),
    "a type has another name": (put(field("TokenEvent", "type"), const="text"), "is ['text']"),
    "any word may come": (drop(field("StatusEvent", "status"), "enum"), "any word may come"),
    "an alternative of what is sent is new": (
        lambda d: field("SnapshotFrame", "turn")(d)["anyOf"].append({"type": "string"}),
        "SnapshotFrame.turn: string fits nothing",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_break_of_the_protocol_is_told(name: str) -> None:
    change, told = BROKEN[name]
    assert any(told in each for each in found(change)), found(change)


def new_event(document: Json) -> None:
    schemas = document["components"]["schemas"]
    schemas["AuroraEvent"] = {"type": "object", "properties": {"type": {"const": "aurora"}}}
    schemas["ConversationEvent"]["oneOf"].append({"$ref": "#/components/schemas/AuroraEvent"})
    document["components"]["messages"]["AuroraEvent"] = {
        "payload": {"$ref": "#/components/schemas/AuroraEvent"}
    }


KEPT: dict[str, Change] = {
    "nothing": lambda _: None,
    "a new event": new_event,
    "a new field of a command": lambda d: of("CancelCommand")(d)["properties"].update(
        why={"type": "string"}
    ),
    "a new field of an event": lambda d: of("TokenEvent")(d)["properties"].update(
        why={"type": "string"}
    ),
    "a new word that clients may send": lambda d: field("PresenceCommand", "state")(d)[
        "enum"
    ].append("busy"),
    "a new word that the server says": lambda d: field("StatusEvent", "status")(d)["enum"].append(
        "dreaming"
    ),
    "more is taken at once": put(field("HistoryCommand", "limit"), maximum=500),
    "a field that was asked for may be left out": lambda d: of("ReadCommand")(d)["required"].remove(
        "seq"
    ),
    "a field is promised": ask_for("AckFrame", "turnId"),
    "a null does not come any more": put(field("SnapshotFrame", "title"), type="string"),
    "other words in a description": put(of("TokenEvent"), description="Text."),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_breaks_nobody_is_let_pass(name: str) -> None:
    assert found(KEPT[name]) == []


def need_a_header(document: Json) -> None:
    asked = {"name": "X-New", "in": "header", "required": True, "schema": {"type": "string"}}
    operation("/me", "get")(document)["parameters"] = [asked]


BROKEN_OVER_HTTP: dict[str, tuple[Change, str]] = {
    "a path is gone": (
        drop(lambda d: d["paths"], "/api/v1/models"),
        "path /api/v1/models is gone",
    ),
    "a method is gone": (
        drop(lambda d: d["paths"]["/api/v1/documents/{id}"], "delete"),
        "/api/v1/documents/{id}: delete is gone",
    ),
    "a parameter is gone": (
        lambda d: operation("/models", "get")(d)["parameters"].clear(),
        "GET /api/v1/models: parameter query language is gone",
    ),
    "a parameter is asked for": (need_a_header, "parameter header X-New is asked for"),
    "a field of a body is asked for": (
        ask_for("NewConversation", "workspaceId"),
        "workspaceId: it is asked for",
    ),
    "a body is asked for": (
        put(operation("/tickets", "post"), requestBody={"required": True, "content": {}}),
        "POST /api/v1/tickets: a body is asked for",
    ),
    "another kind of body is asked for": (
        put(operation("/login", "post"), requestBody={"content": {"text/plain": {}}}),
        "POST /api/v1/login: body of type application/json is gone",
    ),
    "a field of an answer is gone": (
        drop(lambda d: of("Document")(d)["properties"], "searchable"),
        ".searchable: it is gone",
    ),
    "it succeeds with another status": (
        lambda d: operation("/keys", "post")(d)["responses"].pop("201"),
        "POST /api/v1/keys: status 201 is gone",
    ),
    "it asks who one is": (drop(operation("/setup", "get"), "security"), "it asks who one is"),
    "a way to say who one is is gone": (
        drop(lambda d: d["components"]["securitySchemes"], "token"),
        "way to say who one is token is gone",
    ),
}


@pytest.mark.parametrize("name", BROKEN_OVER_HTTP)
def test_a_break_of_a_route_is_told(name: str) -> None:
    change, told = BROKEN_OVER_HTTP[name]
    assert any(told in each for each in found(change, OPENAPI)), found(change, OPENAPI)


KEPT_OVER_HTTP: dict[str, Change] = {
    "nothing": lambda _: None,
    "a new route": lambda d: d["paths"].update({"/api/v1/new": {"get": {"responses": {}}}}),
    "a new error": lambda d: operation("/me", "get")(d)["responses"].update({"418": {}}),
    "an error is gone": lambda d: operation("/me", "get")(d)["responses"].pop("401"),
    "a new field of an answer": lambda d: of("Document")(d)["properties"].update(
        pageCount={"type": "integer"}
    ),
}


@pytest.mark.parametrize("name", KEPT_OVER_HTTP)
def test_a_route_that_says_more_is_let_pass(name: str) -> None:
    assert found(KEPT_OVER_HTTP[name], OPENAPI) == []


def test_a_list_that_took_anything_and_takes_nothing_else_is_told() -> None:
    change = put(of("CancelCommand"), additionalProperties=False)
    assert found(change) == ["CancelCommand{}: other rules"]
