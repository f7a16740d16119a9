"""What the routes of feeds take and answer."""

from groundwire.transport.feeds import ChangeFeed, FeedBody, FeedsBody, NewFeed
from groundwire.transport.spec.operation import Operation

_FEED = ("not_found",)
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
        "What of it is taken, at the next sync, or how often; 0 is by hand",
        FeedBody,
        takes=ChangeFeed,
        errors=("not_found", "feed_failed"),
    ),
    "DELETE /api/v1/feeds/{id}": Operation(
        "removeFeed",
        "Forget a feed; the documents that only it brought go as well",
        status=204,
        errors=_FEED,
    ),
    "POST /api/v1/feeds/{id}/sync": Operation(
        "syncFeed", "Look at the place now", FeedBody, 202, errors=_FEED
    ),
}
