"""Requests that nobody thought of, made from the OpenAPI document, are answered as it says."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import Served, serve
from tests.support.specified import document

pytestmark = pytest.mark.slow

PATIENCE_S = 240
# Not checked: that what fits the schemas is taken, for there may be no such model; that a 405
# lists all methods of a path; that a file is no text, which none can tell. A key is not revoked,
# for all the others need it; what lasts for as long as it is read has tests of its own.
SETTINGS = """
[checks]
positive_data_acceptance.enabled = false
allow_header_conformance.enabled = false

[[operations]]
include-operation-id = "upload"
[operations.checks]
negative_data_rejection.enabled = false

[[operations]]
include-operation-id = [
  "revokeKey", "streamConversation", "streamWorkspace", "pollConversation", "pollWorkspace",
]
enabled = false
"""


@pytest.fixture
async def served(tmp_path: Path) -> AsyncGenerator[Served]:
    async with serve(tmp_path) as served:
        yield served


def with_keys_only() -> dict[str, Any]:
    """Return the document with one way to say who one is: what else is presented comes first."""
    whole = document("openapi.json")
    ways = {"bearer": whole["components"]["securitySchemes"]["bearer"]}
    return whole | {
        "security": [{"bearer": []}],
        "components": whole["components"] | {"securitySchemes": ways},
    }


async def test_any_request_is_answered_as_the_document_says(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(with_keys_only()), encoding="utf-8")
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, encoding="utf-8")
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", str(path), "--url", served.http),
        *("--header", f"Authorization: Bearer {served.key}", "--no-color", "--seed", "7"),
        *("--phases", "coverage,fuzzing", "--max-examples", "5", "--max-time", "60"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(child.communicate(), PATIENCE_S)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode == 0, said.decode()[-8_000:]
