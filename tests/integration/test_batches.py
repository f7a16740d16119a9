"""What came together, and orders on it, over HTTP and in the workspace's log."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.server import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

BROKEN = b"%PDF-1.7 and then nothing"


async def upload(browser: httpx.AsyncClient, workspace: str, query: str, **files: bytes) -> Any:
    parts = [("file", (name, content)) for name, content in files.items()]
    answer = await browser.post(f"/api/v1/workspaces/{workspace}/documents{query}", files=parts)
    assert answer.status_code == 202, answer.text
    return answer.json()["documents"]


async def new_workspace(browser: httpx.AsyncClient) -> str:
    return (await browser.post("/api/v1/workspaces", json={"name": "batches"})).json()["id"]


async def until_finished(browser: httpx.AsyncClient, workspace: str, batch: str) -> Any:
    """Return the batch once nothing more is done, and that is told in its workspace's log."""
    path, cursor, told = f"/api/v1/workspaces/{workspace}", "0", None
    async with asyncio.timeout(30):
        while True:
            found = (await browser.get(f"{path}/batches/{batch}")).json()
            counts = [found[name] for name in ("total", "ready", "failed")]
            if told == counts and found["ready"] + found["failed"] == found["total"]:
                return found
            page = await browser.get(f"{path}/poll", params={"cursor": cursor, "wait": 2})
            cursor = page.json()["cursor"]
            for event in page.json()["events"]:
                if event["type"] == "batch.progress" and event["batchId"] == batch:
                    told = [event[name] for name in ("total", "ready", "failed")]


async def test_what_is_sent_at_once_is_one_batch(served: Served) -> None:
    async with served.browse() as browser:
        workspace = await new_workspace(browser)
        documents = await upload(
            browser, workspace, "", **{"a.txt": b"One.", "b.txt": b"Two.", "c.pdf": BROKEN}
        )
        (batch,) = {document["batchId"] for document in documents}

        found = await until_finished(browser, workspace, batch)

        assert (found["total"], found["ready"], found["failed"]) == (3, 2, 1)
        path = f"/api/v1/workspaces/{workspace}"
        listed = (await browser.get(f"{path}/batches")).json()["batches"]
        assert [each["id"] for each in listed] == [batch]
        failed = (await browser.get(f"{path}/documents?status=failed")).json()["documents"]
        assert [(each["title"], each["reasonCode"]) for each in failed] == [("c.pdf", "broken")]
        log = (await browser.get(f"{path}/poll?cursor=0&wait=0")).json()["events"]
        told = [event for event in log if event["type"] == "batch.progress"]
        assert told[-1].items() >= {"batchId": batch, "total": 3, "ready": 2, "failed": 1}.items()


async def test_a_batch_of_ones_own_is_ordered_as_a_whole(served: Served) -> None:
    async with served.browse() as browser:
        workspace = await new_workspace(browser)
        for number in range(3):
            await upload(
                browser, workspace, "?batch=my-folder", **{f"{number}.txt": b"%d" % number}
            )
        await upload(browser, workspace, "?batch=my-folder", **{"c.pdf": BROKEN})
        path = f"/api/v1/workspaces/{workspace}/batches/my-folder"
        await until_finished(browser, workspace, "my-folder")

        for order in ("pause", "resume", "cancel"):
            after = (await browser.post(f"{path}/{order}")).json()
            assert (after["ready"], after["failed"], after["paused"]) == (3, 1, 0)
        await browser.post(f"{path}/retry")

        assert (await until_finished(browser, workspace, "my-folder"))["failed"] == 1
        log = await browser.get(f"/api/v1/workspaces/{workspace}/poll?cursor=0&wait=0")
        came = [e["title"] for e in log.json()["events"] if e["type"] == "document.received"]
        assert came == ["0.txt", "1.txt", "2.txt", "c.pdf", "c.pdf"]


async def test_a_document_is_given_other_bytes(served: Served) -> None:
    async with served.browse() as browser:
        workspace = await new_workspace(browser)
        (document,) = await upload(browser, workspace, "?batch=b", **{"a.txt": b"Apples."})
        await until_finished(browser, workspace, "b")
        path = f"/api/v1/documents/{document['id']}"

        answer = await browser.put(f"{path}/content", files={"file": ("b.txt", b"Pears.")})

        assert answer.status_code == 202, answer.text
        coming = answer.json()
        assert (coming["version"], coming["revising"], coming["title"]) == (1, True, "a.txt")
        await until_finished(browser, workspace, coming["batchId"])
        after = (await browser.get(path)).json()
        assert (after["version"], after["revising"], after["title"]) == (2, False, "b.txt")
        assert (await browser.get(f"{path}/content")).content == b"Pears."
        await upload(browser, workspace, "?batch=c", **{"c.txt": b"Cherries."})
        same = await browser.put(f"{path}/content", files={"file": ("c.txt", b"Cherries.")})
        assert (same.status_code, same.json()["code"]) == (409, "conflict")
        for refused in (
            await browser.put(f"{path}/content", json={}),
            await browser.put(f"{path}/content", files={"other": ("c.txt", b"x")}),
        ):
            assert (refused.status_code, refused.json()["field"]) == (400, "file")


async def test_orders_need_one_who_may_write(served: Served) -> None:
    owner = await served.groundwire.authenticator.owner()
    reads = await served.groundwire.authenticator.issue_key(owner, "reads batches", "reader")
    stranger = await served.add_user("looks for batches")
    async with (
        served.browse() as browser,
        served.browse(reads) as reader,
        served.browse(stranger) as other,
    ):
        workspace = await new_workspace(browser)
        (document,) = await upload(browser, workspace, "?batch=b", **{"a.txt": b"One."})
        for order in ("pause", "resume", "cancel", "retry"):
            for path in (f"documents/{document['id']}", f"workspaces/{workspace}/batches/b"):
                assert (await reader.post(f"/api/v1/{path}/{order}")).status_code == 403
                assert (await other.post(f"/api/v1/{path}/{order}")).status_code == 404
        assert (await reader.get(f"/api/v1/workspaces/{workspace}/batches/b")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "code", "field"),
    [
        ("GET", "batches/unknown", 404, None),
        ("POST", "batches/unknown/pause", 404, None),
        ("GET", "documents?status=lost", 400, "status"),
        ("POST", "documents?batch=a%20b", 400, "batch"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    served: Served, method: str, path: str, code: int, field: str | None
) -> None:
    async with served.browse() as browser:
        workspace = await new_workspace(browser)
        files = {"file": ("a.txt", b"One.")} if "documents" in path and method == "POST" else None
        answer = await browser.request(
            method, f"/api/v1/workspaces/{workspace}/{path}", files=files
        )

    assert answer.status_code == code, answer.text
    assert answer.json().get("field") == field
