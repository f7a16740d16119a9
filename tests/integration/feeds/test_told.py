"""What the workspace's log tells of feeds, and feeds that are paused, resumed or let go."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.feeds import Fed

pytestmark = pytest.mark.asyncio(loop_scope="module")
Event = dict[str, Any]


def folder_with(fed: Fed, name: str, **files: str) -> Path:
    folder = fed.folder / name
    folder.mkdir()
    for path, text in files.items():
        (folder / path).write_text(text, "utf-8")
    return folder


async def told(fed: Fed, workspace: str, wanted: Callable[[list[Event]], bool]) -> list[Event]:
    """Return what the log told of feeds once it is ``wanted``."""
    cursor, found = "0", list[Event]()
    async with asyncio.timeout(30):
        while not wanted(found):
            page = await fed.browser.get(
                f"/api/v1/workspaces/{workspace}/poll", params={"cursor": cursor, "wait": 5}
            )
            cursor = page.json()["cursor"]
            found += [each for each in page.json()["events"] if each["type"] == "feed.changed"]
    return found


def last(change: str) -> Callable[[list[Event]], bool]:
    return lambda found: bool(found) and found[-1]["change"] == change


def changes(found: list[Event]) -> list[str]:
    return [each["change"] for each in found]


async def test_the_log_tells_all_that_happens_to_a_feed_and_not_where_it_is(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "told", **{"a.txt": "Apples.", "b.txt": "Pears.", "c.txt": ""})
    feed = await fed.add(workspace, "folder", str(folder))
    path = f"/api/v1/feeds/{feed['id']}"

    found = await told(fed, workspace, last("synced"))
    assert changes(found) == ["added", "syncing", "synced"]
    assert found[-1]["counts"] == feed["counts"]
    assert found[-1]["syncedAt"] == feed["syncedAt"]
    assert found[-1]["batchId"] == feed["batchId"]
    assert str(folder) not in str(found)

    folder.rename(folder.with_name("gone"))
    await fed.sync(feed["id"])
    await fed.browser.patch(path, json={"options": {"include": ["*.txt"]}})
    await fed.browser.delete(path)
    found = await told(fed, workspace, last("removed"))
    assert changes(found)[3:] == ["syncing", "failed", "changed", "removed"]
    assert (found[4]["reasonCode"], found[4]["status"]) == ("not_found", "failed")
    assert str(folder) not in str(found)


async def test_a_look_that_finds_nothing_new_is_told_to_nobody_who_did_not_ask(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "quiet", **{"a.txt": "Apples."})
    feed = await fed.add(workspace, "folder", str(folder), intervalS=1)
    looked = {feed["batchId"]}
    for count in (2, 3):
        while len(looked) < count:
            looked.add((await fed.synced(feed["id"]))["batchId"])
    (folder / "b.txt").write_text("Bananas.")

    found = await told(fed, workspace, lambda found: changes(found).count("synced") == 2)

    assert changes(found) == ["added", "syncing", "synced", "synced"]
    assert found[-1]["counts"]["added"] == 1
    await fed.browser.delete(f"/api/v1/feeds/{feed['id']}")


async def test_a_paused_feed_is_not_looked_at_until_it_is_resumed(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "held", **{"a.txt": "Apples."})
    feed = await fed.add(workspace, "folder", str(folder), intervalS=1)
    path = f"/api/v1/feeds/{feed['id']}"

    for _ in range(2):  # twice is once
        held = (await fed.browser.patch(path, json={"paused": True})).json()
        assert (held["paused"], held["nextAt"]) == (True, None)
    (folder / "b.txt").write_text("Bananas.")
    refused = await fed.browser.post(f"{path}/sync")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    await fed.served.groundwire.assistant.library.intake.schedule.enqueue_due()
    assert set(await fed.documents(workspace)) == {"a.txt"}

    assert not (await fed.browser.patch(path, json={"paused": False})).json()["paused"]
    await fed.until_documents(workspace, {"a.txt", "b.txt"})
    found = await told(fed, workspace, lambda found: changes(found).count("synced") == 2)
    assert changes(found)[3:] == ["paused", "resumed", "syncing", "synced"]
    await fed.browser.delete(path)


async def test_a_sync_that_a_pause_broke_off_goes_on(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    fed.site.shows.clear()
    links = "".join(f'<a href="/held/{number}">x</a>' for number in range(30))
    fed.site.show("/held", f"<p>Fruit.{links}")
    for number in range(30):
        fed.site.show(f"/held/{number}", f"<p>Apple {number}.")
    body = {"kind": "site", "address": f"{fed.site.url}/held", "intervalS": 0}
    answer = await fed.browser.post(f"/api/v1/workspaces/{workspace}/feeds", json=body)
    path = f"/api/v1/feeds/{answer.json()['id']}"
    found = await told(fed, workspace, lambda found: changes(found).count("syncing") >= 2)
    batch = found[-1]["batchId"]

    held = (await fed.browser.patch(path, json={"paused": True})).json()
    assert (held["status"], held["paused"]) == ("syncing", True)
    await fed.browser.patch(path, json={"paused": False})

    feed = await fed.synced(answer.json()["id"])
    assert (feed["batchId"], feed["counts"]["added"]) == (batch, 31)


@pytest.mark.parametrize(("documents", "left"), [("keep", {"a.txt"}), ("remove", set[str]())])
async def test_a_feed_goes_with_its_documents_or_without(
    fed: Fed, documents: str, left: set[str]
) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, documents, **{"a.txt": f"Apples to {documents}."})
    feed = await fed.add(workspace, "folder", str(folder))
    path = f"/api/v1/feeds/{feed['id']}"
    await fed.documents(workspace)

    refused = await fed.browser.delete(f"{path}?documents=lose")
    assert (refused.status_code, refused.json()["field"]) == (400, "documents")
    assert (await fed.browser.delete(f"{path}?documents={documents}")).status_code == 204
    assert (await fed.browser.get(path)).status_code == 404
    await fed.until_forgotten()

    after = await fed.documents(workspace)
    assert set(after) == left
    # Those that stay are a person's: the same folder as a feed takes none of them along.
    assert {each["feedId"] for each in after.values()} <= {None}
