"""What a first visit loads."""

import gzip
import re
from pathlib import Path

import pytest

import groundwire

STATIC = Path(groundwire.__file__).parent / "static"
FIRST_LOAD_BYTES = 250_000

pytestmark = pytest.mark.browser


def test_the_first_load_is_small() -> None:
    index = (STATIC / "index.html").read_text(encoding="utf-8")
    files = re.findall(r'(?:src|href)="/([^"]+)"', index)

    sizes = [len(gzip.compress((STATIC / name).read_bytes())) for name in files]

    assert sum(sizes) + len(index) < FIRST_LOAD_BYTES


def test_the_page_asks_for_nothing_from_elsewhere_and_holds_no_inline_code() -> None:
    index = (STATIC / "index.html").read_text(encoding="utf-8")

    assert not re.findall(r'(?:src|href)="(?!/)', index)
    assert not re.search(r"<script(?![^>]*\ssrc=)", index)
    assert "<style" not in index
