"""What goes wrong on the way out, as a feed tells it."""

from collections.abc import Generator
from contextlib import contextmanager

from groundwire.adapters.network.web import Answer, NotPublic, PageTooLarge
from groundwire.model.errors import FeedFailed, ToolUnusable


@contextmanager
def explained() -> Generator[None]:
    """Raise ``FeedFailed`` for whatever the way out says."""
    try:
        yield
    except NotPublic as error:
        raise FeedFailed("not_allowed", error.message) from error
    except PageTooLarge as error:
        raise FeedFailed("too_large", error.message) from error
    except ToolUnusable as error:
        raise FeedFailed("unreachable", error.message, passes=True) from error


def complaint(answer: Answer) -> FeedFailed:
    """Return why an answer that brought nothing did not."""
    host, status = answer.url.host, answer.status
    if status in (404, 410):
        return FeedFailed("not_found", f"There is no such page at {host}.")
    if status == 429 or status >= 500:
        return FeedFailed("unreachable", f"{host} cannot answer now ({status}).", passes=True)
    return FeedFailed("refused", f"{host} does not show this to everybody ({status}).")
