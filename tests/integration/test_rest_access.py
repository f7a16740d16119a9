"""No door of the HTTP API opens to who is nobody (G10)."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from groundwire.transport.accounts import Accounts
from groundwire.transport.asgi import Guard
from tests.support.server import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/spec"),
    ("GET", "/spec/PROTOCOL.md"),
    ("GET", "/spec/asyncapi.json"),
    ("GET", "/spec/openapi.json"),
    ("GET", "/api/v1/setup"),
    ("POST", "/api/v1/setup"),
    ("POST", "/api/v1/login"),
}
PAGE = ("/", "/assets", "/{path:path}")


def doors(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Mount) and route.path not in PAGE:
            yield from doors(list(route.routes), prefix + route.path)
        elif isinstance(route, Route) and route.path not in PAGE:
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, prefix + route.path


def all_doors(served: Served) -> list[tuple[str, str]]:
    app = served.groundwire.app()
    assert isinstance(app, Guard)
    assert isinstance(app.app, Starlette)
    return list(doors(app.app.routes))


async def knock(browser: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    return await browser.request(method, path.replace("{id}", "c_1"), json={})


@pytest.mark.parametrize("key", ["", "gw_wrong", "eyJ.eyJ.x"], ids=["none", "wrong", "forged"])
async def test_every_door_but_the_open_ones_answers_401(served: Served, key: str) -> None:
    found = all_doors(served)
    assert len(found) > 20
    assert set(found) >= OPEN
    async with served.browse(key) as browser:
        for method, path in set(found) - OPEN:
            answer = await knock(browser, method, path)
            assert (method, path, answer.status_code) == (method, path, 401)
            assert answer.json()["code"] == "unauthorized"


async def test_a_foreign_page_is_refused_at_every_door(served: Served) -> None:
    async with served.browse() as browser:
        for headers in ({"Origin": "https://evil.example"}, {"Host": "rebound.example"}):
            browser.headers.update(headers)
            for method, path in all_doors(served):
                assert (await knock(browser, method, path)).status_code == 403


async def test_a_key_that_may_only_read_changes_nothing(served: Served) -> None:
    owner = await served.groundwire.authenticator.owner()
    key = await served.groundwire.authenticator.issue_key(owner, "reads", "reader")
    async with served.browse(key) as browser, served.browse() as full:
        workspace = (await full.get("/api/v1/me")).json()["workspaceId"]
        keys = (await full.get("/api/v1/keys")).json()["keys"]
        tries = [
            await browser.post("/api/v1/workspaces", json={"name": "mine"}),
            await browser.patch(f"/api/v1/workspaces/{workspace}", json={"name": "mine"}),
            await browser.post("/api/v1/keys", json={"name": "more"}),
            await browser.delete(f"/api/v1/keys/{keys[0]['id']}"),
        ]
        assert [answer.status_code for answer in tries] == [403] * 4


async def test_who_has_no_part_in_a_workspace_cannot_tell_whether_it_is_there(
    served: Served,
) -> None:
    async with served.browse() as browser:
        workspace = (await browser.get("/api/v1/me")).json()["workspaceId"]
    async with served.browse(await served.add_user("stranger")) as stranger:
        for path in ("", "/documents", "/conversations"):
            real = await stranger.get(f"/api/v1/workspaces/{workspace}{path}")
            invented = await stranger.get(f"/api/v1/workspaces/w_none{path}")
            assert (real.status_code, real.json()) == (404, invented.json())


async def test_signing_out_ends_a_session_and_leaves_a_key(served: Served) -> None:
    owner = await served.groundwire.authenticator.owner()
    session, _ = await served.groundwire.authenticator.issue_session(owner)
    for token, after in ((session, 401), (served.key, 200)):
        async with served.browse(token) as browser:
            assert (await browser.post("/api/v1/logout")).status_code == 200
            assert (await browser.get("/api/v1/me")).status_code == after


async def test_an_error_tells_nothing_of_our_insides(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(Accounts, "me", broken)
    async with served.browse() as browser:
        assert (await browser.get("/api/v1/nowhere")).json()["code"] == "not_found"
        assert "secret" not in (await browser.get("/api/v1/me")).text
