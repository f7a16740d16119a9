"""The results as a page of documentation, so that nobody types them in."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from groundwire import __version__
from groundwire.conformance.cases import CLIENTS, TRANSPORTS, Case, Client, Row, load_cases

_WORST = ("fail", "skip", "pass")
_LETTERS = {"websocket": "W", "sse": "S", "poll": "P"}

_HEAD = """\
# Conformance

How the named cases of `spec/conformance/cases.toml` came out with Groundwire {version} on {day}.
This page is written by `groundwire conformance --spawn --markdown`; see
[commands](cli.md#groundwire-conformance).

{summary}
A case counts once, as its worst result. `raw` are frames as they are; `python` and `typescript` are
the same checks through the client libraries, whose text is compared with the server's hash at the
end of every turn. Where a client has no row the case has no meaning through it: no library sends a
broken frame. **W** is the WebSocket, **S** server-sent events, **P** long-poll.
"""


def as_page(rows: Sequence[Row]) -> str:
    """Return the page, which ends with a line break."""
    known = {case.name: case for case in load_cases()}
    day = datetime.now(UTC).date().isoformat()
    groups = dict.fromkeys(known[row.name].group for row in rows)
    parts = [_HEAD.format(version=__version__, day=day, summary=_summary(rows)), _totals(rows)]
    parts += [
        _group(group, [row for row in rows if known[row.name].group == group], known)
        for group in groups
    ]
    return "\n".join(parts)


def _summary(rows: Sequence[Row]) -> str:
    worst = Counter(_worst(each) for each in _by_name(rows).values())
    counted = Counter(row.result for row in rows)
    return (
        f"**{worst['pass']} cases pass, {worst['fail']} fail, {worst['skip']} were skipped**: "
        f"{len(rows)} rows, of which {counted['pass']} pass, {counted['fail']} fail and "
        f"{counted['skip']} were skipped.\n"
    )


def _totals(rows: Sequence[Row]) -> str:
    """Return the table of how many rows passed, failed and were skipped."""
    lines = ["| pass / fail / skip | WebSocket | SSE | long-poll |", "|---|---|---|---|"]
    for client in CLIENTS:
        cells: list[str] = []
        for transport in TRANSPORTS:
            of = (client, transport)
            here = [row.result for row in rows if (row.client, row.transport) == of]
            cells.append(" / ".join(str(here.count(each)) for each in ("pass", "fail", "skip")))
        lines.append(f"| `{client}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _group(group: str, rows: Sequence[Row], known: dict[str, Case]) -> str:
    passed = sum(_worst(each) == "pass" for each in _by_name(rows).values())
    head = f"## {group.capitalize()}: {passed} of {len(_by_name(rows))} pass\n"
    lines = [head, "| case | raw | python | typescript |", "|---|---|---|---|"]
    for name, each in _by_name(rows).items():
        cells = [_cell(each, client) for client in CLIENTS]
        lines.append(f"| `{name}`: {known[name].rule} | {' | '.join(cells)} |")
    notes = dict.fromkeys(row.why for row in rows if row.result == "skip")
    told = [f"\nSkipped: {' '.join(notes)}"] if notes else []
    failed = [f"- `{row.name}`, {row.transport}, {row.client}: {row.why}" for row in _failed(rows)]
    return "\n".join([*lines, *told, *(["", *failed] if failed else [])]) + "\n"


def _cell(rows: Iterable[Row], client: Client) -> str:
    results = {row.transport: row.result for row in rows if row.client == client}
    by_result = {
        result: " ".join(_LETTERS[each] for each in TRANSPORTS if results.get(each) == result)
        for result in ("pass", "fail", "skip")
    }
    return "; ".join(f"{result} {letters}" for result, letters in by_result.items() if letters)


def _failed(rows: Sequence[Row]) -> Iterator[Row]:
    return (row for row in rows if row.result == "fail")


def _by_name(rows: Sequence[Row]) -> dict[str, list[Row]]:
    names: dict[str, list[Row]] = {}
    for row in rows:
        names.setdefault(row.name, []).append(row)
    return names


def _worst(rows: Iterable[Row]) -> str:
    return min((row.result for row in rows), key=_WORST.index)
