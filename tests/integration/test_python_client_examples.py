"""The example and the README of the Python client do what they say."""

import asyncio
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import groundwire_client
from tests.support.server import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACKAGE = Path(__file__).parents[2] / "sdk" / "python"
README = (PACKAGE / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_the_example_prints_the_answer(served: Served) -> None:
    served.script("A tool ", "that makes ", "源码包.")
    example = str(PACKAGE / "examples" / "ask.py")

    said = await run(example, served.http, served.key, "What is debmake?")

    assert said.startswith("A tool that makes 源码包.")


async def test_the_first_block_of_the_readme_runs(served: Served) -> None:
    served.script("A tool.")
    block = BLOCKS[0].replace("http://127.0.0.1:3001", served.http).replace("gw_…", served.key)
    program = "\n".join(
        [
            "import asyncio",
            "async def main():",
            textwrap.indent(block, "    "),
            "asyncio.run(main())",
        ]
    )

    assert await run("-c", program) == "A tool.stop []\n"


async def test_every_block_of_the_readme_is_python_and_names_what_there_is() -> None:
    for block in BLOCKS:
        compile(f"async def block():\n{textwrap.indent(block, '    ')}", "README.md", "exec")
        for line in re.findall(r"from groundwire_client import (.+)", block):
            for name in line.split(", "):
                assert hasattr(groundwire_client, name), name
