"""What may stand in no file of the repository: this machine, and where packages come from."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOMES = re.compile(r"(?<![\w.~*-])/(?:home|Users|root)/\w+")
REGISTRIES = re.compile(
    r"(?:pypi|pythonhosted|npmjs|npmmirror|yarnpkg|crates|debian)\.(?:org|com|io)/(?!project/)|"
    r"--(?:extra-)?index-url|--registry",
    re.IGNORECASE,
)
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}


def files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> Iterator[tuple[str, str]]:
    for path in files():
        if path == Path(__file__):
            continue
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            yield path.relative_to(ROOT).as_posix(), content.decode("utf-8", "replace")


def places(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{text.count(chr(10), 0, found.start()) + 1}: {found.group()}"
        for name, text in texts()
        for found in pattern.finditer(text)
    ]


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    assert not places(HOMES)
    assert not places(re.compile(re.escape(str(ROOT)) + r"(?![\w-])"))


def test_no_file_says_where_packages_are_downloaded_from() -> None:
    assert not places(REGISTRIES)


def test_locks_hold_names_versions_and_hashes_and_no_address() -> None:
    python = [path for path in files() if path.match("requirements/*.txt")]
    node = [path for path in files() if path.name == "package-lock.json"]

    assert python
    assert not [path for path in python if "://" in path.read_text("utf-8")]
    assert not [path for path in node if '"resolved"' in path.read_text("utf-8")]


def test_every_pinned_package_has_a_hash() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        for entry in re.split(r"\n(?=\S)", lock.read_text("utf-8").strip()):
            assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:", entry, re.DOTALL), entry


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [path for path in files() if path.suffix in (".py", ".ts", ".tsx")]

    assert not [path for path in named if VAGUE & {path.stem, path.parent.name}]
