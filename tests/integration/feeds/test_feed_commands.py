"""`groundwire feed …` as a user types it, alone and beside a server, with the embedded models."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import serve

pytestmark = [pytest.mark.model, pytest.mark.slow]

PATIENCE_S = 90


def feed(data: Path, folder: Path, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "groundwire", "feed", *map(str, words), "--data", str(data)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, "GROUNDWIRE_FOLDERS": str(folder)},
    )


def test_a_folder_is_added_listed_synced_held_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "herons.md").write_text("# Herons\n\nThe heron nests in April.\n")
    (folder / "empty.txt").write_text("")
    data = tmp_path / "data"

    added = feed(data, folder, "add", "folder", folder, "--exclude", "*.csv", "--interval", "0")
    assert added.returncode == 0, added.stderr
    assert "2 added" in added.stderr
    id = added.stdout.strip()
    (listed,) = feed(data, folder, "list").stdout.splitlines()
    assert listed.split() == [id, "folder", "idle", str(folder)]

    (folder / "owls.md").write_text("The owl hunts at night.")
    assert "1 added, 2 unchanged" in feed(data, folder, "sync", id).stderr
    assert feed(data, folder, "pause", id).returncode == 0
    assert feed(data, folder, "list").stdout.split()[2] == "paused"
    held = feed(data, folder, "sync", id)
    assert (held.returncode, held.stdout) == (1, "")
    assert "Resume it" in held.stderr
    assert feed(data, folder, "resume", id).returncode == 0

    folder.rename(tmp_path / "elsewhere")
    failed = feed(data, folder, "sync", id)
    assert (failed.returncode, "no such folder" in failed.stderr) == (1, True)
    assert "no such folder" in feed(data, folder, "list").stdout
    assert feed(data, folder, "remove", id, "--keep-documents").returncode == 0
    assert feed(data, folder, "list").stdout == ""
    assert feed(data, folder, "sync", id).returncode == 1


def test_what_is_no_feed_is_refused_in_a_sentence(tmp_path: Path) -> None:
    deep = feed(tmp_path, tmp_path, "add", "site", "https://example.org", "--depth", "99")
    assert (deep.returncode, "depth" in deep.stderr) == (1, True)
    far = feed(tmp_path, tmp_path, "add", "folder", "/root")
    assert (far.returncode, "GROUNDWIRE_FOLDERS" in far.stderr) == (1, True)
    assert "Traceback" not in deep.stderr + far.stderr


async def test_beside_a_server_the_commands_work_through_it(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "herons.md").write_text("The heron nests in April.")
    data = tmp_path / "data"
    async with serve(data, folders=(folder,)) as served:
        (data / "address").write_text(served.http)

        async def run(*words: str | Path) -> "subprocess.CompletedProcess[str]":
            return await asyncio.to_thread(feed, data, folder, *words)

        added = await run("add", "folder", folder, "--workspace", "Birds")
        assert (added.returncode, "1 added" in added.stderr) == (0, True), added.stderr
        id = added.stdout.strip()
        assert (await run("list", "--workspace", "Birds")).stdout.startswith(id)
        assert (await run("pause", id)).returncode == 0
        assert "paused" in (await run("sync", id)).stderr
        assert (await run("resume", id)).returncode == 0
        assert "1 unchanged" in (await run("sync", id)).stderr
        assert (await run("remove", id)).returncode == 0
        assert (await run("list", "--workspace", "Birds")).stdout == ""
