"""Raw text over HTTP, and who may do what with feeds."""

from typing import Any

import pytest

from tests.support.feeds import Fed

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_text_is_a_document(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    path = f"/api/v1/workspaces/{workspace}/texts"
    for title in ("Minutes 3/4", "notes.md"):
        text = f"# {title}\n\nThe bridge opens in May."
        answer = await fed.browser.post(path, json={"title": title, "text": text, "batch": "b-1"})
        assert answer.status_code == 202, answer.text

    documents = await fed.documents(workspace)

    assert {name: each["status"] for name, each in documents.items()} == {
        "Minutes 3-4.txt": "ready",
        "notes.md": "ready",
    }
    assert {each["batchId"] for each in documents.values()} == {"b-1"}
    assert any("opens in May" in text for text in await fed.passages(workspace, "bridge"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": " ", "text": "x"}, "title"),
        ({"title": "a", "text": " \n"}, "text"),
        ({"title": "a"}, "text"),
        ({"title": "a", "text": "x", "batch": "no spaces"}, "batch"),
    ],
)
async def test_a_text_that_is_none_is_refused(fed: Fed, body: Any, field: str) -> None:
    path = f"/api/v1/workspaces/{await fed.new_workspace()}/texts"
    answer = await fed.browser.post(path, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "folder", "address": "relative/path"}, 400, "invalid_field"),
        ({"kind": "folder", "address": "nul\x00"}, 400, "invalid_field"),
        ({"kind": "shelf", "address": "/x"}, 400, "invalid_field"),
        ({"kind": "folder", "address": "{folder}", "intervalS": 0.5}, 400, "invalid_field"),
        ({"kind": "folder", "address": "{folder}", "options": {"depth": 11}}, 400, "invalid_field"),
        ({"kind": "folder", "address": "{folder}", "options": {"deep": 1}}, 400, "invalid_field"),
        ({"kind": "folder", "address": "/root"}, 422, "feed_failed"),
    ],
)
async def test_what_makes_no_feed_is_refused(fed: Fed, body: Any, status: int, code: str) -> None:
    body["address"] = body["address"].format(folder=fed.folder)
    path = f"/api/v1/workspaces/{await fed.new_workspace()}/feeds"
    answer = await fed.browser.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_place_is_a_feed_once(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    feed = await fed.add(workspace, "folder", str(fed.folder), options={"include": ["none"]})

    body = {"kind": "folder", "address": f"{fed.folder}/."}
    again = await fed.browser.post(f"/api/v1/workspaces/{workspace}/feeds", json=body)

    assert again.status_code == 409
    listed = (await fed.browser.get(f"/api/v1/workspaces/{workspace}/feeds")).json()["feeds"]
    assert [each["id"] for each in listed] == [feed["id"]]


async def test_feeds_are_for_those_who_may_write(fed: Fed) -> None:
    served = fed.served
    owner = await served.groundwire.authenticator.owner()
    reads = await served.groundwire.authenticator.issue_key(owner, "reads feeds", "reader")
    stranger = await served.add_user("looks for feeds")
    workspace = await fed.new_workspace()
    feed = await fed.add(workspace, "folder", str(fed.folder), options={"include": ["none"]})
    body = {"kind": "folder", "address": str(fed.folder)}
    doors: list[tuple[str, str, Any]] = [
        ("GET", f"/api/v1/workspaces/{workspace}/feeds", None),
        ("POST", f"/api/v1/workspaces/{workspace}/feeds", body),
        ("POST", f"/api/v1/workspaces/{workspace}/texts", {"title": "a", "text": "b"}),
        ("GET", f"/api/v1/feeds/{feed['id']}", None),
        ("PATCH", f"/api/v1/feeds/{feed['id']}", {"intervalS": 0}),
        ("POST", f"/api/v1/feeds/{feed['id']}/sync", None),
        ("DELETE", f"/api/v1/feeds/{feed['id']}", None),
    ]
    async with served.browse(reads) as reader, served.browse(stranger) as other:
        for method, path, json in doors:
            assert (await reader.request(method, path, json=json)).status_code == 403
            assert (await other.request(method, path, json=json)).status_code == 404
