"""`groundwire model …`: which models there are, and getting more."""

import sys
from collections.abc import Mapping

from groundwire.adapters.models.pull import HUB, MIRROR
from groundwire.adapters.models.pull import pull as pull_model
from groundwire.bootstrap import open_models
from groundwire.settings import load

MEGABYTE = 1_000_000


async def show(flags: Mapping[str, object]) -> int:
    async with open_models(load(flags).settings) as models:
        infos = await models.list_models()
        choice = await models.choose(None, language="en", grounded=True)
    for info in infos:
        grounded = {True: "grounded", False: "weak", None: "not measured"}[info.grounded]
        line = f"{info.name:36} {info.provider:11} {info.window_tokens:>7} tokens  {grounded}"
        print(line)  # noqa: T201
    print(f"auto: {choice.model.info.name}. {choice.why}")  # noqa: T201
    return 0


async def pull(flags: Mapping[str, object], name: str, sha256: str | None) -> int:
    """Download a model into the data folder; interrupted, it goes on the next time."""
    settings = load(flags).settings
    folder = settings.data / "models"
    folder.mkdir(parents=True, exist_ok=True)
    addresses = settings.model_hubs or (HUB, MIRROR)
    pulled = await pull_model(name, folder, addresses=addresses, sha256=sha256, progress=_progress)
    said = {
        "known": "its hash is the one the catalogue knows",
        "given": "its hash is the one you gave",
        "pinned": "its hash is the one of the first download",
        "first": "its hash was not known and is pinned from now on",
    }[pulled.checked]
    print(f"\n{pulled.path} ({said})\nsha256 {pulled.sha256}")  # noqa: T201
    return 0


def _progress(there: int, whole: int | None) -> None:
    of = f" of {whole / MEGABYTE:,.0f}" if whole else ""
    end = "\r" if sys.stderr.isatty() else "\n"
    if sys.stderr.isatty() or there == whole:
        print(f"{there / MEGABYTE:,.0f}{of} MB", end=end, file=sys.stderr, flush=True)  # noqa: T201
