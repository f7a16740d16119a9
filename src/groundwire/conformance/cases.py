"""What the cases are: data, as `spec/conformance/cases.toml` has them."""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

import groundwire

Transport = Literal["websocket", "sse", "poll"]
Client = Literal["raw", "python", "typescript"]
Needs = Literal["url", "spawn", "cluster", "external"]
Result = Literal["pass", "fail", "skip"]
TRANSPORTS: tuple[Transport, ...] = ("websocket", "sse", "poll")
CLIENTS: tuple[Client, ...] = ("raw", "python", "typescript")

_PACKAGE = Path(groundwire.__file__).parent


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule: where it has a meaning, who takes part, and what is needed to see it kept."""

    number: int
    name: str
    group: str
    needs: Needs
    on: tuple[Transport, ...]
    by: tuple[Client, ...]
    rule: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """How a case came out, once on one transport with one client; ``why`` unless it passed."""

    name: str
    transport: Transport
    client: Client
    result: Result
    why: str = ""


class _Cases(msgspec.Struct):
    case: tuple[Case, ...]


def load_cases() -> tuple[Case, ...]:
    """Return all cases by their numbers."""
    text = (spec_folder() / "conformance" / "cases.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Cases).case


def spec_folder() -> Path:
    """Return where the specification is: in the wheel, or in the checkout."""
    in_wheel = _PACKAGE / "spec"
    return in_wheel if in_wheel.exists() else _PACKAGE.parents[1] / "spec"
