"""What the routes of feeds take and answer."""

from groundwire.transport.feeds import ChangeFeed, FeedBody, FeedsBody, NewFeed
from groundwire.transport.spec.operation import Operation
from groundwire.transport.spec.schemas import Schema

_FEED = ("not_found",)
_DOCUMENTS: Schema = {
    "enum": ["remove", "keep"],
    "description": "What becomes of those that only it brought; `remove` unless it is said.",
}
FEEDS: dict[str, Operation] = {
    "POST /api/v1/workspaces/{id}/feeds": Operation(
        "addFeed",
        "A page, a site, a repository or a folder that documents are kept up with",
        FeedBody,
        201,
        takes=NewFeed,
        errors=("not_found", "conflict", "feed_failed"),
    ),
    "GET /api/v1/workspaces/{id}/feeds": Operation(
        "listFeeds", "The feeds, oldest first", FeedsBody, errors=_FEED
    ),
    "GET /api/v1/feeds/{id}": Operation(
        "getFeed", "A feed and what its last sync found", FeedBody, errors=_FEED
    ),
    "PATCH /api/v1/feeds/{id}": Operation(
        "changeFeed",
        "What of it is taken, at the next sync, or how often, 0 by hand; pause or resume it",
        FeedBody,
        takes=ChangeFeed,
        errors=("not_found", "feed_failed"),
    ),
    "DELETE /api/v1/feeds/{id}": Operation(
        "removeFeed",
        "Forget a feed; the documents that only it brought go as well, or stay",
        status=204,
        errors=(*_FEED, "invalid_field"),
        query={"documents": _DOCUMENTS},
    ),
    "POST /api/v1/feeds/{id}/sync": Operation(
        "syncFeed", "Look at the place now", FeedBody, 202, errors=(*_FEED, "conflict")
    ),
}
