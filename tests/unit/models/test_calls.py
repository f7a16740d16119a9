"""What endpoints make of OpenAI's pieces of tool calls, and what is read from them."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwire.adapters.models.calls import (
    MAX_CALLS,
    MAX_INPUT_CHARACTERS,
    UNREADABLE,
    CallReader,
    Piece,
    read_input,
    refuses_tools,
)
from groundwire.model.errors import ModelUnavailable
from groundwire.ports.chat_model import Call, ChatRequest, Message

REQUEST = ChatRequest(messages=(Message(role="user", content="Read it."),), question="Read it.")


def calls_of(*pieces: dict[str, object], request: ChatRequest = REQUEST) -> tuple[Call, ...]:
    reader = CallReader(request)
    for piece in pieces:
        reader.take(msgspec.convert([piece], list[Piece]))
    return reader.calls()


def piece(
    arguments: object = None,
    *,
    name: str | None = None,
    id: str | None = None,
    index: int | None = None,
) -> dict[str, object]:
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": id, "type": "function", "function": function}


TWO = [("a", "read", {"x": 1}), ("b", "read", {"x": 2})]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(
            [
                piece("", name="read", id="a", index=0),
                piece('{"x"', index=0),
                piece(": 1}", index=0),
                piece("", name="read", id="b", index=1),
                piece('{"x": 2}', index=1),
            ],
            id="as OpenAI has it",
        ),
        pytest.param(
            [
                piece("", name="read", id="a", index=0),
                piece("", name="read", id="b", index=1),
                piece('{"x"', index=0),
                piece('{"x": 2}', index=1),
                piece(": 1}", index=0),
            ],
            id="interleaved",
        ),
        pytest.param(
            [
                piece('{"x": 1}', name="read", id="a", index=0),
                piece('{"x": 2}', name="read", id="b", index=0),
            ],
            id="whole, all at index 0",
        ),
        pytest.param(
            [piece('{"x": 1}', name="read", id="a"), piece('{"x": 2}', name="read", id="b")],
            id="whole, without an index",
        ),
        pytest.param(
            [
                piece('{"x"', name="read", id="a"),
                piece(": 1}"),
                piece("", name="read", id="b"),
                piece('{"x": 2}'),
            ],
            id="pieces without an index",
        ),
        pytest.param(
            [
                piece('{"x"', name="read", id="a", index=0),
                piece(": 1}", name="read", id="a", index=0),
                piece("", name="read", id="a", index=0),
                piece('{"x": 2}', name="read", id="b", index=1),
            ],
            id="name and id with each piece",
        ),
        pytest.param(
            [piece({"x": 1}, name="read", id="a"), piece({"x": 2}, name="read", id="b")],
            id="the input as an object",
        ),
    ],
)
def test_calls_are_put_together_however_they_are_cut(pieces: list[dict[str, object]]) -> None:
    assert [(call.id, call.name, call.input) for call in calls_of(*pieces)] == TWO


@pytest.mark.parametrize("index", [None, 0])
def test_whole_calls_without_an_id_are_told_apart_and_get_one(index: int | None) -> None:
    first, second = calls_of(
        piece('{"x": 1}', name="read", index=index), piece('{"x": 2}', name="read", index=index)
    )

    assert [first.input, second.input] == [{"x": 1}, {"x": 2}]
    assert len(first.id) == len(second.id) == 9
    assert first.id != second.id


def test_an_id_that_another_call_has_is_replaced() -> None:
    earlier = Message(
        role="assistant", content="", calls=(Call(id="call_0", name="read", input={}),)
    )
    request = msgspec.structs.replace(REQUEST, messages=(*REQUEST.messages, earlier))

    first, second, third = calls_of(
        piece("{}", name="read", id="call_0", index=0),
        piece("{}", name="read", id="call_1", index=1),
        piece("{}", name="read", id="call_1", index=2),
        request=request,
    )

    assert second.id == "call_1"
    assert len({"call_0", first.id, second.id, third.id}) == 4


@pytest.mark.parametrize("arguments", ["", "  \n", None, "{}", {}])
def test_a_call_without_arguments_has_an_empty_input(arguments: object) -> None:
    (call,) = calls_of(piece(arguments, name="now", id="a", index=0))

    assert call == Call(id="a", name="now", input={})


@pytest.mark.parametrize(
    "arguments",
    ['{"x": ', "{'x': 1}", "[1]", '"x"', "null", "x", '{"x": NaN}', '{"x": 1e999}', "[" * 99999],
    ids=lambda arguments: str(arguments)[:10],
)
def test_an_input_that_is_no_object_is_said_to_be_none(arguments: str) -> None:
    (call,) = calls_of(piece(arguments, name="read", id="a", index=0))

    assert call == Call(id="a", name="read", input={}, problem=UNREADABLE)


def test_a_call_of_no_tool_is_an_error() -> None:
    with pytest.raises(ModelUnavailable, match="which"):
        calls_of(piece('{"x": 1}', id="a", index=0))


@pytest.mark.parametrize(
    "pieces",
    [
        [piece("{}", name="read", index=n) for n in range(MAX_CALLS + 1)],
        [piece("x" * 1000, name="read", index=0)] * (MAX_INPUT_CHARACTERS // 1000 + 1),
    ],
    ids=["calls", "characters"],
)
def test_more_than_a_model_means_is_an_error(pieces: list[dict[str, object]]) -> None:
    with pytest.raises(ModelUnavailable, match="more tools"):
        calls_of(*pieces)


def test_what_cannot_be_stored_is_replaced_in_an_input() -> None:
    assert read_input(r'{"\u0000": "a\u0000b", "half": ["\ud83d"], "path": "C:\\u0000"}') == {
        "\ufffd": "a\ufffdb",
        "half": ["\ufffd"],
        "path": r"C:\u0000",
    }


def test_halves_of_a_character_in_two_pieces_are_joined() -> None:
    (call,) = calls_of(
        piece('{"x": "\ud83d', name="read", id="a", index=0), piece('\ude00"}', index=0)
    )

    assert call.input == {"x": "😀"}


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())), st.data())
def test_cuts_do_not_change_what_is_read(input: dict[str, object], data: st.DataObject) -> None:
    text = json.dumps(input)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    whole, cut = (
        calls_of(piece(first, name="read", id="a", index=0), *(piece(p, index=0) for p in rest))[0]
        for first, *rest in ([text], pieces)
    )

    assert cut == whole
    assert cut.problem is None


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("registry.ollama.ai/library/gemma:2b does not support tools", True),
        ("tools param requires --jinja flag", True),
        ("Unsupported param: tools", True),
        ('"auto" tool choice requires --enable-auto-tool-choice and a parser to be set', True),
        ("No endpoints found that support tool use.", True),
        ("`tool calling` is not supported with this model", True),
        ("Failed to call a function. Please adjust your prompt. (tool_use_failed)", False),
        ("Failed to parse tool call arguments as JSON", False),
        ("model runner has unexpectedly stopped", False),
        ("images are not supported", False),
    ],
)
def test_a_refusal_of_tools_is_told_from_other_complaints(said: str, refused: bool) -> None:
    assert refuses_tools(said) is refused
