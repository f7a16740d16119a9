"""A folder of the server's machine as a feed: new, changed and deleted files follow."""

import os
from pathlib import Path

import pytest

from tests.support.feeds import Fed, counts

pytestmark = pytest.mark.asyncio(loop_scope="module")


def folder_with(fed: Fed, name: str, **files: str) -> Path:
    folder = fed.folder / name
    folder.mkdir()
    for path, text in files.items():
        write(folder / path, text)
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


async def test_files_that_come_change_and_go_are_followed(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "follow", **{
        "a.md": "Apples are red.", "deep/b.txt": "Bananas are yellow.", "c.txt": "Cherries."
    })  # fmt: skip
    feed = await fed.add(workspace, "folder", str(folder))
    before = await fed.documents(workspace)
    assert counts(feed) == (3, 0, 0, 0, 0)
    assert set(before) == {"a.md", "deep/b.txt", "c.txt"}
    assert {each["feedId"] for each in before.values()} == {feed["id"]}
    assert {each["batchId"] for each in before.values()} == {feed["batchId"]}

    write(folder / "a.md", "Apples are green now.")
    write(folder / "d.txt", "Dates are brown.")
    (folder / "c.txt").unlink()
    feed = await fed.sync(feed["id"])

    assert counts(feed) == (1, 1, 1, 1, 0)
    after = await fed.documents(workspace)
    assert set(after) == {"a.md", "deep/b.txt", "d.txt"}
    assert after["deep/b.txt"] == before["deep/b.txt"]
    assert (after["a.md"]["id"], after["a.md"]["version"]) == (before["a.md"]["id"], 2)
    found = await fed.passages(workspace, "apples")
    assert "Apples are green now." in found
    assert "Apples are red." not in found


async def test_a_folder_that_stays_the_same_is_not_read_again(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "same", **{"a.txt": "One.", "b.txt": "Two."})
    feed = await fed.add(workspace, "folder", str(folder))
    os.utime(folder / "b.txt")  # touched, and with the same bytes

    feed = await fed.sync(feed["id"])

    assert counts(feed) == (0, 0, 0, 2, 0)


async def test_a_file_that_is_named_anew_is_the_same_document_under_its_new_name(
    fed: Fed,
) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "named", **{"c.txt": "The gamma lamp is green.", "a.txt": "One."})
    feed = await fed.add(workspace, "folder", str(folder))
    before = await fed.documents(workspace)

    (folder / "deep").mkdir()
    (folder / "c.txt").rename(folder / "deep" / "valves.txt")
    await fed.sync(feed["id"])

    after = await fed.documents(workspace)
    assert set(after) == {"a.txt", "deep/valves.txt"}
    moved = after["deep/valves.txt"]
    assert (moved["id"], moved["title"]) == (before["c.txt"]["id"], "valves.txt")
    assert moved["datedAt"] == before["c.txt"]["datedAt"]
    assert after["a.txt"] == before["a.txt"]
    assert (await fed.passages(workspace, "valves"))[0] == "The gamma lamp is green."
    assert counts(await fed.sync(feed["id"])) == (0, 0, 0, 2, 0)


async def test_a_copy_is_known_by_its_own_name_once_the_first_is_another(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "copied", **{"a.txt": "The lamp is lit."})
    feed = await fed.add(workspace, "folder", str(folder))
    write(folder / "b.txt", "The lamp is lit.")
    await fed.sync(feed["id"])
    assert set(await fed.documents(workspace)) == {"a.txt"}

    write(folder / "a.txt", "The lamp is out.")
    await fed.sync(feed["id"])

    after = await fed.documents(workspace)
    assert {uri: each["title"] for uri, each in after.items()} == {
        "a.txt": "a.txt",
        "b.txt": "b.txt",
    }


async def test_a_folder_is_watched_unless_one_says_otherwise(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "watched", **{"a.txt": "One."})
    feed = await fed.add(workspace, "folder", str(folder), intervalS=1)

    write(folder / "b.txt", "Two.")

    await fed.until_documents(workspace, {"a.txt", "b.txt"})
    changed = await fed.browser.patch(f"/api/v1/feeds/{feed['id']}", json={"intervalS": 0})
    assert (changed.json()["intervalS"], changed.json()["nextAt"]) == (None, None)


