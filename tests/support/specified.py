"""What the tests hold against the documents: see `groundwire.conformance.specified`."""

import json
import re
from collections.abc import Iterator

import httpx

from groundwire.conformance.cases import spec_folder
from groundwire.conformance.specified import (
    Json,
    NotSpecified,
    check,
    check_received,
    document,
    messages,
    validator,
)

__all__ = [
    "SPEC",
    "NotSpecified",
    "check_answer",
    "check_as",
    "check_received",
    "document",
    "examples",
    "may_be_sent",
]

SPEC = spec_folder()


def may_be_sent(frame: Json) -> bool:
    """Whether a command is as it should be; one that is not, the server has to refuse."""
    command = messages("command").get(str(frame.get("type")))
    return command is not None and validator("asyncapi.json", command).is_valid(frame)


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
        check("openapi.json", ref.split("/")[-1], json.loads(await response.aread()))


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
    check("asyncapi.json", schema, value)
