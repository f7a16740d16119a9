"""The connectors by the kinds of places that they read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from groundwire.adapters.connectors.folder import FolderConnector
from groundwire.adapters.connectors.folders import Folders
from groundwire.adapters.connectors.repository import RepositoryConnector
from groundwire.adapters.connectors.site import SiteConnector
from groundwire.adapters.network.web import Limits, Web
from groundwire.model.feeds import FeedKind
from groundwire.ports.connector import Connector

# A page is held in memory as a whole.
PAGES = Limits(wall_s=60.0, page_bytes=32 * 1024 * 1024)
# One commit of a repository, packed; it lies on the disk meanwhile.
PACKS = Limits(wall_s=900.0, page_bytes=512 * 1024 * 1024)


def make_connectors(
    folders: Sequence[Path], hosts: Sequence[str], *, limit_bytes: int
) -> Mapping[FeedKind, Connector]:
    """Make those that there are; they hold nothing that must be closed.

    ``folders`` of this machine may be read, and ``hosts`` that are not on the public internet.
    """
    readable = Folders(folders)
    site = SiteConnector(Web(allowed=hosts, limits=PAGES))
    return {
        "page": site,
        "site": site,
        "repository": RepositoryConnector(readable, Web(allowed=hosts, limits=PACKS)),
        "folder": FolderConnector(readable, limit_bytes=limit_bytes),
    }
