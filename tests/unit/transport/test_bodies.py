import pytest
from starlette.requests import Request
from starlette.types import Message

from groundwire.model.errors import BadJson, InvalidField
from groundwire.transport.bodies import NewKey, read_body


def posted(body: bytes) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def test_a_body_is_read_as_its_type() -> None:
    assert await read_body(posted(b'{"name": "laptop"}'), NewKey) == NewKey(name="laptop")


@pytest.mark.parametrize(
    ("body", "field"),
    [(b"{}", "name"), (b'{"name": "x", "role": "king"}', "role"), (b"[]", "body")],
    ids=["missing", "wrong", "no object"],
)
async def test_the_field_of_a_body_that_is_wrong_is_named(body: bytes, field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        await read_body(posted(body), NewKey)

    assert refused.value.details == {"field": field}
    assert refused.value.message.startswith(f"`{field}`: ")


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "\xff"}'])
async def test_what_is_no_json_is_told_so(body: bytes) -> None:
    with pytest.raises(BadJson):
        await read_body(posted(body), NewKey)
