"""Serves what was written into `spec/`, to anybody."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

# In a wheel, and in a checkout.
FOLDERS = (Path(__file__).parents[2] / "spec", Path(__file__).parents[4] / "spec")
PAGE = "index.html"
TYPES = {
    "PROTOCOL.md": "text/markdown",
    "asyncapi.json": "application/json",
    "openapi.json": "application/json",
}
_STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Specification:
    folder: Path

    def routes(self) -> list[Route]:
        return [
            Route("/spec", self.page, methods=["GET"]),
            *(Route(f"/spec/{name}", self._file(name), methods=["GET"]) for name in TYPES),
        ]

    async def page(self, _: Request) -> Response:
        """Return the page; its one style is named by its hash, and nothing else may be loaded."""
        return _answer(self.folder / PAGE, "text/html", policy(self.folder / PAGE))

    def _file(self, name: str) -> Callable[[Request], Response]:
        return partial(_serve, self.folder / name, TYPES[name])


def specification() -> Specification:
    return Specification(next(folder for folder in FOLDERS if folder.is_dir()))


def policy(page: Path) -> str:
    """Return the content security policy of the page."""
    style = _STYLE.search(page.read_bytes())
    assert style is not None
    digest = b64encode(sha256(style.group(1)).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _serve(path: Path, type: str, _: Request) -> Response:
    return _answer(path, type, "default-src 'none'")


def _answer(path: Path, type: str, policy: str) -> Response:
    headers = {"cache-control": "no-cache", "content-security-policy": policy}
    return FileResponse(path, media_type=f"{type}; charset=utf-8", headers=headers)
