import pytest

from groundwire.retrieve.rerank import in_unit


def test_shares_of_one_stay_what_they_are() -> None:
    assert in_unit([0.25, 1.0, 0.0]) == [0.25, 1.0, 0.0]


def test_logits_become_shares_of_one_in_the_same_order() -> None:
    assert in_unit([-2.0, 0.0, 2.0]) == pytest.approx([0.1192, 0.5, 0.8808], abs=1e-4)


def test_the_largest_numbers_are_no_error() -> None:
    assert in_unit([-1e300, 1e300]) == [0.0, 1.0]
