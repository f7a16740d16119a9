"""What models say in the cases, and how it is read back."""

from collections.abc import Iterable

from groundwire.conformance.seen import Frame

LONG = tuple(f"{n} 句話，" if n % 7 == 0 else f"word{n} " for n in range(120))


def text_of(events: Iterable[Frame]) -> dict[str, str]:
    """Return the text of each answer as far as ``events`` tell it."""
    texts: dict[str, str] = {}
    for event in events:
        if event["type"] == "token":
            texts[event["messageId"]] = texts.get(event["messageId"], "") + event["content"]
    return texts
