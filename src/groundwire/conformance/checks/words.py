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


def joined(events: Iterable[Frame]) -> list[Frame]:
    """Return ``events`` with the pieces of a text that follow on each other as one.

    A reader that is a little behind may be sent some of them merged; they are the same events.
    """
    whole: list[Frame] = []
    for event in events:
        piece = {key: value for key, value in event.items() if key != "covers"}
        if whole and _goes_on(whole[-1], piece):
            before = whole.pop()
            piece |= {"offset": before["offset"], "content": before["content"] + piece["content"]}
        whole.append(piece)
    return whole


def _goes_on(one: Frame, next: Frame) -> bool:
    is_text = one["type"] == next["type"] == "token"
    return is_text and one["messageId"] == next["messageId"]
