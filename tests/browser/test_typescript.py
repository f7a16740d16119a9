"""The client library and the page's pure parts, tested by Node's own runner."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.browser


def test_the_typescript_tests_pass() -> None:
    command = [sys.executable, "scripts/build_web.py", "--test"]
    tested = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)

    assert tested.returncode == 0, tested.stdout + tested.stderr
