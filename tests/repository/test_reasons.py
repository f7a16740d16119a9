"""Why something cannot be read or done is said on the page in Chinese, whatever the reason."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from groundwire.ingest.control import CANCELLED
from groundwire.model.errors import UnreadableReason
from groundwire.model.feeds import FeedReason

ROOT = Path(__file__).parents[2]
CHINESE = (ROOT / "web/src/i18n/zh.ts").read_text("utf-8")
OPENAPI = json.loads((ROOT / "spec/openapi.json").read_text("utf-8"))
# Those of the client, and those of requests; two of these are told by their reasons.
PROBLEMS = {"closed", "unreachable"} | {
    code for name in OPENAPI["components"]["responses"] for code in name.split("-")
} - {"feed_failed", "unreadable_document"}


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("documentReasons", {*get_args(UnreadableReason), CANCELLED, "internal"}),
        ("feedReasons", {*get_args(FeedReason)}),
        ("problems", PROBLEMS),
    ],
)
def test_every_reason_has_a_chinese_sentence(name: str, codes: set[str]) -> None:
    said = re.search(rf"^  {name}: {{\n(.*?)^  }},", CHINESE, re.MULTILINE | re.DOTALL)
    assert said is not None

    sentences = dict(re.findall(r'^    (\w+):\s+"(.+)",$', said[1], re.MULTILINE))

    assert codes <= sentences.keys()
    assert [
        code for code, text in sentences.items() if not re.search(r"[\u4e00-\u9fff]", text)
    ] == []
