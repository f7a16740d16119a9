"""The documents as they are written into `spec/`, all of them made from the types and the text."""

import json
from collections.abc import Mapping
from pathlib import Path

from groundwire.transport.frames import PROTOCOL
from groundwire.transport.spec.asyncapi import asyncapi
from groundwire.transport.spec.meanings import read_meanings
from groundwire.transport.spec.openapi import openapi
from groundwire.transport.spec.page import page

CHECKOUT = Path(__file__).parents[4]
FOLDER = CHECKOUT / "spec"
RELEASES = FOLDER / "released"
RELEASED = RELEASES / PROTOCOL
ASYNCAPI, OPENAPI, PAGE = "asyncapi.json", "openapi.json", "index.html"
TEXT = "PROTOCOL.md"
TOKENS = CHECKOUT / "web" / "src" / "styles" / "tokens.css"


def documents() -> dict[str, str]:
    """Return what is to be written, by the names of the files."""
    text = (FOLDER / TEXT).read_text("utf-8")
    meanings = read_meanings(text)
    over_http = openapi(meanings)
    return {
        ASYNCAPI: _written(asyncapi(meanings)),
        OPENAPI: _written(over_http),
        PAGE: page(text, over_http, TOKENS.read_text("utf-8")),
    }


def _written(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
