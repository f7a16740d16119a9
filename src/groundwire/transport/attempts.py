"""How often somebody may try a password, or command something over HTTP."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from groundwire.model.errors import RateLimited

TRIES = 10
WINDOW_S = 60.0
MAX_PEERS = 10_000


@dataclass(slots=True)
class Attempts:
    """Counts the ``tries`` that each peer has in a minute; ``clock`` is in seconds."""

    clock: Callable[[], float]
    enforced: bool = True
    tries: int = TRIES
    _tries: dict[str, deque[float]] = field(default_factory=dict[str, deque[float]])

    def check(self, peer: str) -> None:
        """Count a try. Raises ``RateLimited``."""
        if not self.enforced:
            return
        now = self.clock()
        if len(self._tries) > MAX_PEERS:
            self._tries.clear()
        tries = self._tries.setdefault(peer, deque())
        while tries and tries[0] < now - WINDOW_S:
            tries.popleft()
        if len(tries) >= self.tries:
            raise RateLimited(int((tries[0] + WINDOW_S - now) * 1000))
        tries.append(now)

    def forgive(self, peer: str) -> None:
        self._tries.pop(peer, None)
