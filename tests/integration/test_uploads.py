"""Files that come over HTTP, and requests that are cut before they are whole."""

import logging
from typing import Any

import pytest

from tests.support.server import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_upload_that_is_cut_is_no_fault_of_the_server(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.browse() as browser:
        workspace = (await browser.get("/api/v1/workspaces")).json()["workspaces"][0]["id"]
    headers = {
        "host": "localhost",
        "authorization": f"Bearer {served.key}",
        "content-type": "multipart/form-data; boundary=b",
    }
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": f"/api/v1/workspaces/{workspace}/documents",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    begun = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nsome'
    messages = iter(
        [
            {"type": "http.request", "body": begun, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        pass

    with caplog.at_level(logging.INFO):
        await served.groundwire.app()(scope, receive, send)

    assert f"{scope['path']} was cut" in caplog.text
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    async with served.browse() as browser:
        listed = await browser.get(f"/api/v1/workspaces/{workspace}/documents")
    assert listed.json()["documents"] == []
