"""What msgspec says of a value that is not as its type asks, as a field and a reason."""

import re

import msgspec

_PLACE = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `([^`]*)`$")


def field_and_reason(error: msgspec.ValidationError) -> tuple[str, str]:
    """Return which field is refused, as in ``a.b``, or an empty one for the whole, and why.

    The reason begins with a capital and has no full stop.
    """
    said = str(error)
    place = _PLACE.search(said)
    field, reason = (place[1], said[: place.start()]) if place else ("", said)
    if missing := _MISSING.match(reason):
        return f"{field}.{missing[1]}".lstrip("."), "This field is required"
    return field, reason
