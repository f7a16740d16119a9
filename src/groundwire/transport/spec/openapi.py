"""The OpenAPI 3.1 document: every route over HTTP."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from groundwire.model.errors import GroundwireError
from groundwire.transport.bodies import DocumentBody
from groundwire.transport.spec.answers import ProblemBody, RefusedBody
from groundwire.transport.spec.asyncapi import LICENSE, SECURITY, VERSION
from groundwire.transport.spec.meanings import Meaning, describe
from groundwire.transport.spec.messages import ANSWERS, COMMANDS
from groundwire.transport.spec.operation import Operation
from groundwire.transport.spec.routes import FILES, OPERATIONS
from groundwire.transport.spec.schemas import REF, Schema, body_schemas, parts, wire_schemas

TAGS = {
    "documents": "Workspaces and documents",
    "workspaces": "Workspaces and documents",
    "feeds": "Workspaces and documents",
    "collections": "Workspaces and documents",
    "conversations": "Conversations",
    "models": "Conversations",
    "healthz": "This server",
    "readyz": "This server",
    "spec": "This server",
}
ACCOUNTS = "Yourself"
# Commands that belong to a socket, and what only these are answered with.
OF_SOCKET = {"auth", "attach", "detach"}
NOT_POSTED = {"ReadyFrame", "SnapshotFrame"}
# What any operation may meet: a foreign page, somebody unknown, a fault, no room.
EVERYWHERE = ("forbidden", "internal", "overloaded")
_IDENTIFIED = ("unauthorized", "token_expired")
_WITH_BODY = ("bad_json", "invalid_field", "too_large")


def openapi(meanings: Mapping[str, Meaning]) -> Schema:
    paths: dict[str, Schema] = {}
    for route, operation in OPERATIONS.items():
        method, path = route.split()
        paths.setdefault(path, {})[method.lower()] = _operation(path, operation)
    schemas, problems = _schemas(), _problems()
    of_posts = {name.replace("Command", "Post"): meaning for name, meaning in meanings.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Groundwire over HTTP",
            "version": VERSION,
            "summary": "Documents in; grounded, cited answers out.",
            "description": "Asking goes over the conversation protocol: see PROTOCOL.md and "
            "asyncapi.json beside this document.",
            "license": {"name": LICENSE["name"], "identifier": LICENSE["name"]},
        },
        "servers": [{"url": "/", "description": "Where this document was read."}],
        "security": [{name: []} for name in SECURITY],
        "tags": [{"name": name} for name in dict.fromkeys([*TAGS.values(), ACCOUNTS])],
        "paths": paths,
        "components": {
            "schemas": describe(_used([paths, problems], schemas), {**of_posts, **meanings}),
            "responses": problems,
            "securitySchemes": {name: _scheme(scheme) for name, scheme in SECURITY.items()},
        },
    }


def _operation(path: str, operation: Operation) -> Schema:
    found: Schema = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [TAGS.get(_first(path), ACCOUNTS)],
    }
    if operation.is_open:
        found["security"] = []
    if parameters := [*_path_parameters(path), *_parameters(operation)]:
        found["parameters"] = parameters
    if operation.takes is not None:
        found["requestBody"] = {"required": True, "content": _content(operation.takes)}
    found["responses"] = _responses(operation)
    return found


def _first(path: str) -> str:
    return path.removeprefix("/api/v1").split("/")[1]


def _path_parameters(path: str) -> Iterator[Schema]:
    for name in re.findall(r"{(\w+)}", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _parameters(operation: Operation) -> Iterator[Schema]:
    given = [("query", operation.query), ("header", operation.headers)]
    for place, parameters in given:
        for name, schema in parameters.items():
            kept = {word: value for word, value in schema.items() if word != "description"}
            told = {"description": schema["description"]}
            yield {"name": name, "in": place, **told, "schema": kept}


def _content(body: type[msgspec.Struct] | str) -> Schema:
    match body:
        case "multipart/form-data":
            file = {"type": "string", "contentMediaType": "application/octet-stream"}
            files = {"type": "array", "items": file, "minItems": 1}
            schema: Schema = {"type": "object", "properties": {"file": files}, "required": ["file"]}
            return {FILES: {"schema": schema}}
        case str() if "/" in body:
            return {body: {}}
        case str():
            return {"application/json": {"schema": {"$ref": REF + body}}}
        case _:
            return {"application/json": {"schema": {"$ref": REF + _name(body)}}}


def _responses(operation: Operation) -> Schema:
    answer: Schema = {"description": "Done."}
    if operation.answer is not None:
        content = _content(operation.answer)
        for media_type in operation.shown_as:
            content |= _content(media_type)
        answer = {"description": operation.summary, "content": content}
    return {str(operation.status): answer} | {
        str(status): {"$ref": "#/components/responses/" + "-".join(codes)}
        for status, codes in sorted(_errors(operation).items())
    }


def _errors(operation: Operation) -> dict[int, list[str]]:
    codes = [
        *operation.errors,
        *(() if operation.is_open else _IDENTIFIED),
        *(() if operation.takes is None else _WITH_BODY),
        *EVERYWHERE,
    ]
    statuses = {kind.code: kind.status for kind in _kinds(GroundwireError)}
    found: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        found.setdefault(statuses[code], []).append(code)
    return found


def _kinds(kind: type[GroundwireError]) -> Iterator[type[GroundwireError]]:
    for child in kind.__subclasses__():
        yield from _kinds(child)
    yield kind


def _problems() -> Schema:
    """Return the answers of errors, of one status each."""
    content = {"application/problem+json": {"schema": {"$ref": REF + _name(ProblemBody)}}}
    return {
        "-".join(codes): {
            "description": " or ".join(f"`{code}`" for code in codes),
            "content": content,
        }
        for operation in OPERATIONS.values()
        for codes in _errors(operation).values()
    }


def _schemas() -> dict[str, Schema]:
    """Return every schema that a body may be made of."""
    takes = [each.takes for each in OPERATIONS.values() if isinstance(each.takes, type)]
    answers = [each.answer for each in OPERATIONS.values() if isinstance(each.answer, type)]
    bodies = body_schemas(takes, [*answers, DocumentBody, RefusedBody, ProblemBody])
    renamed = {_short(name): schema for name, schema in bodies.items()}
    for part in (part for schema in renamed.values() for part in parts(schema)):
        if isinstance(ref := part.get("$ref"), str):
            part["$ref"] = REF + _short(ref.removeprefix(REF))
    taken = [{"$ref": REF + _name(kind)} for kind in (DocumentBody, RefusedBody)]
    renamed["Taken"]["properties"]["documents"]["items"] = {"anyOf": taken}
    wire = wire_schemas()
    return wire | renamed | _posted(wire)


def _posted(wire: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return what may be posted: a command, whose conversation the path names already."""
    commands = [each.name for each in COMMANDS if each.tag not in OF_SOCKET]
    posted: dict[str, Schema] = {
        name.replace("Command", "Post"): {
            **wire[name],
            "required": [field for field in wire[name]["required"] if field != "sessionId"],
        }
        for name in commands
    }
    answers = {name for command in COMMANDS for name in ANSWERS[command.tag]} - NOT_POSTED
    return posted | {
        "PostedCommand": {"oneOf": [{"$ref": REF + name} for name in posted]},
        "CommandAnswer": {"oneOf": [{"$ref": REF + name} for name in sorted(answers)]},
    }


def _used(document: list[Schema], schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the schemas that the document refers to, and those that these refer to."""
    used: dict[str, Schema] = {}
    waiting = list(document)
    while waiting:
        for part in parts(waiting.pop()):
            ref = str(part.get("$ref", ""))
            name = ref.removeprefix(REF)
            if ref.startswith(REF) and name not in used:
                used[name] = schemas[name]
                waiting.append(schemas[name])
    return dict(sorted(used.items()))


def _name(kind: type[msgspec.Struct]) -> str:
    return _short(kind.__name__)


def _short(name: str) -> str:
    return name.removesuffix("Body")


def _scheme(scheme: Schema) -> Schema:
    """AsyncAPI calls a key over HTTP by another name."""
    return scheme | {"type": "apiKey"} if scheme["type"] == "httpApiKey" else scheme
