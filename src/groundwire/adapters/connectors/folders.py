"""Which folders of this machine may be read: those that the operator named, and what is in them."""

from collections.abc import Iterable
from pathlib import Path

from groundwire.model.errors import FeedFailed, InvalidField

_NO_PATH = "Give the whole path of the folder, as in `/srv/documents`."


class Folders:
    """``allowed`` are folders; links are followed before anything is compared."""

    def __init__(self, allowed: Iterable[Path]) -> None:
        self._allowed = tuple(allowed)

    def find(self, address: str) -> Path:
        """Return where the folder really is.

        Raises ``InvalidField`` for what is no whole path, and ``FeedFailed`` for a folder that is
        not allowed. It may not be there.
        """
        try:
            found = Path(address).resolve()
            allowed = [each.resolve() for each in self._allowed]
        except (ValueError, OSError, RuntimeError) as error:
            raise InvalidField("address", _NO_PATH) from error
        if not Path(address).is_absolute():
            raise InvalidField("address", _NO_PATH)
        if not any(found.is_relative_to(each) for each in allowed):
            raise FeedFailed(
                "not_allowed",
                "This folder may not be read. Have it allowed by the setting GROUNDWIRE_FOLDERS.",
            )
        return found
