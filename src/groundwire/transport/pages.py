"""Parts of a log that are small enough to be sent at once."""

from collections.abc import Iterable

from groundwire.model.events import Recorded

PAGE_BYTES = 524_288


def fitting(events: Iterable[Recorded]) -> list[Recorded]:
    """Return the first of ``events`` that are a page together: one at least, if there is one."""
    page: list[Recorded] = []
    size = 0
    for recorded in events:
        size += len(recorded.data)
        if page and size > PAGE_BYTES:
            break
        page.append(recorded)
    return page
