"""`groundwire conformance`: the named cases of the protocol, against a server."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import msgspec

from groundwire.conformance.cases import CLIENTS, TRANSPORTS, Client, Row, Transport
from groundwire.conformance.run import run_cases
from groundwire.conformance.subject import Subject, spawn
from groundwire.model.errors import InvalidField


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are wanted; an empty list is all of them."""

    cases: Sequence[str]
    transports: Sequence[Transport]
    clients: Sequence[Client]


async def conformance(url: str | None, key: str | None, wanted: Wanted, *, as_json: bool) -> int:
    """Run the cases against ``url``, or a server of one's own; 1 if one fails."""
    if (url is None) != (key is None):
        raise InvalidField("url", "Name a URL together with --key, or neither, with --spawn.")
    async with AsyncExitStack() as stack:
        if url is None or key is None:
            subject: Subject = await stack.enter_async_context(spawn())
        else:
            subject = Subject(url.rstrip("/"), key)
        rows: list[Row] = []
        running = run_cases(
            subject,
            names=wanted.cases,
            transports=wanted.transports or TRANSPORTS,
            clients=wanted.clients or CLIENTS,
        )
        async for row in running:
            rows.append(row)
            _note(f"{row.result:4}  {row.name}  {row.transport}  {row.client}  {row.why}")
    if as_json:
        print(msgspec.json.encode({"cases": rows}).decode())  # noqa: T201
    else:
        _note(_summary(rows))
    return 1 if any(row.result == "fail" for row in rows) else 0


def _summary(rows: Sequence[Row]) -> str:
    counted = Counter(row.result for row in rows)
    return ", ".join(f"{counted[result]} {result}" for result in ("pass", "fail", "skip"))


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
