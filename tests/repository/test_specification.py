"""The documents in ``spec/`` are what the types say, valid, and no break with what was released."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft7Validator, Draft202012Validator, meta
from openapi_spec_validator import OpenAPIV31SpecValidator

from groundwire.transport.frames import PROTOCOL
from groundwire.transport.spec.__main__ import COMPARE
from groundwire.transport.spec.documents import FOLDER, RELEASES, documents
from groundwire.transport.spec.schemas import parts
from tests.support.specified import check_as, check_received, document

ROOT = Path(__file__).parents[2]
ASYNCAPI_SCHEMA = ROOT / "web" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
GOLDEN = ROOT / "tests" / "unit" / "model" / "golden"
MADE = documents()


@pytest.mark.parametrize("name", MADE)
def test_what_is_committed_is_what_the_types_and_the_text_make(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == MADE[name], "Run `make spec`."


def test_the_openapi_document_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(document("openapi.json")).iter_errors()) == []


def test_the_asyncapi_document_is_valid_by_the_schema_of_asyncapi_itself() -> None:
    if not ASYNCAPI_SCHEMA.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("The development packages of web/ are not installed.")
        pytest.skip("`make check` installs the schema of AsyncAPI.")
    validator = Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_text("utf-8")))

    assert list(validator.iter_errors(document("asyncapi.json"))) == []


@pytest.mark.parametrize("name", COMPARE)
def test_schemas_mean_the_same_in_both_dialects(name: str) -> None:
    """AsyncAPI reads them by draft 7, OpenAPI by 2020-12."""
    for schema in document(name)["components"]["schemas"].values():
        meta.validate(schema | {"$schema": "http://json-schema.org/draft-07/schema#"})
        meta.validate(schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"})
        words = {word for part in parts(schema) for word in part}
        assert not words & {"prefixItems", "unevaluatedProperties", "$defs", "$dynamicRef"}


@pytest.mark.parametrize("name", COMPARE)
def test_clients_of_what_was_released_go_on_working(name: str) -> None:
    """A break needs another version of the protocol; see `groundwire.transport.spec.breaking`."""
    released = RELEASES / PROTOCOL / name
    if not released.exists():
        assert number(PROTOCOL) > max(number(path.name) for path in RELEASES.iterdir())
        return
    assert COMPARE[name](json.loads(released.read_text("utf-8")), json.loads(MADE[name])) == []


def number(protocol: str) -> int:
    return int(protocol.rpartition(".v")[2])


def test_the_page_loads_nothing_and_its_links_lead_somewhere() -> None:
    page = (FOLDER / "index.html").read_text("utf-8")
    targets = set(re.findall(r' href="([^"]+)"', page))
    anchors = {f"#{id}" for id in re.findall(r' id="([^"]+)"', page)}
    files = {f"/spec/{name}" for name in ("PROTOCOL.md", "asyncapi.json", "openapi.json")}

    assert not re.findall(r"<(?:script|link|img|iframe)|style=|url\(|@import|\son\w+=", page)
    assert targets <= anchors | files
    assert targets >= files


@pytest.mark.parametrize("name", ["conversation.jsonl", "workspace.jsonl"])
def test_every_event_that_was_ever_stored_is_as_specified(name: str) -> None:
    for line in (GOLDEN / name).read_bytes().splitlines():
        check_received(json.loads(line))


def test_the_shared_cases_of_folding_are_as_specified() -> None:
    cases: list[dict[str, Any]] = json.loads((ROOT / "tests/fold/cases.json").read_bytes())
    for case in cases:
        for event in case["events"]:
            if event["type"] != "aurora":  # the type that nobody knows
                check_received(event)
        snapshot = {"type": "snapshot", "workspaceId": "w", "title": None, "asOf": 1}
        rest = {"hasMore": False, "ts": "2026-11-22T08:00:00.000Z"}
        check_as("SnapshotFrame", snapshot | case["snapshot"] | rest)


def test_a_client_may_send_what_the_server_takes_and_nothing_else_is_promised() -> None:
    schemas = document("asyncapi.json")["components"]["schemas"]
    whole = {"$ref": "#/components/schemas/Command", "components": {"schemas": schemas}}
    command = Draft202012Validator(whole)

    assert command.is_valid({"type": "chat_message", "content": "?", "sessionId": "s", "new": 1})
    assert command.is_valid(
        {"type": "chat_message", "content": "?", "sessionId": "s", "model": None}
    )
    assert not command.is_valid({"type": "chat_message", "content": "?"})
    assert not command.is_valid({"type": "history", "sessionId": "s", "limit": 201})
    assert not command.is_valid({"type": "shout"})
