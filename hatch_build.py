"""Puts the built page into the wheel."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageBuildHook(BuildHookInterface[Any]):
    """Builds the page for a wheel made from a checkout.

    A source distribution has the page built already, and an editable install is served from
    the checkout, where ``make`` builds it.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del build_data
        script = Path(self.root) / "scripts" / "build_web.py"
        if version != "editable" and script.is_file():
            subprocess.run([sys.executable, str(script)], check=True)  # noqa: S603 - our own
