#!/bin/sh
# Give the tests of text recognition Tesseract with English and Chinese, from Debian's packages,
# where that is possible. Elsewhere they say that they were skipped; in CI they would fail.
set -eu

has_tesseract() {
    command -v tesseract >/dev/null && tesseract --list-langs 2>/dev/null | grep -q '^chi_sim$'
}

if has_tesseract; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Tesseract for the tests of text recognition"
    log=$(mktemp)
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install --yes \
        --no-install-recommends tesseract-ocr tesseract-ocr-chi-sim; } >"$log" 2>&1 || cat "$log" >&2
    rm -f "$log"
fi
has_tesseract || echo "No Tesseract here. Install Debian's packages tesseract-ocr and tesseract-ocr-chi-sim."
