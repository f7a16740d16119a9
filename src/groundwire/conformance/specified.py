"""What the written documents say of all that is sent and received, as strictly as they can.

A client has to pass over fields that it does not know; here one that no document names is an
error, so that nothing is sent which is not written down.
"""

import json
from functools import cache
from typing import Any, Literal, Protocol

from groundwire.conformance.cases import spec_folder
from groundwire.conformance.seen import NotInstalled

Json = dict[str, Any]
Kind = Literal["command", "frame", "event"]

_UNIONS: dict[Kind, tuple[str, ...]] = {
    "command": ("Command",),
    "frame": ("Frame",),
    "event": ("ConversationEvent", "WorkspaceEvent"),
}


class NotSpecified(AssertionError):
    """Something was sent that the specification does not know."""


class Validator(Protocol):
    def is_valid(self, instance: Any) -> bool: ...

    def iter_errors(self, instance: Any) -> Any: ...


@cache
def document(name: str) -> Json:
    return json.loads((spec_folder() / name).read_text("utf-8"))


def check_received(frame: Json) -> None:
    """Raise ``NotSpecified`` unless the server may say this."""
    kind = str(frame.get("type"))
    event = messages("event").get(kind) if "seq" in frame else None
    message = event or messages("frame").get(kind)
    if message is None:
        raise NotSpecified(f"nothing has this type: {frame}")
    check("asyncapi.json", message, frame)


@cache
def messages(kind: Kind) -> dict[str, str]:
    """Return the names of the schemas of the commands, frames or events by their types."""
    schemas = document("asyncapi.json")["components"]["schemas"]
    names = [
        option["$ref"].split("/")[-1]
        for union in _UNIONS[kind]
        for option in schemas[union]["oneOf"]
    ]
    return {schemas[name]["properties"]["type"]["const"]: name for name in names}


def check(name: str, schema: str, value: Json) -> None:
    """Raise ``NotSpecified`` unless ``value`` is as a schema of the document ``name`` says."""
    for error in validator(name, schema).iter_errors(value):
        place = "/".join(map(str, error.instance_path))
        raise NotSpecified(f"{schema}/{place}: {error.message}: {json.dumps(value)}")


@cache
def validator(name: str, schema: str) -> Validator:
    """Return what checks a value against a schema. Raises ``NotInstalled``."""
    try:
        from jsonschema_rs import Draft202012Validator
    except ImportError as error:
        raise NotInstalled("It needs a validator: pip install jsonschema-rs.") from error
    components = {"schemas": _closed(name)}
    whole = {"$ref": f"#/components/schemas/{schema}", "components": components}
    return Draft202012Validator(whole, validate_formats=True)


@cache
def _closed(name: str) -> Json:
    """Return the schemas, which now take no field that they do not name."""
    schemas = document(name)["components"]["schemas"]
    return {
        key: schema | {"additionalProperties": False}
        if "properties" in schema and key != "Problem"
        else schema
        for key, schema in schemas.items()
    }
