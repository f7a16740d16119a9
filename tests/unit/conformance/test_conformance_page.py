"""The page of results counts a case once, as its worst result, and says why one failed."""

from groundwire.conformance.cases import Row
from groundwire.conformance.page import as_page

PAGE = as_page(
    [
        Row(name="seq_contiguous", transport="websocket", client="raw", result="pass"),
        Row(name="seq_contiguous", transport="sse", client="raw", result="pass"),
        Row(name="seq_contiguous", transport="poll", client="python", result="fail", why="A gap."),
        Row(name="resume_other_node", transport="sse", client="raw", result="skip", why="Nodes."),
        Row(name="cancel_twice", transport="sse", client="typescript", result="pass"),
    ]
)


def test_cases_are_counted_by_their_worst_row() -> None:
    assert "**1 cases pass, 1 fail, 1 were skipped**: 5 rows, of which 3 pass, 1 fail" in PAGE
    assert "## Log and resume: 0 of 2 pass" in PAGE
    assert "## Runs: 1 of 1 pass" in PAGE


def test_rows_are_counted_by_client_and_transport() -> None:
    assert "| `raw` | 1 / 0 / 0 | 1 / 0 / 1 | 0 / 0 / 0 |" in PAGE
    assert "| `python` | 0 / 0 / 0 | 0 / 0 / 0 | 0 / 1 / 0 |" in PAGE


def test_each_case_says_on_what_it_passed() -> None:
    assert "without gaps. | pass W S | fail P |  |" in PAGE
    assert "- `seq_contiguous`, poll, python: A gap." in PAGE
    assert "Skipped: Nodes." in PAGE
