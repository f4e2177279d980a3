#!/bin/sh
# Installs what the tests need besides Node, where there is apt-get and the right to use it. Elsewhere it says what is
# missing, and those tests are skipped.
set -eu
missing() {
  [ -x "${TEST_CHROMIUM:-/usr/bin/chromium}" ] || echo chromium
  command -v openssl > /dev/null || echo openssl
  PATH="$PATH:/usr/sbin" command -v nginx > /dev/null || echo nginx
  command -v systemd-analyze > /dev/null || echo systemd
}
[ -n "$(missing)" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  # Runlevel 1 keeps Debian from starting what is installed: the tests start an nginx of their own.
  apt-get update && RUNLEVEL=1 apt-get install -y --no-install-recommends $(missing) && exit 0
fi
echo "Not installed: $(missing | tr '\n' ' '). Name a Chromium by TEST_CHROMIUM." >&2
