#!/bin/sh
# Brings what the tests in a browser need, where Debian's packages can be installed; elsewhere says so, and they are skipped.
set -eu
if [ -x "${TEST_CHROMIUM:-/usr/bin/chromium}" ] && command -v openssl > /dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  apt-get update && apt-get install -y --no-install-recommends chromium openssl && exit 0
fi
echo 'There is no Chromium, or no OpenSSL, and neither could be installed. Name a Chromium by TEST_CHROMIUM.' >&2
