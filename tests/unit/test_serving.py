"""What the server's log holds, and what it does not."""

import logging
import sys

import pytest

from groundwire.serving import without_their_faults


def record(name: str, error: Exception) -> logging.LogRecord:
    try:
        raise error
    except type(error):
        return logging.LogRecord(name, logging.ERROR, "", 0, "It failed.", (), sys.exc_info())


NOT_UTF_8 = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


@pytest.mark.parametrize(
    ("name", "error", "keeps"),
    [
        ("uvicorn.error", NOT_UTF_8, False),
        ("uvicorn.error", RuntimeError(), True),
        ("groundwire.ingest", NOT_UTF_8, True),
    ],
)
def test_a_frame_that_is_not_utf_8_is_told_without_a_traceback(
    name: str, error: Exception, keeps: bool
) -> None:
    told = record(name, error)
    assert without_their_faults(told)
    assert (told.exc_info is not None) is keeps
