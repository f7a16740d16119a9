"""Every route is in the reference of HTTP, and every route there exists."""

import re
from pathlib import Path

from starlette.routing import Route

from groundwire.transport.accounts import Accounts
from groundwire.transport.feeds import FeedDoors
from groundwire.transport.poll import Polls
from groundwire.transport.posts import Posts
from groundwire.transport.rest import Resources
from groundwire.transport.sorting import SortingDoors
from groundwire.transport.spec.doors import specification
from groundwire.transport.sse import Streams

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "http.md"
ROUTE = re.compile(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/[^`]*)`", re.MULTILINE)
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    *(("GET", route.path) for route in specification().routes()),
}


def served() -> set[tuple[str, str]]:
    """Return the routes as they are declared; who carries them out does not matter here."""
    routes = [
        *Accounts.routes(object.__new__(Accounts)),
        *Resources.routes(object.__new__(Resources)),
        *FeedDoors.routes(object.__new__(FeedDoors)),
        *SortingDoors.routes(object.__new__(SortingDoors)),
        *Streams.routes(object.__new__(Streams)),
        *Polls.routes(object.__new__(Polls)),
        *Posts.routes(object.__new__(Posts)),
    ]
    return {
        (method, f"/api/v1{route.path}") for route in routes for method in methods(route)
    } | OPEN


def methods(route: Route) -> set[str]:
    # Starlette answers HEAD wherever it answers GET.
    return {method for method in route.methods or () if method != "HEAD"}


def test_the_reference_names_every_route_and_no_other() -> None:
    assert set(ROUTE.findall(REFERENCE.read_text("utf-8"))) == served()
