#!/bin/sh
# Give the browser tests Chromium and a font with Chinese, from Debian's packages, where that is
# possible. Elsewhere the tests say that they were skipped; in CI a missing browser is a failure.
set -eu

for browser in chromium chromium-browser google-chrome; do
    if command -v "$browser" >/dev/null; then
        exit 0
    fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    if { apt-get update && apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends \
        chromium fonts-wqy-microhei fonts-liberation; } >"$log" 2>&1; then
        exit 0
    fi
    cat "$log" >&2
fi
if [ "${CI:-}" = true ]; then
    echo "There is no Chromium, and the browser tests must run here." >&2
    exit 1
fi
echo "No Chromium here: the browser tests will be skipped. Install Debian's package chromium to run them."
