"""What the Autobahn suite found is kept, and what it found wrong is argued."""

import json
import re
import sys

import pytest

from bench.autobahn import ARGUED, PASSED, RESULT, ROOT, find_python, unargued

PAGE = (ROOT / "docs" / "reference" / "autobahn.md").read_text("utf-8")


def test_every_case_is_kept_and_passes_or_is_argued() -> None:
    found = json.loads(RESULT.read_text("utf-8"))

    assert len(found["cases"]) == sum(found["counts"].values()) == 517
    assert unargued(found["cases"]) == {}
    for case, verdict in found["cases"].items():
        assert verdict in PASSED or case.startswith(ARGUED)


def test_the_page_says_what_was_found() -> None:
    counts = json.loads(RESULT.read_text("utf-8"))["counts"]

    assert f"{counts['OK']} as wanted, {counts['NON-STRICT']} another way" in PAGE.replace(
        "\n", " "
    )


def test_what_is_argued_has_a_heading() -> None:
    headings = " ".join(re.findall(r"^### (.*)$", PAGE, re.MULTILINE))
    for case in ARGUED:
        assert f"{case}*" in headings if case.endswith(".") else case in headings


def test_a_case_that_nobody_argues_is_told() -> None:
    verdicts = {"1.1.1": "OK", "7.1.5": "FAILED", "12.1.1": "UNIMPLEMENTED", "2.1": "FAILED"}
    assert unargued(verdicts) == {"2.1": "FAILED"}


def test_another_python_is_refused_with_what_to_do() -> None:
    with pytest.raises(SystemExit, match=r"(?s)needs Python 2\.7.*--python PATH"):
        find_python(sys.executable)
