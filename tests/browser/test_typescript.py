"""The client library and the page's pure parts in Node, and the library with the real server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from scripts.build_web import node_binary
from tests.browser.visit import Served

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.browser


def test_the_typescript_tests_pass() -> None:
    command = [sys.executable, "scripts/build_web.py", "--test"]
    tested = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_the_ten_line_example_asks_a_real_server(
    page: Page, served: Served, model: ScriptedServer
) -> None:
    key = page.request.post(
        f"{served.url}/api/v1/keys", data={"name": "Example", "role": "reader"}
    ).json()["key"]
    model.enqueue(Reply(deltas=("It carries ", "the fault current [1].")))
    script = ROOT / "sdk/typescript/examples/ask.mjs"
    question = "What does the ground wire carry?"

    asked = subprocess.run(
        [node_binary(), "--conditions=source", str(script), question],
        env={**os.environ, "GROUNDWIRE_URL": served.url, "GROUNDWIRE_KEY": key},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert asked.stdout.startswith("It carries the fault current [1].\n[1] guide.md"), asked.stderr
