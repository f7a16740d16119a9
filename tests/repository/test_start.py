"""Help is at once: no command loads a heavy library before it needs it."""

import subprocess
import sys

HEAVY = {
    "aiohttp", "apsw", "gguf", "joserfc", "numpy", "pwdlib", "pypdfium2", "starlette",
    "uvicorn", "websockets", "xllamacpp",
}  # fmt: skip


def test_help_loads_no_heavy_library() -> None:
    program = "import groundwire.cli, sys; print(*sys.modules)"

    listed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )

    assert not HEAVY & set(listed.stdout.split())
