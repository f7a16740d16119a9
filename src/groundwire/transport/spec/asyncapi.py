"""The AsyncAPI 3.0 document: the socket, the streams, and every message on them.

It is written from the server's side, as AsyncAPI wants it: the server receives commands and
sends frames and events.
"""

from collections.abc import Iterable, Mapping

from groundwire.transport.frames import PROTOCOL
from groundwire.transport.spec.meanings import Meaning, describe
from groundwire.transport.spec.messages import (
    ANSWERS,
    COMMANDS,
    CONVERSATION_EVENTS,
    FRAMES,
    MESSAGES,
    OF_CONNECTION,
    OF_CONVERSATION,
    WORKSPACE_EVENTS,
    Message,
    names,
    schema_name,
)
from groundwire.transport.spec.schemas import REF, Schema, wire_schemas

VERSION = PROTOCOL.rpartition(".v")[2]
LICENSE = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
STREAMED: dict[str, list[Message]] = {
    "conversation": [
        *(frame for frame in FRAMES if frame.tag in OF_CONNECTION | OF_CONVERSATION),
        *CONVERSATION_EVENTS,
    ],
    "workspace": [*(frame for frame in FRAMES if frame.tag in OF_CONNECTION), *WORKSPACE_EVENTS],
}
CURSOR: Schema = {"type": "string", "description": "Where to go on from: `epoch:seq`, or `0`."}
DEVICE: Schema = {
    "type": "string",
    "description": "When the same device connects again, this connection is closed.",
}
_TOKEN: Schema = {"type": "string", "description": "An API key, or the token of a session."}
_QUERY: dict[str, Schema] = {
    "sessionId": {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "description": "Attach to this conversation at once.",
    },
    "cursor": CURSOR,
    "token": _TOKEN,
    "ticket": {"type": "string", "description": "Opens one connection within 30 s."},
    "auth": {"const": "frame", "description": "The first frame will be `auth`."},
    "deviceId": DEVICE,
    "format": {"const": "text", "description": "Send the answer's text alone, as text frames."},
}


def asyncapi(meanings: Mapping[str, Meaning]) -> Schema:
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:groundwire:protocol:{PROTOCOL}",
        "info": {
            "title": "Groundwire conversation protocol",
            "version": VERSION,
            "description": "One append-only log per conversation, read from a cursor. "
            "PROTOCOL.md beside this document says what is promised and how a client folds.",
            "license": LICENSE,
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {
            "socket": _socket(),
            "conversation": _stream("conversation", "sessionId"),
            "workspace": _stream("workspace", "id"),
        },
        "operations": _operations(),
        "components": {
            "messages": {message.name: _message(message, meanings) for message in MESSAGES},
            "schemas": describe(wire_schemas(), meanings),
            "securitySchemes": SECURITY,
        },
    }


SECURITY: dict[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": _TOKEN["description"]},
    "token": {"type": "httpApiKey", "in": "query", "name": "token"},
    "ticket": {
        "type": "httpApiKey",
        "in": "query",
        "name": "ticket",
        "description": _QUERY["ticket"]["description"],
    },
    "cookie": {
        "type": "httpApiKey",
        "in": "cookie",
        "name": "groundwire",
        "description": "Set by signing in.",
    },
}


def _servers() -> Schema:
    security = [{"$ref": f"#/components/securitySchemes/{name}"} for name in SECURITY]
    return {
        "local": {
            "host": "127.0.0.1:3001",
            "protocol": "ws",
            "description": "As `groundwire serve` starts it.",
            "security": security,
        },
        "installed": {
            "host": "{host}",
            "protocol": "wss",
            "variables": {"host": {"description": "Where your installation is."}},
            "security": security,
        },
    }


def _socket() -> Schema:
    return {
        "address": "/api/v1/chat/stream",
        "title": "The WebSocket",
        "description": "Also at `/ws/chat`, `/ws/conversation` and `/socket`. "
        f"The sub-protocol `{PROTOCOL}` is optional.",
        "messages": _refs("#/components/messages/", names(MESSAGES)),
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {"type": "object", "properties": _QUERY},
                "bindingVersion": "0.1.0",
            }
        },
    }


def _stream(of: str, name: str) -> Schema:
    return {
        "address": f"/api/v1/{of}s/{{{name}}}/events",
        "title": f"Server-sent events of a {of}",
        "description": "`id` is the cursor, `event` the type, `data` the message. "
        "`Last-Event-ID` or `?cursor=` says where to go on from.",
        "parameters": {name: {"description": f"The {of}."}},
        "messages": _refs("#/components/messages/", names(STREAMED[of])),
    }


def _operations() -> Schema:
    operations: Schema = {
        _camel(command.tag): {
            "action": "receive",
            "channel": {"$ref": "#/channels/socket"},
            "messages": [_on("socket", command.name)],
            "reply": {
                "channel": {"$ref": "#/channels/socket"},
                "messages": [_on("socket", name) for name in (*ANSWERS[command.tag], "ErrorFrame")],
            },
        }
        for command in COMMANDS
    }
    operations["speak"] = _sends("socket", [*FRAMES, *CONVERSATION_EVENTS, *WORKSPACE_EVENTS])
    for channel, messages in STREAMED.items():
        query = {"type": "object", "properties": {"cursor": CURSOR, "deviceId": DEVICE}}
        operations[_camel(f"stream_{channel}")] = _sends(channel, messages) | {
            "bindings": {"http": {"method": "GET", "query": query, "bindingVersion": "0.3.0"}}
        }
    return operations


def _sends(channel: str, messages: Iterable[Message]) -> Schema:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [_on(channel, name) for name in names(messages)],
    }


def _message(message: Message, meanings: Mapping[str, Meaning]) -> Schema:
    meaning = meanings[message.name]
    known: Schema = {}
    if message.group == "Command":
        known["correlationId"] = {"location": "$message.payload#/id"}
    elif message.group == "Frame":
        known["correlationId"] = {"location": "$message.payload#/ref"}
    return {
        "name": message.tag,
        "title": message.tag,
        "summary": meaning.summary,
        **known,
        "payload": {"$ref": REF + message.name},
        "examples": [{"payload": example} for example in meaning.examples],
    }


def _refs(where: str, found: Iterable[str]) -> Schema:
    return {name: {"$ref": where + name} for name in found}


def _on(channel: str, name: str) -> Schema:
    return {"$ref": f"#/channels/{channel}/messages/{name}"}


def _camel(tag: str) -> str:
    name = schema_name(tag, "")
    return name[:1].lower() + name[1:]
