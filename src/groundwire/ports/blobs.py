from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import NamedTuple, Protocol


class Blob(NamedTuple):
    digest: str
    """SHA-256 of the bytes, lower-case hex."""
    size_bytes: int


class Blobs(Protocol):
    """Uploaded bytes by their digest; durable once ``put`` returns."""

    async def put(self, content: AsyncIterator[bytes], *, limit_bytes: int) -> Blob:
        """Store ``content`` as it comes, without holding it in memory.

        Raises ``TooLarge`` past ``limit_bytes`` and then keeps nothing.
        """
        ...

    def path(self, digest: str) -> Path:
        """Return where the bytes are; raises ``NotFound``."""
        ...

    async def remove(self, digest: str) -> None: ...

    async def list(self) -> Collection[str]:
        """Return the digests of all that is stored."""
        ...
