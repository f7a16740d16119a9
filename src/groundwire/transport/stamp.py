"""The time as it stands on the wire."""

from datetime import UTC, datetime


def stamp() -> str:
    """Return the time in RFC 3339, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
