"""What `spec/PROTOCOL.md` says of each schema: its words go into the documents.

A section under one of the headings below is about one schema. It says in its first paragraph
what that is, in a table what each field is, and in a block of JSON what one looks like. A table
before the first section is about fields that all of them may have.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from groundwire.transport.spec.messages import schema_name
from groundwire.transport.spec.schemas import REF, Schema

SUFFIXES = {
    "Commands": "Command",
    "Frames": "Frame",
    "Events of a conversation": "Event",
    "Events of a workspace": "Event",
    "Shapes": "",
}
_ROW = re.compile(r"^\| `(\w+)(\??)` \| (.+?) \| (.*?) *\|$", re.MULTILINE)
_EXAMPLE = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Field:
    type: str
    meaning: str
    is_optional: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    """``shared`` are the fields of the heading it stands under."""

    summary: str
    fields: dict[str, Field]
    shared: dict[str, Field] = field(default_factory=dict[str, Field])
    examples: tuple[Schema, ...] = ()


def read_meanings(text: str) -> dict[str, Meaning]:
    """Return what the text says, by the name of the schema."""
    found: dict[str, Meaning] = {}
    for chapter in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, rest = chapter.partition("\n")
        suffix = SUFFIXES.get(heading.lstrip("0123456789. "))
        if suffix is None:
            continue
        introduction, *sections = re.split(r"^### ", rest, flags=re.MULTILINE)
        shared = _fields(introduction)
        for section in sections:
            name, _, body = section.partition("\n")
            found[schema_name(name.strip("` "), suffix)] = Meaning(
                summary=_summary(body),
                fields=_fields(body),
                shared=shared,
                examples=tuple(json.loads(example) for example in _EXAMPLE.findall(body)),
            )
    return found


def describe(schemas: Mapping[str, Schema], meanings: Mapping[str, Meaning]) -> dict[str, Schema]:
    """Return the schemas with the text's words in them, instead of the code's."""
    return {
        name: _described(schema, meanings[name]) if name in meanings else schema
        for name, schema in schemas.items()
    }


def _described(schema: Schema, meaning: Meaning) -> Schema:
    words = meaning.shared | meaning.fields
    properties = {
        field: _with_words(value, words.get(field)) for field, value in schema["properties"].items()
    }
    return {**schema, "description": meaning.summary, "properties": properties}


def type_text(schema: Schema) -> str:
    """Return a field's type as the text and the page write it."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REF)
    if words := _words(schema):
        return " or ".join(f"`{json.dumps(word)}`" for word in words)
    if options := _options(schema):
        return " or ".join(type_text(option) for option in options)
    return _simple(schema)


def _words(schema: Schema) -> list[object]:
    return [schema["const"]] if "const" in schema else schema.get("enum", [])


def _options(schema: Schema) -> list[Schema]:
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": type} for type in schema["type"]]
    return schema.get("anyOf", [])


def _simple(schema: Schema) -> str:
    match schema.get("type"):
        case "array":
            return f"list of {type_text(schema.get('items', {}))}"
        case "object" if "type" in schema.get("additionalProperties", {}):
            return f"object of {schema['additionalProperties']['type']}"
        case "string" if schema.get("format") == "date-time":
            return "time"
        case "integer" | "number" as type:
            return type + _range(schema)
        case type:
            return str(type or "anything")


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" {low}…{high}"
    return "" if low is None else f" ≥ {low}"


def _summary(body: str) -> str:
    return " ".join(plain(body.strip().partition("\n\n")[0]).split())


def _fields(body: str) -> dict[str, Field]:
    return {
        name: Field(plain(type), plain(meaning), is_optional=bool(optional))
        for name, optional, type, meaning in _ROW.findall(body)
    }


def _with_words(schema: Schema, words: Field | None) -> Schema:
    if words is None or not words.meaning:
        return schema
    return {"description": words.meaning, **schema}


def plain(text: str) -> str:
    """Return the text without its links."""
    return _LINK.sub(r"\1", text)
