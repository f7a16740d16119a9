"""What a model is to say, as data: the steps of `ScriptedModel` in JSON."""

import asyncio
from collections.abc import Sequence
from typing import Any

from groundwire.adapters.models.scripted import Fail, Hang, Pause, Say, Step, Use, WaitFor
from groundwire.model.errors import ModelUnavailable, UpstreamTimeout

Script = Sequence[str | dict[str, Any]]
"""Texts to say; or one of ``{"reason": text}``, ``{"wait": name}``, ``{"pause": seconds}``,
``{"fail": "model_unavailable" | "upstream_timeout"}``, ``{"hang": true}``, and
``{"use": tool, "input": {…}}``."""

_FAILURES = {
    "model_unavailable": ModelUnavailable("The model is down. Try again."),
    "upstream_timeout": UpstreamTimeout("The model fell silent. Try again."),
}


def steps_of(script: Script, events: dict[str, asyncio.Event]) -> list[Step]:
    """Return the steps; a ``wait`` waits for the event of its name."""
    return [step if isinstance(step, str) else _step(step, events) for step in script]


def _step(step: dict[str, Any], events: dict[str, asyncio.Event]) -> Step:
    match step:
        case {"reason": text}:
            return Say(text, reasoning=True)
        case {"wait": name}:
            return WaitFor(events.setdefault(name, asyncio.Event()))
        case {"pause": seconds}:
            return Pause(seconds)
        case {"fail": code}:
            return Fail(_FAILURES[code])
        case {"hang": True}:
            return Hang()
        case {"use": tool}:
            return Use(tool, step.get("input", {}))
        case _:
            raise ValueError(f"no such step: {step}")
