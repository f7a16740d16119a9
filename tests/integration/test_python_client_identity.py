"""How the Python client says who it is, and what it does when that is no longer good."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from groundwire.adapters.models.scripted import WaitFor
from groundwire_client import Groundwire, Way, connect, errors
from tests.support.server import Served
from tests.support.socket import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAYS: tuple[Way, ...] = ("header", "ticket", "query", "subprotocol", "frame")


def client(served: Served, token: Any, way: Way = "header") -> Groundwire:
    return connect(served.http, token=token, identity=way, transports=("websocket",), timeout_s=10)


async def answer_of(groundwire: Groundwire, session: str) -> str:
    answer = await groundwire.conversation(session).ask("who am I")
    return (await answer.done()).content


@pytest.mark.parametrize("way", WAYS)
async def test_a_key_is_shown_in_each_way(served: Served, way: Way) -> None:
    async with client(served, served.key, way) as groundwire:
        assert await answer_of(groundwire, served.new_session()) == "who am I"


@pytest.mark.parametrize("way", WAYS)
async def test_a_bad_key_is_final_in_each_way(served: Served, way: Way) -> None:
    async with client(served, "gw_wrong", way) as groundwire:
        with pytest.raises(errors.Unauthorized):
            await answer_of(groundwire, served.new_session())
        assert groundwire.connection.status.state == "closed"


async def test_without_a_token_where_one_is_needed_it_is_final_at_once(served: Served) -> None:
    async with client(served, None) as groundwire:
        with pytest.raises(errors.Unauthorized):
            await answer_of(groundwire, served.new_session())


class Giver:
    """Gives token after token, and counts them."""

    def __init__(self, *tokens: str | Exception) -> None:
        self.tokens = list(tokens)
        self.given = 0

    def __call__(self) -> str:
        self.given += 1
        token = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        if isinstance(token, Exception):
            raise token
        return token


def later(give: Callable[[], str]) -> Callable[[], Awaitable[str]]:
    async def given() -> str:
        await asyncio.sleep(0)
        return give()

    return given


@pytest.mark.parametrize("way", WAYS)
async def test_a_callable_is_asked_once_and_for_requests_and_the_socket_alike(
    served: Served, way: Way
) -> None:
    give = Giver(served.key)
    async with client(served, later(give), way) as groundwire:
        await groundwire.rest.me()
        await answer_of(groundwire, served.new_session())
        await answer_of(groundwire, served.new_session())
    assert give.given == 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_token_that_is_refused_is_renewed_once(served: Served, way: Way) -> None:
    give = Giver("gw_old", served.key)
    async with client(served, give, way) as groundwire:
        assert await answer_of(groundwire, served.new_session()) == "who am I"
    assert give.given == 2

    give = Giver("gw_old", "gw_older", served.key)
    async with client(served, give, way) as groundwire:
        with pytest.raises(errors.Unauthorized):
            await answer_of(groundwire, served.new_session())
    assert give.given == 2


async def test_a_request_that_is_refused_is_made_again_with_a_fresh_token(served: Served) -> None:
    give = Giver("gw_old", served.key)
    async with client(served, give) as groundwire:
        assert (await groundwire.rest.me()).role == "owner"
    assert give.given == 2


async def test_a_callable_that_fails_is_asked_again_and_named_in_the_meantime(
    served: Served,
) -> None:
    give = Giver(OSError("no network here"), OSError("no network here"), served.key)
    async with client(served, give) as groundwire:
        conversation = groundwire.conversation(served.new_session())
        await eventually(lambda: groundwire.connection.status.reason is not None)
        reason = groundwire.connection.status.reason
        assert isinstance(reason, errors.TokenUnavailable)
        assert "no network here" in reason.message

        await conversation.loaded()

    assert give.given == 3


async def test_a_key_revoked_in_the_midst_of_an_answer_is_replaced_and_nothing_is_lost(
    served: Served,
) -> None:
    authenticator = served.groundwire.authenticator
    owner = await authenticator.owner()
    key = await authenticator.issue_key(owner, "to be revoked", "owner")
    credential = (await authenticator.identify(key)).credential.id
    give, go_on = Giver(key, served.key), asyncio.Event()
    served.script("one ", WaitFor(go_on), "two")
    async with client(served, give) as groundwire:
        answer = await groundwire.conversation(served.new_session()).ask("Count.")
        assert await anext(aiter(answer)) == "one "

        await authenticator.revoke(credential)
        await eventually(lambda: give.given == 2)
        go_on.set()

        assert (await answer.done()).content == "one two"


async def test_a_token_about_to_expire_is_renewed_on_the_open_connection(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    authenticator, hub = served.groundwire.authenticator, served.groundwire.hub
    token, expires_at = await authenticator.issue_session(await authenticator.owner())
    give = Giver(token, served.key)
    async with client(served, give) as groundwire:
        statuses: list[str] = []
        await answer_of(groundwire, served.new_session())
        changes = groundwire.connection.changes()
        statuses.append((await anext(changes)).state)

        monkeypatch.setattr(hub, "wall", lambda: expires_at.timestamp() - 30)
        await eventually(lambda: give.given == 2)
        # Its end comes, and the connection lives on by the key, which has none.
        monkeypatch.setattr(hub, "wall", lambda: expires_at.timestamp() + 30)
        assert await answer_of(groundwire, served.new_session()) == "who am I"

        assert statuses == ["live"]
        assert groundwire.connection.status.state == "live"
        assert len(hub.members) == 1


async def statuses_of(groundwire: Groundwire) -> AsyncIterator[str]:
    """Yield each state, and raise why it is closed."""
    async for status in groundwire.connection.changes():
        yield status.state
        if status.state == "closed" and status.reason is not None:
            raise status.reason


async def test_a_fresh_token_of_somebody_else_is_final(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    authenticator, hub = served.groundwire.authenticator, served.groundwire.hub
    token, expires_at = await authenticator.issue_session(await authenticator.owner())
    give = Giver(token, await served.add_user("mallory"))
    async with client(served, give) as groundwire:
        await answer_of(groundwire, served.new_session())
        monkeypatch.setattr(hub, "wall", lambda: expires_at.timestamp() - 30)

        with pytest.raises(errors.Forbidden, match="somebody else"):
            _ = [status async for status in statuses_of(groundwire)]


async def test_the_same_device_that_connects_again_is_named_in_the_address(
    served: Served,
) -> None:
    async with connect(served.http, token=served.key, device_id="phone") as groundwire:
        await groundwire.conversation(served.new_session()).loaded()
        (member,) = served.groundwire.hub.members
        assert getattr(member, "socket").query_params["deviceId"] == "phone"  # noqa: B009
