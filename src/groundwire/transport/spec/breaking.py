"""What an older client would break on, between two versions of the documents.

Of what a client sends, everything that was accepted must be accepted still. Of what it is sent,
everything that it could rely on must be so still. Words are not compared.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Schema = Mapping[str, Any]
Sender = Literal["client", "server"]

_NUMBERS = {"integer": {"integer"}, "number": {"integer", "number"}}
_NOTHING: Schema = {}


def breaking_in_asyncapi(old: Schema, new: Schema) -> list[str]:
    """Return what is broken, a sentence each; nothing if a client of ``old`` goes on working."""
    schemas = _Schemas(old, new)
    found = list(_missing("channel", old["channels"], new["channels"]))
    for name, was, now in _both(old["channels"], new["channels"]):
        where = f"channel {name}"
        if was["address"] != now["address"]:
            found.append(f"{where}: its address is another")
        found += _missing(f"{where}: message", was["messages"], now["messages"])
        query = [_query(channel) for channel in (was, now)]
        found += schemas.compare(query[0], query[1], "client", f"{where}: query")
    found += _missing("operation", old["operations"], new["operations"])
    for name, was, now in _both(old["operations"], new["operations"]):
        if was["action"] != now["action"]:
            found.append(f"operation {name}: it goes the other way")
        found += _missing(f"operation {name}: answer", _answers(was), _answers(now))
    found += _messages(old, new, schemas)
    return found


def breaking_in_openapi(old: Schema, new: Schema) -> list[str]:
    """Return what is broken, a sentence each."""
    schemas = _Schemas(old, new)
    found = list(_missing("path", old["paths"], new["paths"]))
    for path, was, now in _both(old["paths"], new["paths"]):
        found += _missing(f"{path}:", was, now)
        for method, before, after in _both(was, now):
            where = f"{method.upper()} {path}"
            found += _operation(before, after, schemas, where)
            is_open = [operation.get("security") == [] for operation in (before, after)]
            if is_open == [True, False]:
                found.append(f"{where}: it asks who one is")
    ways = [document["components"]["securitySchemes"] for document in (old, new)]
    return [*found, *_missing("way to say who one is", ways[0], ways[1])]


def _messages(old: Schema, new: Schema, schemas: "_Schemas") -> Iterator[str]:
    messages = [document["components"]["messages"] for document in (old, new)]
    commands = {
        ref["$ref"].rpartition("/")[2]
        for operation in old["operations"].values()
        if operation["action"] == "receive"
        for ref in operation["messages"]
    }
    yield from _missing("message", messages[0], messages[1])
    for name, was, now in _both(messages[0], messages[1]):
        sender: Sender = "client" if name in commands else "server"
        yield from schemas.compare(was["payload"], now["payload"], sender, name)


def _answers(operation: Schema) -> Schema:
    refs = operation.get("reply", _NOTHING).get("messages", ())
    return {ref["$ref"].rpartition("/")[2]: ref for ref in refs}


def _query(channel: Schema) -> Schema:
    return channel.get("bindings", {}).get("ws", {}).get("query", {"type": "object"})


def _operation(was: Schema, now: Schema, schemas: "_Schemas", where: str) -> Iterator[str]:
    before, after = _parameters(was), _parameters(now)
    yield from _missing(f"{where}: parameter", before, after)
    for name in after:
        if after[name].get("required") and not before.get(name, _NOTHING).get("required"):
            yield f"{where}: parameter {name} is asked for"
    for name, old, new in _both(before, after):
        yield from schemas.compare(
            old["schema"], new["schema"], "client", f"{where}: parameter {name}"
        )
    if now.get("requestBody", _NOTHING).get("required") and "requestBody" not in was:
        yield f"{where}: a body is asked for"
    yield from _content(
        was.get("requestBody", _NOTHING), now.get("requestBody", _NOTHING), schemas, "client", where
    )
    succeeded = {status: body for status, body in was["responses"].items() if status < "4"}
    yield from _missing(f"{where}: status", succeeded, now["responses"])
    for status, old, new in _both(succeeded, now["responses"]):
        yield from _content(old, new, schemas, "server", f"{where}: {status}")


def _content(
    was: Schema, now: Schema, schemas: "_Schemas", sender: Sender, where: str
) -> Iterator[str]:
    old, new = was.get("content", _NOTHING), now.get("content", _NOTHING)
    yield from _missing(f"{where}: body of type", old, new)
    for type, before, after in _both(old, new):
        yield from schemas.compare(
            before.get("schema", _NOTHING), after.get("schema", _NOTHING), sender, f"{where} {type}"
        )


def _parameters(operation: Schema) -> dict[str, Schema]:
    return {f"{each['in']} {each['name']}": each for each in operation.get("parameters", ())}


def _missing(what: str, old: Schema, new: Schema) -> Iterator[str]:
    return (f"{what} {name} is gone" for name in old if name not in new)


def _both(old: Schema, new: Schema) -> Iterator[tuple[str, Any, Any]]:
    return ((name, old[name], new[name]) for name in old if name in new)


@dataclass(slots=True)
class _Schemas:
    """Compares schemas, each pair of names once."""

    old: Schema
    new: Schema
    _seen: set[tuple[str, str, Sender]] = field(default_factory=set[tuple[str, str, Sender]])

    def compare(self, old: Schema, new: Schema, sender: Sender, where: str) -> list[str]:
        names = (str(old.get("$ref", "")), str(new.get("$ref", "")), sender)
        if any(names[:2]):
            if names in self._seen:
                return []
            self._seen.add(names)
        was, now = _resolved(self.old, old), _resolved(self.new, new)
        if _alternatives(was) or _alternatives(now):
            return self._alternatives(was, now, sender, where)
        return [
            f"{where}: {problem}"
            for check in (_types, _values, _limits)
            for problem in check(was, now, sender)
        ] + [*self._fields(was, now, sender, where), *self._items(was, now, sender, where)]

    def _fields(self, was: Schema, now: Schema, sender: Sender, where: str) -> Iterator[str]:
        old, new = was.get("properties", _NOTHING), now.get("properties", _NOTHING)
        for name in old:
            if name not in new:
                yield f"{where}.{name}: it is gone"
            else:
                yield from self.compare(old[name], new[name], sender, f"{where}.{name}")
        before, after = set(was.get("required", ())), set(now.get("required", ()))
        if sender == "client":
            for name in sorted(after - before):
                yield f"{where}.{name}: it is asked for"
        else:
            for name in sorted((before - after) & set(new)):
                yield f"{where}.{name}: it may be left out"

    def _items(self, was: Schema, now: Schema, sender: Sender, where: str) -> Iterator[str]:
        for word, mark in (("items", "[]"), ("additionalProperties", "{}")):
            old, new = was.get(word, True), now.get(word, True)
            if isinstance(old, Mapping) and isinstance(new, Mapping):
                yield from self.compare(old, new, sender, where + mark)  # pyright: ignore[reportUnknownArgumentType]
            elif (old if sender == "server" else new) is False and old != new:
                yield f"{where}{mark}: other rules"

    def _alternatives(self, was: Schema, now: Schema, sender: Sender, where: str) -> list[str]:
        """Everything that could be sent must fit one of what is taken now.

        Where the server chooses by ``type`` it may choose from more than before.
        """
        old, new = _alternatives(was) or [was], _alternatives(now) or [now]
        is_old_first = sender == "client" or "oneOf" in was
        ones, others = (old, new) if is_old_first else (new, old)
        lost: list[str] = []
        for one in ones:
            pairs = ((one, other) if is_old_first else (other, one) for other in others)
            if all(self._apart().compare(*pair, sender, "") for pair in pairs):
                lost.append(f"{where}: {_short(one)} fits nothing")
        return lost

    def _apart(self) -> "_Schemas":
        """What does not fit here may fit elsewhere: it is not remembered as seen."""
        return _Schemas(self.old, self.new, set(self._seen))


def _alternatives(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", ()), *schema.get("oneOf", ())]


def _types(was: Schema, now: Schema, sender: Sender) -> Iterator[str]:
    old, new = _types_of(was), _types_of(now)
    sent, taken = (old, new) if sender == "client" else (new, old)
    if taken is not None and (sent is None or not sent <= taken):
        yield f"its type was {_told(old)} and is {_told(new)}"


def _types_of(schema: Schema) -> set[str] | None:
    """Return the types that fit; ``None`` for any."""
    if "type" not in schema:
        return None
    types: list[str] | str = schema["type"]
    names = [types] if isinstance(types, str) else types
    return {fit for name in names for fit in _NUMBERS.get(name, {name})}


def _values(was: Schema, now: Schema, sender: Sender) -> Iterator[str]:
    """A client copes with new words of the server; the server must with old ones of a client."""
    old, new = _values_of(was), _values_of(now)
    if "const" in was and sender == "server" and old != new:
        yield f"it was {old} and is {new}"
    elif sender == "client" and new is not None:
        if old is None:
            yield f"only {new} is taken"
        elif gone := [value for value in old if value not in new]:
            yield f"{gone} is not taken any more"
    elif sender == "server" and old is not None and new is None:
        yield "any word may come"


def _values_of(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _limits(was: Schema, now: Schema, sender: Sender) -> Iterator[str]:
    sent, taken = (was, now) if sender == "client" else (now, was)
    for word, is_within in _LIMITS.items():
        if word in taken and (word not in sent or not is_within(sent[word], taken[word])):
            yield f"`{word}` was {was.get(word)} and is {now.get(word)}"


_LIMITS: dict[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(("minimum", "minLength", "minItems"), lambda sent, taken: sent >= taken),
    **dict.fromkeys(("maximum", "maxLength", "maxItems"), lambda sent, taken: sent <= taken),
    **dict.fromkeys(("pattern", "format"), lambda sent, taken: sent == taken),
}


def _resolved(document: Schema, schema: Schema) -> Schema:
    while (ref := schema.get("$ref")) is not None:
        found: Any = document
        for step in str(ref).removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def _short(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2] or _told(_types_of(schema))


def _told(types: set[str] | None) -> str:
    return "anything" if types is None else " or ".join(sorted(types))
