#!/bin/sh
# Make `.venv` with the first Python that is new enough, and put uv into it, checked by its hash.
# PYTHON=/path/to/python chooses another one.
set -eu
cd "$(dirname "$0")/.."

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Groundwire needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python" >&2
    exit 1
}

python=$(find_python)
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    echo "Making .venv with $("$python" --version)"
    if ! "$python" -m venv --clear .venv; then
        echo "This Python cannot make virtual environments. On Debian: apt-get install python3-venv" >&2
        exit 1
    fi
fi
.venv/bin/python -m pip --disable-pip-version-check install --quiet \
    --require-hashes --only-binary :all: --requirement requirements/bootstrap.txt
