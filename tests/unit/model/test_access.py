import pytest

from groundwire.model.access import ROLES, Permission, Role, lower, permits


@pytest.mark.parametrize(
    ("permission", "may"),
    [
        ("workspace:read", ["reader", "editor", "owner"]),
        ("document:read", ["reader", "editor", "owner"]),
        ("conversation:ask", ["reader", "editor", "owner"]),
        ("document:write", ["editor", "owner"]),
        ("workspace:manage", ["owner"]),
    ],
)
def test_a_role_may_what_those_below_it_may(permission: Permission, may: list[Role]) -> None:
    assert [role for role in ROLES if permits(role, permission)] == may


def test_a_key_may_no_more_than_the_lower_of_two_roles() -> None:
    assert lower("editor", "owner") == lower("owner", "editor") == "editor"
    assert lower("reader", "reader") == "reader"
