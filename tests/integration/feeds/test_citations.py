"""What is taken from the web is cited with its address there; what is not, with our copy."""

import asyncio

import pytest

from groundwire.adapters.models.scripted import Say
from tests.support.feeds import Fed, counts
from tests.support.places import etag

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_site_is_taken_followed_and_cited_by_its_address(fed: Fed) -> None:
    site, workspace = fed.site, await fed.new_workspace()
    lamp = "<title>The lamp</title><p>The lamp of the lighthouse is lit at dusk."
    site.show("/home", '<title>Home</title><p>Welcome.<a href="/lamp">x</a>', headers=etag("home"))
    site.show("/lamp", lamp, headers=etag(lamp))
    feed = await fed.add(workspace, "site", f"{site.url}/home")
    assert counts(feed) == (2, 0, 0, 0, 0)
    documents = await fed.documents(workspace)
    assert documents[f"{site.url}/lamp"]["title"] == "The lamp.html"

    changed = lamp.replace("dusk", "midnight")
    site.show("/lamp", changed, headers=etag(changed))
    feed = await fed.sync(feed["id"])

    assert counts(feed) == (0, 1, 0, 1, 0)
    await fed.documents(workspace)
    answer = await fed.browser.post(
        f"/api/v1/workspaces/{workspace}/search", json={"query": "When is the lamp lit?"}
    )
    best = answer.json()["passages"][0]
    assert "midnight" in best["text"]
    assert best["uri"] == f"{site.url}/lamp"
    assert await cited(fed, workspace) == [f"{site.url}/lamp"]


async def test_what_has_no_address_is_cited_by_our_copy(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    folder = fed.folder / "cited"
    folder.mkdir()
    (folder / "lamp.txt").write_text("The lamp of the lighthouse is lit at dusk.")
    await fed.add(workspace, "folder", str(folder))
    (document,) = (await fed.documents(workspace)).values()

    assert await cited(fed, workspace) == [f"/api/v1/documents/{document['id']}/content"]


async def cited(fed: Fed, workspace: str) -> list[str]:
    """Ask, and return where the sources of the answer are."""
    fed.served.script(Say("At midnight [1]."))
    begun = await fed.browser.post("/api/v1/conversations", json={"workspaceId": workspace})
    path = f"/api/v1/conversations/{begun.json()['id']}"
    question = {"type": "chat_message", "content": "When is the lamp of the lighthouse lit?"}
    await fed.browser.post(f"{path}/commands", json=question | {"clientMessageId": "one"})
    cursor = "0"
    async with asyncio.timeout(20):
        while True:
            page = await fed.browser.get(f"{path}/poll", params={"cursor": cursor, "wait": 5})
            for event in page.json()["events"]:
                if event["type"] == "sources":
                    return [source["uri"] for source in event["items"][:1]]
            cursor = page.json()["cursor"]
