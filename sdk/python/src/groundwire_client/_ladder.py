"""Which transport to use next. Pure: the caller says what happened, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

TransportName = Literal["websocket", "sse", "poll"]

QUICK_FAILURES = 2
"""After so many quick failures in a row the transport, not the network, is to blame."""

CLIMB_S = 30.0
CLIMB_AT_MOST_S = 600.0


@dataclass(slots=True)
class Ladder:
    """The transports, the best first, and the rung that is stood on.

    A failure is quick when the connection ended early and without a word of the server.
    """

    names: Sequence[TransportName]
    climb_s: float = CLIMB_S
    _at: int = field(default=0, init=False)
    _failures: int = field(default=0, init=False)

    @property
    def current(self) -> TransportName:
        return self.names[self._at]

    @property
    def better(self) -> Sequence[TransportName]:
        return self.names[: self._at]

    def failed(self) -> None:
        """Note a quick failure; below the last rung is the first one again."""
        self._failures += 1
        if self._failures >= QUICK_FAILURES and len(self.names) > 1:
            self._failures = 0
            self._at = (self._at + 1) % len(self.names)

    def held(self) -> None:
        """Note that the transport did its work."""
        self._failures = 0

    def climb(self, name: TransportName) -> None:
        """Go up to a rung that seems to hold; if it does not, the next look is later."""
        self._at = self.names.index(name)
        self._failures = 0
        self.stay()

    def stay(self) -> None:
        """Note that no better rung holds yet; the next look is later."""
        self.climb_s = min(self.climb_s * 2, CLIMB_AT_MOST_S)
