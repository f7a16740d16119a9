"""Older messages find their place, whatever a snapshot had left out."""

from groundwire_client import Message, MessagePage
from tests.unit.sdk.log_server import Server, message


def numbered(*numbers: int) -> list[Message]:
    return [message(str(n), message_id=str(n), turn_id=f"t{n}") for n in numbers]


def numbers(server: Server) -> list[int]:
    return [int(each.message_id) for each in server.following.state.messages]


class TestOlderMessages:
    def page(self, server: Server, *numbers: int, has_more: bool) -> None:
        before = server.following.paged_to
        assert before is not None
        page = MessagePage(messages=tuple(numbered(*numbers)), has_more=has_more)
        server.following.put_before(before, page)

    def test_pages_lead_to_the_first_message(self) -> None:
        server = Server()
        server.load("e:9", *numbered(*range(71, 121)))

        self.page(server, *range(31, 71), has_more=True)
        assert server.following.state.has_more
        self.page(server, *range(1, 31), has_more=False)

        assert numbers(server) == list(range(1, 121))
        assert not server.following.state.has_more

    def test_what_a_snapshot_leaves_out_in_the_middle_is_filled_in(self) -> None:
        """A branch that leaves off far back comes in two parts."""
        server = Server()
        server.load("e:9", *numbered(1, 2, 3, *range(71, 121)))
        assert server.following.paged_to == "71"

        self.page(server, *range(41, 71), has_more=True)
        assert numbers(server) == [1, 2, 3, *range(41, 121)]
        self.page(server, *range(2, 41), has_more=True)
        self.page(server, 1, has_more=False)

        assert numbers(server) == list(range(1, 121))

    def test_a_page_of_what_was_loaded_anew_meanwhile_is_left_out(self) -> None:
        server = Server()
        server.load("e:9", *numbered(*range(71, 121)))
        page = MessagePage(messages=tuple(numbered(*range(1, 71))), has_more=False)

        server.load("f:3", *numbered(500))
        server.following.put_before("71", page)

        assert numbers(server) == [500]
