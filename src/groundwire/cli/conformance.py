"""`groundwire conformance`: the named cases of the protocol, against a server."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext

import msgspec

from groundwire.conformance.cases import Row
from groundwire.conformance.page import as_page
from groundwire.conformance.run import Wanted, run_cases
from groundwire.conformance.subject import Subject, spawn
from groundwire.model.errors import InvalidField

LANES = 3
"""A case waits more than it works: two cores are busy with so many."""


async def conformance(url: str | None, key: str | None, wanted: Wanted, form: str | None) -> int:
    """Run the cases against ``url``, or servers of one's own; 1 if one fails.

    ``form`` is what is printed: ``json``, ``markdown`` or, on standard error, a sentence.
    """
    if (url is None) != (key is None):
        raise InvalidField("url", "Name a URL together with --key, or neither, with --spawn.")
    if url is None or key is None:
        rows = await run_cases(spawn, wanted, _tell, lanes=LANES)
    else:
        subject = Subject(url.rstrip("/"), key)
        rows = await run_cases(lambda: nullcontext(subject), wanted, _tell)
    if form == "json":
        print(msgspec.json.encode({"cases": rows}).decode())  # noqa: T201
    elif form == "markdown":
        print(as_page(rows), end="")  # noqa: T201
    else:
        _note(_summary(rows))
    return 1 if any(row.result == "fail" for row in rows) else 0


def _tell(row: Row) -> None:
    _note(f"{row.result:4}  {row.name}  {row.transport}  {row.client}  {row.why}")


def _summary(rows: Sequence[Row]) -> str:
    counted = Counter(row.result for row in rows)
    return ", ".join(f"{counted[result]} {result}" for result in ("pass", "fail", "skip"))


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
