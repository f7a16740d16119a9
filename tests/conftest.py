"""What every test lives in: an empty environment, a home of its own, and no network but loopback.

``chromium`` is the browser of the tests marked ``browser``.
"""

import ipaddress
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Whatever could make a test depend on whose machine it runs on.
_FOREIGN = ("GROUNDWIRE_", "OPENAI_", "OLLAMA_", "XDG_", "PYTHONASYNCIODEBUG", "PYTHONDEVMODE")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class NetworkForbidden(RuntimeError):
    """A test reached for the network. Not an ``OSError``: nothing may take it for being offline."""


def pytest_configure() -> None:
    sys.addaudithook(_refuse_the_network)
    # How long an example takes says more about a busy machine than about the code.
    settings.register_profile("groundwire", settings.default, deadline=None)
    settings.register_profile("long", settings.default, deadline=None, max_examples=300)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "groundwire"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the page last: their browser keeps an event loop running, and no other
    test could have one of its own beside it.
    """
    items.sort(key=lambda item: "tests/browser/" in item.nodeid)


def _refuse_the_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop connections, datagrams and name look-ups that would leave this machine.

    An audit hook sees those of every library that goes through Python's sockets.
    """
    match event:
        case "socket.connect" | "socket.sendto":
            # The address of a Unix socket is a path and no tuple.
            host = None if isinstance(arguments[1], str | bytes) else arguments[1][0]
        case "socket.getaddrinfo":
            host = arguments[0]
        case _:
            return
    if not _is_local(host):
        raise NetworkForbidden(f"A test tried to reach {host!r}. Serve what it needs on 127.0.0.1.")


def _is_local(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(name))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the tests a fresh home and forget the caller's settings and proxies.

    For the whole session, so that fixtures of any scope and the processes they start are inside.
    """
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_FOREIGN) or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        yield home


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a Chromium. Skips where there is none; in CI that is a failure."""
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("There is no Chromium, and the browser tests must run here.")
        pytest.skip("There is no Chromium here. Install Debian's package chromium.")
    return found
