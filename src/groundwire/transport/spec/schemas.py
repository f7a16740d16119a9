"""JSON Schemas of the types: what msgspec tells of them, and what only the protocol knows.

JSON Schema 2020-12, in words that draft 7 reads the same way: AsyncAPI 3.0 knows the older
one, OpenAPI 3.1 the newer. A client's message may be read by these schemas as strictly as the
server reads it; of the server's, they say what is always there.
"""

import copy
import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from groundwire.transport.spec.messages import (
    COMMANDS,
    CONVERSATION_EVENTS,
    FRAMES,
    MESSAGES,
    WORKSPACE_EVENTS,
    Message,
    names,
)

Schema = dict[str, Any]
REF = "#/components/schemas/"
_ANYTHING = {"x-anything": True}

_INSTANT: Schema = {"format": "date-time"}
_COUNT: Schema = {"minimum": 0}
_FROM_1: Schema = {"minimum": 1}
_NOT_BLANK: Schema = {"pattern": "\\S"}
_NAME: Schema = {**_NOT_BLANK, "maxLength": 120}
_SHARE: Schema = {"minimum": 0, "maximum": 1}
# What a field of this name, or of this name in this schema, is beyond its type.
KNOWN: dict[str, Schema] = {
    **dict.fromkeys(("ts", "expiresAt", "createdAt", "updatedAt", "syncedAt", "nextAt"), _INSTANT),
    **dict.fromkeys(("datedAt", "since", "until"), _INSTANT),
    **dict.fromkeys(("n", "page", "messageSeq", "step"), _FROM_1),
    **dict.fromkeys(("asOf", "head", "offset", "reasoningOffset", "toOffset"), _COUNT),
    **dict.fromkeys(("toReasoning", "start", "end", "done", "total", "chunks"), _COUNT),
    **dict.fromkeys(("pages", "embedded", "sizeBytes", "windowTokens"), _COUNT),
    **dict.fromkeys(("promptTokens", "completionTokens", "firstTokenMs", "totalMs"), _COUNT),
    **dict.fromkeys(("heartbeatMs", "idleTimeoutMs", "delayMs", "retryAfterMs"), _COUNT),
    **dict.fromkeys(
        (f"BatchProgressEvent.{name}" for name in ("ready", "failed", "paused")), _COUNT
    ),
    **dict.fromkeys(("score", "relevance"), _SHARE),
    "sessionId": {"minLength": 1, "maxLength": 200},
    "epoch": {"pattern": "^[A-Za-z0-9_-]+$"},
    "contentHash": {"pattern": "^[0-9a-f]{64}$"},
    "code": {"pattern": "^[a-z_]+$"},
    "SnapshotFrame.cursor": {"pattern": "^[A-Za-z0-9_-]+:[0-9]+$"},
    "HistoryFrame.events": {"items": {"$ref": REF + "ConversationEvent"}},
    "Page.events": {
        "items": {"anyOf": [{"$ref": REF + "ConversationEvent"}, {"$ref": REF + "WorkspaceEvent"}]}
    },
    "ReadFrame.upTo": _COUNT,
    "SearchFor.limit": {"minimum": 1, "maximum": 50},
    "SetUp.password": {"minLength": 8},
    **dict.fromkeys(
        (
            f"{kind}{what}.name"
            for kind in ("New", "Change")
            for what in ("Workspace", "Collection")
        ),
        _NAME,
    ),
    **dict.fromkeys(("NewKey.name", "SetUp.name", "Rename.title", "SearchFor.query"), _NOT_BLANK),
    **dict.fromkeys(
        (f"{name}Command.content" for name in ("ChatMessage", "Edit", "Steer")), _NOT_BLANK
    ),
}
# What commands and requests are made of.
GIVEN = {"Options", "AskedFilter"}
_STRING_WORDS = {"format", "pattern", "minLength", "maxLength"}
_ENVELOPE: Schema = {
    "seq": {"type": "integer", "minimum": 1},
    "ts": {"type": "string", "format": "date-time"},
}
_COVERS: Schema = {
    "type": "array",
    "items": {"type": "integer", "minimum": 1},
    "minItems": 2,
    "maxItems": 2,
}


def wire_schemas() -> dict[str, Schema]:
    """Return the schemas of all messages and of what they are made of, by name."""
    made = _made_of([message.struct for message in MESSAGES])
    commands = {message.struct for message in COMMANDS}
    schemas: dict[str, Schema] = {}
    for message in MESSAGES:
        schema = _adapt(message.name, message.struct, made, is_sent=message.struct not in commands)
        schemas[message.name] = _enveloped(message, schema)
    schemas |= _unions()
    while missing := _referred(schemas.values()) - schemas.keys():
        for name in sorted(missing):
            struct = made[name][0]
            schemas[name] = _adapt(name, struct, made, is_sent=name not in GIVEN)
    return schemas


def body_schemas(
    requests: Iterable[type[msgspec.Struct]], answers: Iterable[type[msgspec.Struct]]
) -> dict[str, Schema]:
    """Return the schemas of bodies over HTTP, and of what they are made of, by class name."""
    requests, answers = list(requests), list(answers)
    made = _made_of([*requests, *answers])
    sent = {kind.__name__ for kind in requests} | GIVEN
    return {
        name: _adapt(name, struct, made, is_sent=name not in sent)
        for name, (struct, _) in made.items()
    }


