"""The reference is complete and true: what the code has, ``docs/reference`` names."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from groundwire import model
from groundwire.model.errors import GroundwireError
from groundwire.model.events import Event

Kind = TypeVar("Kind")

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


def in_code(text: str) -> set[str]:
    """Return every word that a Markdown text sets as code."""
    return set(re.findall(r"`([^`\n]+)`", text))


def kinds_of(base: type[Kind]) -> Iterator[type[Kind]]:
    yield base
    for child in base.__subclasses__():
        if child.__module__.startswith("groundwire."):  # and not made by another test
            yield from kinds_of(child)


def import_all(package: ModuleType) -> None:
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)


def test_every_error_code_is_in_the_reference_with_its_status_and_whether_to_retry() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (yes|no) \|", page("errors.md"), re.MULTILINE)
    documented = {(code, int(status), retry == "yes") for code, status, retry in rows}

    raised = {(kind.code, kind.status, kind.retryable) for kind in kinds_of(GroundwireError)}

    assert {code for code, *_ in documented} == {code for code, *_ in raised}
    assert documented <= raised


def test_every_event_type_is_in_the_reference_with_its_fields() -> None:
    import_all(model)
    introduction, *tables = page("events.md").split("\n| type |")
    rows = {
        row.split("`")[1]: in_code(row) for row in re.findall(r"^\| `.*", "".join(tables), re.M)
    }

    fields = {
        tag: set(kind.__struct_encode_fields__) - in_code(introduction)
        for kind in kinds_of(Event)
        # A class that only others derive from has its own name for a tag.
        if (tag := str(kind.__struct_config__.tag)) != kind.__name__
    }

    assert rows.keys() == fields.keys()
    assert not {tag: missing for tag in fields if (missing := fields[tag] - rows[tag])}
