"""The reference is complete and true: what the code has, ``docs/reference`` names."""

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TypeVar, get_args

import msgspec
import pytest

from groundwire import model
from groundwire.cli import main
from groundwire.conformance.cases import load_cases
from groundwire.model.errors import GroundwireError
from groundwire.model.events import Event
from groundwire.settings import load
from groundwire.transport.frames import ClientFrame, ServerFrame

Kind = TypeVar("Kind")

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
TRANSPORT = ROOT / "src" / "groundwire" / "transport"


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
    # A class that only others derive from has its own name for a tag.
    events = [kind for kind in kinds_of(Event) if tag_of(kind) != kind.__name__]

    assert_documented(events, page("events.md"))


def test_every_frame_is_in_the_reference_with_its_fields() -> None:
    introduction, of_the_client, of_the_server, *_ = page("frames.md").split("\n## ")

    assert_documented(get_args(ClientFrame), introduction + of_the_client)
    assert_documented(get_args(ServerFrame), introduction + of_the_server)


def test_every_close_code_is_in_the_reference() -> None:
    sources = "".join(path.read_text("utf-8") for path in TRANSPORT.glob("*.py"))

    sent = set(re.findall(r"\b(?:10[01]\d|44\d\d)\b", sources))

    assert sent <= set(re.findall(r"^\| (\d{4}) \|", page("frames.md"), re.MULTILINE))


def test_every_setting_is_in_the_reference_with_what_is_built_in() -> None:
    rows = re.findall(r"^\| `GROUNDWIRE_(\w+)` \| `?(.*?)`? \|", page("settings.md"), re.MULTILINE)

    settings = load({}, {}).settings

    assert dict(rows) == {
        name.upper(): shown(getattr(settings, name)) for name in settings.__struct_fields__
    }


def shown(value: object) -> str:
    """Return a default as a person would write it."""
    if value in (None, (), {}):
        return "–"
    match value:
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:g}"
        case Path():
            return f"~/{value.relative_to(Path.home().resolve())}"
        case _:
            return str(value)


def test_every_command_is_in_the_reference_with_its_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sections = re.split(r"^## ", page("cli.md"), flags=re.MULTILINE)
    shared = in_code(sections[0]) | {"--data", "--help"}
    documented = {re.findall(r"`(.+?)`", section)[0]: in_code(section) for section in sections[1:]}

    commands = dict(options_of([], capsys))

    assert documented.keys() == commands.keys()
    assert not {
        name: missing
        for name in commands
        if (missing := commands[name] - documented[name] - shared)
    }


def test_the_page_of_results_has_every_case_and_none_that_fails() -> None:
    results = page("conformance.md")

    assert {case.name for case in load_cases()} <= in_code(results)
    assert re.search(r"cases pass, 0 fail, ", results)
    assert not re.search(r"\bfail [WSP]", results)


def options_of(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[str, set[str]]]:
    """Yield each command under ``words`` with its options, as its own help tells them."""
    with suppress(SystemExit):
        main([*words, "--help"])
    text = capsys.readouterr().out
    below = (
        re.findall(r"^    (\w+)(?:  |$)", text, re.MULTILINE)
        if re.search(r" ([A-Z]+) \.\.\.", text)
        else []
    )
    for name in below:
        yield from options_of([*words, name], capsys)
    if not below:
        yield " ".join(["groundwire", *words]), set(re.findall(r"--[a-z0-9-]+", text))


def tag_of(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


def assert_documented(kinds: Iterable[type[msgspec.Struct]], text: str) -> None:
    """Assert that ``text`` has a table row for each kind, which names its fields, and no other.

    Fields that the introduction names are common to all.
    """
    introduction, *tables = text.split("| type |")
    rows = {
        row.split("`")[1]: in_code(row) for row in re.findall(r"^\| `.*", "".join(tables), re.M)
    }
    fields = {tag_of(kind): set(kind.__struct_encode_fields__) for kind in kinds}

    assert rows.keys() == fields.keys()
    assert not {
        tag: missing
        for tag in fields
        if (missing := fields[tag] - rows[tag] - in_code(introduction))
    }


def test_the_architecture_names_tests_and_places_that_there_are() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = {word for word in in_code(text) if word.startswith("tests/")}
    assert len(named) >= 7
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