def parts(schema: object) -> Iterator[Schema]:
    """Yield every object in ``schema``, itself first."""
    if isinstance(schema, dict):
        found: Schema = schema  # pyright: ignore[reportUnknownVariableType]
        yield found
        for value in found.values():
            yield from parts(value)
    elif isinstance(schema, list):
        values: list[object] = schema  # pyright: ignore[reportUnknownVariableType]
        for value in values:
            yield from parts(value)


Made = Mapping[str, tuple[type[msgspec.Struct], Schema]]


def _made_of(structs: Iterable[type[msgspec.Struct]]) -> Made:
    """Return the structs and those that they are made of, by name, as msgspec tells of them."""
    wanted = list(dict.fromkeys(structs))
    _, components = msgspec.json.schema_components(
        wanted, schema_hook=lambda _: _ANYTHING, ref_template=REF + "{name}"
    )
    found = {kind.__name__: kind for kind in _reached(wanted)}
    return {name: (found[name], schema) for name, schema in components.items()}


def _reached(structs: Iterable[type[msgspec.Struct]]) -> Iterator[type[msgspec.Struct]]:
    """Yield the structs and those in their fields, each once."""
    seen: set[type[msgspec.Struct]] = set()
    waiting: list[object] = list(msgspec.inspect.multi_type_info(structs))
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType):
            if info.cls in seen:
                continue
            seen.add(info.cls)
            yield info.cls
        waiting += _inside(info)


def _inside(info: object) -> list[object]:
    match info:
        case msgspec.inspect.StructType():
            return [field.type for field in info.fields]
        case msgspec.inspect.UnionType():
            return list(info.types)
        case msgspec.inspect.CollectionType():
            return [info.item_type]
        case msgspec.inspect.DictType():
            return [info.value_type]
        case msgspec.inspect.Metadata():
            return [info.type]
        case _:
            return []


def _adapt(name: str, struct: type[msgspec.Struct], made: Made, *, is_sent: bool) -> Schema:
    """Return the schema of ``struct``; ``is_sent``: by the server."""
    raw = copy.deepcopy(made[struct.__name__][1])
    properties: dict[str, Schema] = raw["properties"]
    required: list[str] = raw["required"]
    for field, schema in properties.items():
        default = schema.pop("default", None)
        if is_sent and field not in required and not struct.__struct_config__.omit_defaults:
            required.append(field)
        elif default is not None:
            schema["default"] = default
        elif is_sent and field not in required:
            _drop_null(schema)
        properties[field] = _refined(name, field, schema)
    adapted: Schema = {"type": "object", "properties": properties, "required": required}
    if struct.__struct_config__.forbid_unknown_fields:
        adapted["additionalProperties"] = False
    if struct.__doc__ and "description" in raw:
        adapted["description"] = inspect.cleandoc(struct.__doc__).replace("``", "`")
    if struct.__struct_config__.tag is not None:
        properties["type"] = {"const": struct.__struct_config__.tag}
    return adapted


def _drop_null(schema: Schema) -> None:
    """What is none is left out by the server."""
    options = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(options) == 1:
        del schema["anyOf"]
        schema.update(options[0])
    elif options:
        schema["anyOf"] = options


def _refined(name: str, field: str, schema: Schema) -> Schema:
    for each in parts(schema):
        each.pop("x-anything", None)
        options: list[Schema] = each.get("anyOf", [])
        if options and all(option.keys() == {"type"} for option in options):
            del each["anyOf"]
            each["type"] = [option["type"] for option in options]
    known = KNOWN.get(f"{name}.{field}", KNOWN.get(field, {}))
    for option in schema.get("anyOf", [schema]):
        kinds = option.get("type", ())
        kinds = {kinds} if isinstance(kinds, str) else set(kinds)
        for word, value in known.items():
            if kinds & _kinds_of(word) and not option.get(word):
                option[word] = value
    return schema


def _kinds_of(word: str) -> set[str]:
    """Return the types of which this word of JSON Schema says something."""
    if word in _STRING_WORDS:
        return {"string"}
    return {"array"} if word == "items" else {"integer", "number"}


def _enveloped(message: Message, schema: Schema) -> Schema:
    """Add what the log adds to an event when it stores it."""
    if not message.group.endswith("Event"):
        return schema
    of = "sessionId" if message.group == "ConversationEvent" else "workspaceId"
    log: Schema = {of: {"type": "string", **KNOWN.get(of, {})}}
    schema["properties"] |= log | copy.deepcopy(_ENVELOPE)
    schema["required"] += [of, *_ENVELOPE]
    if message.tag in ("token", "reasoning"):
        schema["properties"]["covers"] = _COVERS
    return schema


def _unions() -> dict[str, Schema]:
    groups = {
        "Command": COMMANDS,
        "Frame": FRAMES,
        "ConversationEvent": CONVERSATION_EVENTS,
        "WorkspaceEvent": WORKSPACE_EVENTS,
    }
    return {
        name: {"oneOf": [{"$ref": REF + each} for each in names(messages)]}
        for name, messages in groups.items()
    }


def _referred(schemas: Iterable[Schema]) -> set[str]:
    found = (part.get("$ref") for schema in schemas for part in parts(schema))
    return {ref.removeprefix(REF) for ref in found if isinstance(ref, str)}
