"""`groundwire conformance`: the named cases of the protocol, against a server."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack

import msgspec

from groundwire.conformance.cases import Row
from groundwire.conformance.run import run_cases
from groundwire.conformance.subject import Subject, spawn
from groundwire.model.errors import InvalidField


async def conformance(
    url: str | None, key: str | None, *, names: Sequence[str], as_json: bool
) -> int:
    """Run the cases against ``url``, or a server of one's own; 1 if one fails."""
    if (url is None) != (key is None):
        raise InvalidField("url", "Name a URL together with --key, or neither, with --spawn.")
    async with AsyncExitStack() as stack:
        if url is None or key is None:
            subject: Subject = await stack.enter_async_context(spawn())
        else:
            subject = Subject(url.rstrip("/"), key)
        rows: list[Row] = []
        async for row in run_cases(subject, names=names):
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
