from typing import Literal

import msgspec
import pytest

from groundwire.model.refused import field_and_reason


class Lamp(msgspec.Struct):
    oil: Literal["whale", "rape"]
    wicks: int = 1


class House(msgspec.Struct, kw_only=True):
    name: str = "Dry Tortugas"
    lamp: Lamp | None = None
    nights: list[int] = []
    keepers: dict[str, str] = {}


REFUSED = {
    '{"name": 7}': ("name", "Expected `str`, got `int`"),
    '{"lamp": {"oil": "rape", "wicks": "two"}}': ("lamp.wicks", "Expected `int`, got `str`"),
    '{"lamp": {}}': ("lamp.oil", "This field is required"),
    '{"nights": [1, "two"]}': ("nights[1]", "Expected `int`, got `str`"),
    '{"keepers": {"a": 1}}': ("keepers[...]", "Expected `str`, got `int`"),
    "[]": ("", "Expected `object`, got `array`"),
    '{"lamp": {"oil": "x - at `$.name`"}}': ("lamp.oil", "Invalid enum value 'x - at `$.name`'"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_the_field_that_is_wrong_is_named_and_why(text: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode(text, type=House)

    assert field_and_reason(refused.value) == REFUSED[text]


def test_a_field_that_is_missing_at_the_top_is_named() -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode("{}", type=Lamp)

    assert field_and_reason(refused.value) == ("oil", "This field is required")
