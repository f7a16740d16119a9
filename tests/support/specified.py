"""What the committed documents say of all that is sent and received, as strictly as they can.

A client has to pass over fields that it does not know; here one that no document names is an
error, so that nothing is sent which is not written down.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator, ValidationError

SPEC = Path(__file__).parents[2] / "spec"
Json = dict[str, Any]


class NotSpecified(AssertionError):
    """Something was sent that the specification does not know."""


@cache
def document(name: str) -> Json:
    return json.loads((SPEC / name).read_text("utf-8"))


def may_be_sent(frame: Json) -> bool:
    """Whether a command is as it should be; one that is not, the server has to refuse."""
    command = _messages("command").get(str(frame.get("type")))
    return command is not None and _validator("asyncapi.json", command).is_valid(frame)


def check_received(frame: Json) -> None:
    """Assert that the server may say this."""
    kind = str(frame.get("type"))
    event = _messages("event").get(kind) if "seq" in frame else None
    message = event or _messages("frame").get(kind)
    if message is None:
        raise NotSpecified(f"nothing has this type: {frame}")
    _check("asyncapi.json", message, frame)


async def check_answer(response: httpx.Response) -> None:
    """Assert that a route that there is may answer like this."""
    request = response.request
    operation = _operation(request.method.lower(), request.url.path)
    if operation is None or response.headers.get("content-type", "").startswith("text/event"):
        return
    told = operation["responses"].get(str(response.status_code))
    if told is None:
        raise NotSpecified(f"{request.method} {request.url.path}: {response.status_code}")
    if "$ref" in told:
        told = document("openapi.json")["components"]["responses"][told["$ref"].split("/")[-1]]
    content = told.get("content", {})
    type = response.headers.get("content-type", "").partition(";")[0]
    if content and not content.keys() & {type, "application/octet-stream"}:
        raise NotSpecified(f"{request.method} {request.url.path}: {type}")
    if ref := content.get(type, {}).get("schema", {}).get("$ref"):
        _check("openapi.json", ref.split("/")[-1], json.loads(await response.aread()))


@cache
def _messages(kind: str) -> dict[str, str]:
    """Return the names of the schemas of the commands, frames or events by their types."""
    schemas = document("asyncapi.json")["components"]["schemas"]
    unions = {
        "command": ["Command"],
        "frame": ["Frame"],
        "event": ["ConversationEvent", "WorkspaceEvent"],
    }
    names = [
        option["$ref"].split("/")[-1]
        for union in unions[kind]
        for option in schemas[union]["oneOf"]
    ]
    return {schemas[name]["properties"]["type"]["const"]: name for name in names}


def _check(name: str, schema: str, value: Json) -> None:
    try:
        _validator(name, schema).validate(value)
    except ValidationError as error:
        place = "/".join(map(str, error.instance_path))
        raise NotSpecified(f"{schema}/{place}: {error.message}: {json.dumps(value)}") from error


@cache
def _validator(name: str, schema: str) -> Draft202012Validator:
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


def _operation(method: str, path: str) -> Json | None:
    for template, methods in document("openapi.json")["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            return methods.get(method)
    return None


def examples() -> Iterator[tuple[str, Json]]:
    """Yield every example of the documents with the name of its schema."""
    for name, message in document("asyncapi.json")["components"]["messages"].items():
        for example in message["examples"]:
            yield name, example["payload"]


def check_as(schema: str, value: Json) -> None:
    """Assert that ``value`` is what the protocol calls ``schema``."""
    _check("asyncapi.json", schema, value)
