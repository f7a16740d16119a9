"""Who is let in, and how the others are told."""

import base64
import json

import aiohttp

from groundwire.conformance.cases import Transport
from groundwire.conformance.door import Met, expect, knock
from groundwire.conformance.subject import Subject
from groundwire.conformance.trial import Trial, check

PROTOCOL = "groundwire.v1"
_PAST, _FUTURE = 1_000_000_000, 4_000_000_000


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def encoded(value: object) -> str:
    raw = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


async def new_ticket(subject: Subject) -> str:
    url = f"{subject.url}/api/v1/tickets"
    async with aiohttp.ClientSession() as http, http.post(url, headers=bearer(subject.key)) as made:
        body = await made.json()
    return str(body["ticket"])


def expect_in(met: Met) -> None:
    expect(met.is_let_in, "it should be let in", met)


def expect_unauthorized(met: Met, code: str = "unauthorized") -> None:
    expect(met.status == 401 and met.code == code, f"it should be 401 {code}", met)


async def expect_refused(
    transport: Transport, subject: Subject, token: str, code: str = "unauthorized"
) -> None:
    expect_unauthorized(await knock(transport, subject, headers=bearer(token)), code)


@check("hs_header_ok")
async def header_ok(trial: Trial) -> None:
    headers = bearer(trial.subject.key)
    expect_in(await knock(trial.transport, trial.subject, headers=headers))


@check("hs_query_ok")
async def query_ok(trial: Trial) -> None:
    expect_in(await knock(trial.transport, trial.subject, query={"token": trial.subject.key}))


@check("hs_ticket_single_use")
async def ticket_single_use(trial: Trial) -> None:
    query = {"ticket": await new_ticket(trial.subject)}
    expect_in(await knock(trial.transport, trial.subject, query=query))
    expect_unauthorized(await knock(trial.transport, trial.subject, query=query))


@check("hs_ticket_expired")
async def ticket_expired(trial: Trial) -> None:
    node = await trial.spawn()
    query = {"ticket": await new_ticket(node)}
    await node.order("advance", seconds=31)
    expect_unauthorized(await knock(trial.transport, node, query=query))


@check("hs_subprotocol_bearer_not_echoed")
async def subprotocol_bearer(trial: Trial) -> None:
    offered = [PROTOCOL, f"bearer.{encoded(trial.subject.key)}"]
    met = await knock(trial.transport, trial.subject, subprotocols=offered)
    expect_in(met)
    expect(met.subprotocol == PROTOCOL, f"{PROTOCOL} alone should be agreed to", met)


@check("hs_no_subprotocol_ok")
async def no_subprotocol(trial: Trial) -> None:
    met = await knock(trial.transport, trial.subject, headers=bearer(trial.subject.key))
    expect_in(met)
    expect(met.subprotocol is None, "no sub-protocol should be agreed to", met)


@check("hs_no_token_401")
async def no_token(trial: Trial) -> None:
    expect_unauthorized(await knock(trial.transport, trial.subject))


@check("hs_browser_bad_token_4401_with_error_frame")
async def browser_bad_token(trial: Trial) -> None:
    headers = {"Origin": trial.subject.url}
    met = await knock(trial.transport, trial.subject, query={"token": "gw_bad"}, headers=headers)
    expect(met.status == 101, "a browser should be accepted first", met)
    expect(met.close_code == 4401 and met.code == "unauthorized", "then told and closed 4401", met)


@check("hs_alg_none_rejected")
async def alg_none(trial: Trial) -> None:
    token = await trial.node.order("session", key=trial.subject.key)
    _, claims, _ = token.split(".")
    forged = f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{claims}."
    await expect_refused(trial.transport, trial.subject, forged)


@check("hs_expired_token")
async def expired_token(trial: Trial) -> None:
    token = await trial.node.order("token", key=trial.subject.key, claims={"exp": _PAST})
    await expect_refused(trial.transport, trial.subject, token, "token_expired")


@check("hs_wrong_aud")
async def wrong_audience(trial: Trial) -> None:
    claims = {"aud": "somebody else", "exp": _FUTURE}
    token = await trial.node.order("token", key=trial.subject.key, claims=claims)
    await expect_refused(trial.transport, trial.subject, token)


@check("hs_bad_origin_403")
async def bad_origin(trial: Trial) -> None:
    await _expect_forbidden(trial, {"Origin": "https://evil.example"})


@check("hs_origin_null_403")
async def origin_null(trial: Trial) -> None:
    await _expect_forbidden(trial, {"Origin": "null"})


@check("hs_bad_host_rebinding")
async def bad_host(trial: Trial) -> None:
    await _expect_forbidden(trial, {"Host": "evil.example"})


async def _expect_forbidden(trial: Trial, headers: dict[str, str]) -> None:
    met = await knock(
        trial.transport, trial.subject, headers={**bearer(trial.subject.key), **headers}
    )
    expect(met.status == 403, "it should be 403", met)


@check("hs_first_message_auth_timeout_4408")
async def first_message_timeout(trial: Trial) -> None:
    node = await trial.spawn()
    options = {"subject": node, "key": "", "query": {"auth": "frame"}}
    reader = await trial.wire(node.new_session(), **options)
    await node.order("advance", seconds=11)
    ended = await reader.ended()
    met = Met(101, reader.frames, ended.code)
    expect(ended.code == 4408 and met.code is not None, "it should be told and closed 4408", met)


@check("hs_version_unsupported_4406")
async def version_unsupported(trial: Trial) -> None:
    met = await knock(
        trial.transport,
        trial.subject,
        headers=bearer(trial.subject.key),
        subprotocols=["groundwire.v999"],
    )
    expect(
        met.close_code == 4406 and met.code == "unsupported_version",
        "it should be told and closed 4406",
        met,
    )


@check("hs_connection_cap_node_503")
async def connection_cap(trial: Trial) -> None:
    node = await trial.spawn(limits="on", connections=2)
    session = await trial.begun(node)
    for _ in range(2):
        await (await trial.wire(session, subject=node)).next("ready")
    met = await knock(trial.transport, node, headers=bearer(node.key), session=session)
    expect(met.status == 503 and met.code == "overloaded", "a full node should answer 503", met)


@check("hs_cap_released_after_abrupt_kill")
async def cap_released(trial: Trial) -> None:
    # One place for the reader, one for who knocks.
    node = await trial.spawn(limits="on", connections=2)
    session = await trial.begun(node)
    for _ in range(4):
        reader = await trial.wire(session, subject=node)
        await reader.next("ready")
        reader.cut()
        await trial.until_let_in(node, session)


@check("token_not_in_logs")
async def token_not_in_logs(trial: Trial) -> None:
    node = await trial.spawn(log_level="debug")
    ticket = await new_ticket(node)
    for query in ({"token": node.key}, {"ticket": ticket}, {"token": "gw_secretsecret"}):
        await knock(trial.transport, node, query=query)
    await knock(trial.transport, node, headers=bearer(node.key))
    logged = node.read_log()
    secrets = (node.key.removeprefix("gw_"), ticket, "secretsecret")
    for secret in secrets:
        expect(secret not in logged, "no token should be in the log", Met(0, body=secret[:4]))
