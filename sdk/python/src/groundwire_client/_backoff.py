"""How long to wait before the next try."""

import random


def backoff_s(attempt: int, *, ceiling_s: float = 15.0, spread: float | None = None) -> float:
    """Return a random part of a span that grows with ``attempt``, which counts from 0.

    Full jitter spreads the clients of a server that comes back over the whole span, where a
    fixed delay would bring them all in one moment. The first attempt waits for at most 250 ms,
    any for at most ``ceiling_s``. ``spread`` in [0, 1) stands in for the chance.

    Source: Brooker, "Exponential backoff and jitter", 2015.
    """
    chance = random.random() if spread is None else spread  # noqa: S311 - no secret is made of it
    return chance * min(ceiling_s, 0.25 * 2.0 ** min(attempt, 16))
