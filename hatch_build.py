"""Puts the built page and the specification into the wheel."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SPECIFICATION = (
    "PROTOCOL.md", "asyncapi.json", "openapi.json", "index.html", "conformance/cases.toml",
)  # fmt: skip


class PageBuildHook(BuildHookInterface[Any]):
    """Builds the page for a wheel made from a checkout.

    A source distribution has the page built already, and an editable install is served from
    the checkout, where ``make`` builds it.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for name in SPECIFICATION:
            build_data["force_include"][f"spec/{name}"] = f"groundwire/spec/{name}"
        script = Path(self.root) / "scripts" / "build_web.py"
        if script.is_file():
            subprocess.run([sys.executable, str(script)], check=True)  # noqa: S603 - our own
