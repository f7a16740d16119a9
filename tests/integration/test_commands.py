"""The commands as a user types them, in processes of their own, with the embedded models."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.model, pytest.mark.slow]

GUIDE = "# Herons\n\nThe heron nests in April. It eats fish and frogs.\n\n它在四月筑巢。\n"
PATIENCE_S = 90


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "groundwire", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)


@contextmanager
def serving(data: Path) -> Generator[str]:
    """Serve on a free port; leaving the context stops the server as a user would."""
    command = [sys.executable, "-m", "groundwire", "serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            address = re.search(r"http://\S+", server.stdout.readline())
            assert address is not None
            yield address.group()
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(PATIENCE_S) == 0


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    path = tmp_path / "guide.md"
    path.write_text(GUIDE, encoding="utf-8")
    return path


def test_a_question_about_a_file_is_answered_with_its_source(guide: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("The pump needs oil.", encoding="utf-8")
    files = ("--with", guide, "--with", other)
    asked = run("ask", "When does the heron nest?", *files, "--data", tmp_path / "data")
    assert asked.returncode == 0, asked.stderr
    assert "The heron nests in April." in asked.stdout
    assert "[1] guide.md" in asked.stdout
    assert "Searching the knowledge base" in asked.stderr


def test_beside_a_server_the_commands_work_through_it(guide: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data):
        assert run("ingest", guide, "--data", data).returncode == 0
        asked = run("ask", "苍鹭什么时候筑巢？", "--with", guide, "--data", data)
        assert "四月" in asked.stdout
        refused = run("ask", "Hello?", "--model", "llama3", "--data", data)
        assert refused.returncode == 1
        assert "extractive" in refused.stderr
        assert "command line" not in run("key", "list", "--data", data).stdout


def test_a_stop_by_signal_is_an_orderly_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data):
        assert (data / "address").exists()
    assert not (data / "address").exists()
    with serving(data):
        pass


def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        refused = run("serve", "--port", port, "--data", tmp_path)

    assert refused.returncode == 1
    assert f"Port {port} of 127.0.0.1 cannot be listened at." in refused.stderr
    assert "--port" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_keys_are_made_shown_and_revoked(tmp_path: Path) -> None:
    made = run("key", "create", "laptop", "--role", "reader", "--data", tmp_path)
    assert made.stdout.splitlines()[-1].startswith("gw_")
    (line,) = run("key", "list", "--data", tmp_path).stdout.splitlines()
    id, role, _, name = line.split()
    assert (role, name) == ("reader", "laptop")
    assert run("key", "revoke", id, "--data", tmp_path).returncode == 0
    assert run("key", "list", "--data", tmp_path).stdout == ""
    assert run("key", "revoke", id, "--data", tmp_path).returncode == 1


def test_the_doctor_names_every_setting_and_hides_the_secret(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "groundwire", "doctor", "--data", str(tmp_path)]
    environment = {**os.environ, "GROUNDWIRE_OPENAI_API_KEY": "sk-do-not-show"}
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, env=environment
    ).stdout
    assert "commands_per_minute" in told
    assert "environment" in told
    assert "sk-do-not-show" not in told
    assert "smollm2-135m-instruct" in told


def test_a_wrong_setting_stops_a_command_at_once_and_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "groundwire", "serve", "--data", str(tmp_path)]
    environment = {**os.environ, "GROUNDWIRE_PROT": "1"}
    failed = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, env=environment
    )
    assert failed.returncode == 1
    assert "Did you mean GROUNDWIRE_PORT" in failed.stderr
    assert "Traceback" not in failed.stderr
