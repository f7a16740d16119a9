"""A filter as a condition on the table of documents."""

from collections.abc import Iterator, Sequence

import msgspec

from groundwire.adapters.embedded.store import Value
from groundwire.model.document_types import NAMED, DocumentType, ends_of
from groundwire.model.filters import Filter
from groundwire.model.ids import WorkspaceId

_AMONG = "(SELECT value FROM json_each(?))"
# What follows the last dot of a name, or a name without one: as `ends_of` tells it.
_END = "lower(replace(title, rtrim(title, replace(title, '.', '')), ''))"
_DATED = "ifnull(dated_at, created_at)"


def condition(workspace: WorkspaceId, filter: Filter) -> tuple[str, list[Value]]:
    """Return what a row must meet, and the values that are bound in it."""
    criteria = [("workspace = ?", [workspace]), *_criteria(filter)]
    return (
        " AND ".join(criterion for criterion, _ in criteria),
        [value for _, values in criteria for value in values],
    )


def _criteria(filter: Filter) -> Iterator[tuple[str, list[Value]]]:
    if filter.documents:
        yield f"id IN {_AMONG}", [_json(filter.documents)]
    if filter.tags:
        tagged = f"SELECT document FROM document_tags WHERE tag IN {_AMONG}"
        yield f"id IN ({tagged})", [_json(filter.tags)]
    if filter.collections:
        collected = f"SELECT document FROM collected WHERE collection IN {_AMONG}"
        yield f"id IN ({collected})", [_json(filter.collections)]
    if filter.types:
        yield _of_types(filter.types)
    # Times are stored in UTC, and compare as texts do.
    if filter.since is not None:
        yield f"{_DATED} >= ?", [filter.since.isoformat()]
    if filter.until is not None:
        yield f"{_DATED} < ?", [filter.until.isoformat()]


def _of_types(types: Sequence[DocumentType]) -> tuple[str, list[Value]]:
    ends = [end for type in types for end in ends_of(type)]
    if "text" not in types:
        return f"{_END} IN {_AMONG}", [_json(ends)]
    others = [end for end in NAMED if end not in ends]
    return f"{_END} NOT IN {_AMONG}", [_json(others)]


def _json(values: Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()
