#!/bin/sh
# Give the browser tests Chromium and a font with Chinese, from Debian's packages, where that is
# possible. Elsewhere the tests say that they were skipped; in CI a missing browser is a failure.
set -eu

has_browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
} >/dev/null

has_chinese() {
    ! command -v fc-list >/dev/null || [ -n "$(fc-list :lang=zh)" ]
}

install_both() {
    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install --yes \
        --no-install-recommends chromium fonts-liberation fonts-wqy-microhei
}

if has_browser && has_chinese; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium and a Chinese font for the browser tests"
    log=$(mktemp)
    install_both >"$log" 2>&1 || cat "$log" >&2
    rm -f "$log"
fi
if has_browser; then
    exit 0
fi
if [ "${CI:-}" = true ]; then
    echo "There is no Chromium, and the browser tests must run here." >&2
    exit 1
fi
echo "No Chromium here: the browser tests will be skipped. Install Debian's package chromium to run them."
