#!/bin/sh
# install.sh [UV OPTION…] LOCK…: put what requirements/LOCK.txt pins into `.venv`.
# Every file is checked by its hash, and nothing is compiled.
set -eu
cd "$(dirname "$0")/.."

# uv does not read pip's settings: someone whose pip uses a mirror means it for this, too.
if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
    mirror=$(.venv/bin/python -m pip config get global.index-url 2>/dev/null) || mirror=
    mirror=${PIP_INDEX_URL:-$mirror}
    [ -z "$mirror" ] || export UV_DEFAULT_INDEX="$mirror"
fi
export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-120}"

options=
locks=
for argument in "$@"; do
    case $argument in
        -*) options="$options $argument" ;;
        *) locks="$locks --requirement requirements/$argument.txt" ;;
    esac
done
# Both are lists of plain words, split on purpose.
# shellcheck disable=SC2086
exec .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes \
    --only-binary :all: $options $locks
