"""The running server serves its specification, and every route that it has is in there."""

import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from groundwire.transport.asgi import SOCKET_PATHS, Guard
from groundwire.transport.spec.doors import policy
from groundwire.transport.spec.routes import OPERATIONS
from tests.support.server import Served
from tests.support.specified import SPEC, NotSpecified, check_received, document, may_be_sent

pytestmark = pytest.mark.asyncio(loop_scope="module")

THE_PAGE = {"/", "/{path:path}"}


def routes_of(routes: list[BaseRoute], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for route in routes:
        if isinstance(route, Mount):
            found |= routes_of(list(route.routes), prefix + route.path)
        elif isinstance(route, Route) and route.path not in THE_PAGE:
            methods = (route.methods or set()) - {"HEAD"}
            found |= {f"{method} {prefix}{route.path}" for method in methods}
    return found


async def test_every_route_is_described_and_every_description_is_of_a_route(
    served: Served,
) -> None:
    app = served.groundwire.app()
    assert isinstance(app, Guard)
    assert isinstance(app.app, Starlette)

    assert routes_of(app.app.routes) == OPERATIONS.keys()


async def test_the_paths_of_the_socket_are_in_the_description_of_its_channel() -> None:
    channel = document("asyncapi.json")["channels"]["socket"]
    named = {channel["address"], *re.findall(r"`(/[\w/]+)`", channel["description"])}

    assert named == set(SOCKET_PATHS)


async def test_the_streams_are_at_routes_that_there_are() -> None:
    channels = document("asyncapi.json")["channels"]
    addresses = {channels[name]["address"] for name in ("conversation", "workspace")}

    assert {f"GET {re.sub('{.*}', '{id}', each)}" for each in addresses} <= OPERATIONS.keys()


@pytest.mark.parametrize(
    ("path", "file", "type"),
    [
        ("/spec", "index.html", "text/html; charset=utf-8"),
        ("/spec/PROTOCOL.md", "PROTOCOL.md", "text/markdown; charset=utf-8"),
        ("/spec/asyncapi.json", "asyncapi.json", "application/json; charset=utf-8"),
        ("/spec/openapi.json", "openapi.json", "application/json; charset=utf-8"),
    ],
)
async def test_anybody_may_read_it(served: Served, path: str, file: str, type: str) -> None:
    async with served.browse("") as browser:
        answer = await browser.get(path)

    assert answer.content == (SPEC / file).read_bytes()
    assert answer.headers["content-type"] == type
    assert answer.headers.get_list("content-security-policy")[0].startswith("default-src 'none'")
    assert len(answer.headers.get_list("content-security-policy")) == 1


async def test_the_page_may_load_nothing_but_its_own_style(served: Served) -> None:
    async with served.browse("") as browser:
        answer = await browser.get("/spec")

    assert answer.headers["content-security-policy"] == policy(SPEC / "index.html")
    assert "script-src" not in policy(SPEC / "index.html")


async def test_a_form_that_cannot_be_read_is_a_problem_like_any_other(served: Served) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    async with served.browse() as browser:
        workspace = (await browser.get("/api/v1/me")).json()["workspaceId"]
        path = f"/api/v1/workspaces/{workspace}/documents"
        answer = await browser.post(path, content=b"--b\r\nTrue--b\r\n", headers=form)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field")


async def test_what_is_not_specified_is_noticed(served: Served) -> None:
    """The check that every test makes of every frame and every answer does find something."""
    token = {"type": "token", "turnId": "t", "messageId": "m", "content": "a", "offset": 0}
    event = token | {"sessionId": "s", "seq": 1, "ts": "2026-11-25T09:00:00.000Z"}
    check_received(event)
    for wrong in (
        event | {"colour": "green"},
        event | {"seq": 0},
        event | {"ts": "yesterday"},
        {**event, "type": "aurora"},
        {name: value for name, value in event.items() if name != "offset"},
    ):
        with pytest.raises(NotSpecified):
            check_received(wrong)
    assert may_be_sent({"type": "cancel", "sessionId": "s"})
    assert not may_be_sent({"type": "cancel"})
    with pytest.raises(NotSpecified):
        await refused_by_the_hook(served)


async def refused_by_the_hook(served: Served) -> None:
    """Get an answer to which one of its routes' statuses was changed on the way."""
    async with served.browse() as browser:
        check = browser.event_hooks["response"][0]

        async def changed(response: httpx.Response) -> None:
            response.status_code = 418
            await check(response)

        browser.event_hooks = {"response": [changed]}
        await browser.get("/api/v1/me")