async def test_what_is_hidden_vendored_or_excluded_is_left_out(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "rules", **{
        "a.md": "Kept.", ".env": "SECRET=1", ".git/HEAD": "ref", "node_modules/x.md": "Vendored.",
        "drafts/d.md": "Draft.", "tool.exe": "MZ", "b.txt": "Also kept.",
    })  # fmt: skip
    feed = await fed.add(workspace, "folder", str(folder), options={"exclude": ["drafts/*"]})
    assert set(await fed.documents(workspace)) == {"a.md", "b.txt"}

    path = f"/api/v1/feeds/{feed['id']}"
    await fed.browser.patch(path, json={"options": {"include": ["*.md", ".env"]}})
    await fed.sync(feed["id"])

    kept = {"a.md", ".env", ".git/HEAD", "node_modules/x.md", "drafts/d.md"} - {".git/HEAD"}
    assert set(await fed.documents(workspace)) == kept


async def test_links_lead_nowhere_out_of_the_folder(fed: Fed, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("The password is swordfish.")
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "links", **{"a.txt": "Inside."})
    (folder / "out.txt").symlink_to(secret)
    (folder / "outside").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere.txt").symlink_to(folder / "gone.txt")
    (folder / "again.txt").symlink_to(folder / "a.txt")
    os.mkfifo(folder / "pipe.txt")

    feed = await fed.add(workspace, "folder", str(folder))

    assert feed["status"] == "idle"
    assert counts(feed)[0] == 2
    # Of two names for the same bytes either may come first.
    titles = [each["title"] for each in (await fed.documents(workspace)).values()]
    assert titles in (["a.txt"], ["again.txt"])


@pytest.mark.parametrize("address", ["/etc", "{folder}/../..", "{folder}/link"])
async def test_only_folders_that_the_operator_named_are_read(fed: Fed, address: str) -> None:
    link = fed.folder / "link"
    if not link.is_symlink():
        link.symlink_to("/etc")
    answer = await fed.browser.post(
        f"/api/v1/workspaces/{await fed.new_workspace()}/feeds",
        json={"kind": "folder", "address": address.format(folder=fed.folder)},
    )

    assert answer.status_code == 422, answer.text
    assert (answer.json()["code"], answer.json()["reason"]) == ("feed_failed", "not_allowed")


async def test_a_folder_that_is_gone_takes_nothing_with_it(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "unmounted", **{"a.txt": "Here to stay."})
    feed = await fed.add(workspace, "folder", str(folder))
    folder.rename(fed.folder / "elsewhere")

    feed = await fed.sync(feed["id"])

    assert (feed["status"], feed["reasonCode"]) == ("failed", "not_found")
    assert set(await fed.documents(workspace)) == {"a.txt"}


async def test_what_a_person_uploaded_stays_when_its_feed_goes(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "mixed", **{"a.txt": "Uploaded too.", "b.txt": "Only in the feed."})
    feed = await fed.add(workspace, "folder", str(folder))
    files = {"file": ("mine.txt", b"Uploaded too.")}
    await fed.browser.post(f"/api/v1/workspaces/{workspace}/documents", files=files)

    assert (await fed.browser.delete(f"/api/v1/feeds/{feed['id']}")).status_code == 204

    assert (await fed.browser.get(f"/api/v1/feeds/{feed['id']}")).status_code == 404
    await fed.until_documents(workspace, {"a.txt"})


async def test_a_document_of_two_feeds_goes_with_the_last(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    one = folder_with(fed, "one", **{"a.txt": "In both folders."})
    two = folder_with(fed, "two", **{"b.txt": "In both folders."})
    first = await fed.add(workspace, "folder", str(one))
    second = await fed.add(workspace, "folder", str(two))
    (document,) = (await fed.documents(workspace)).values()
    assert document["feedId"] == second["id"]

    (two / "b.txt").unlink()
    await fed.sync(second["id"])
    (document,) = (await fed.documents(workspace)).values()
    assert document["feedId"] == first["id"]
    (one / "a.txt").unlink()
    await fed.sync(first["id"])

    assert not await fed.documents(workspace)


async def test_a_document_that_a_person_deleted_stays_away_until_it_changes(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "deleted", **{"a.txt": "Not wanted."})
    feed = await fed.add(workspace, "folder", str(folder))
    (document,) = (await fed.documents(workspace)).values()
    await fed.browser.delete(f"/api/v1/documents/{document['id']}")

    await fed.sync(feed["id"])
    assert not await fed.documents(workspace)
    write(folder / "a.txt", "Wanted again.")
    await fed.sync(feed["id"])

    assert set(await fed.documents(workspace)) == {"a.txt"}


async def test_a_file_that_is_too_large_is_named_and_the_others_are_taken(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = folder_with(fed, "large", **{"a.txt": "Small."})
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(fed.served.groundwire.settings.upload_bytes + 1)

    feed = await fed.add(workspace, "folder", str(folder))

    assert counts(feed) == (1, 0, 0, 0, 1)
    assert [(each["uri"], each["code"]) for each in feed["refusals"]] == [("huge.txt", "too_large")]
