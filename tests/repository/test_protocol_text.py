"""``spec/PROTOCOL.md`` tells of every message, field, error and close code, and of no other."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from groundwire.model.errors import GroundwireError
from groundwire.transport.spec.documents import FOLDER
from groundwire.transport.spec.meanings import read_meanings, type_text
from groundwire.transport.spec.schemas import wire_schemas
from tests.support.specified import check_as, examples

TEXT = (FOLDER / "PROTOCOL.md").read_text("utf-8")
MEANINGS = read_meanings(TEXT)
SCHEMAS = {name: schema for name, schema in wire_schemas().items() if "oneOf" not in schema}
Told = tuple[set[str], bool]


def test_every_message_and_every_shape_has_a_section() -> None:
    assert MEANINGS.keys() == SCHEMAS.keys()
    assert [name for name, meaning in MEANINGS.items() if not meaning.summary] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_section_names_the_fields_with_their_types_and_whether_they_may_be_left_out(
    name: str,
) -> None:
    meaning = MEANINGS[name]
    told = {
        field: (set(words.type.split(" or ")), words.is_optional)
        for field, words in (meaning.shared | meaning.fields).items()
    }
    expected = {field: told_of(SCHEMAS[name], field) for field in SCHEMAS[name]["properties"]}

    assert meaning.fields.keys() <= expected.keys()
    assert expected.keys() <= told.keys() | {"type"}
    assert {field: told[field] for field in expected if field != "type"} == {
        field: value for field, value in expected.items() if field != "type"
    }


def told_of(schema: dict[str, Any], field: str) -> Told:
    """A field that may be left out may be null as well; the text says so once."""
    is_optional = field not in schema["required"]
    types = set(type_text(schema["properties"][field]).split(" or "))
    return types - {"null"} if is_optional else types, is_optional


def test_every_message_has_an_example_and_examples_are_what_they_are_of() -> None:
    found = list(examples())
    for name, example in found:
        check_as(name, example)

    # The last one is a problem over HTTP.
    assert len(re.findall(r"^```json$", TEXT, re.MULTILINE)) == len(found) + 1
    assert {name for name, _ in found} >= {
        name for name in SCHEMAS if name.endswith(("Command", "Frame", "Event"))
    }


def test_the_errors_are_those_there_are_with_their_status_and_whether_to_try_again() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (yes|no) \|", TEXT, re.MULTILINE)

    told = {(code, int(status), again == "yes") for code, status, again in rows}

    raised = {(kind.code, kind.status, kind.retryable) for kind in kinds_of(GroundwireError)}
    assert {code for code, *_ in told} == {code for code, *_ in raised}
    assert told <= raised


def kinds_of(kind: type[GroundwireError]) -> Iterator[type[GroundwireError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from kinds_of(child)


def test_every_close_code_says_whether_to_connect_again() -> None:
    transport = FOLDER.parent / "src" / "groundwire" / "transport"
    sources = "".join(path.read_text("utf-8") for path in transport.glob("*.py"))

    sent = set(re.findall(r"\b(?:10[01]\d|44\d\d)\b", sources))

    assert sent <= set(re.findall(r"^\| (\d{4}) \| .+ \| .+ \|$", TEXT, re.MULTILINE))
