#!/bin/sh
# Sees to it that the programs are there that something needs: installs them as root, otherwise says how to get them.
#   tools.sh build   what a build needs
#   tools.sh test    what the tests need as well
set -eu

wanted="nasm"
[ "${1:-}" = test ] && wanted="$wanted flac ffmpeg strace"

absent() {
    missing=""
    for program in $wanted; do
        command -v "$program" >/dev/null || missing="$missing $program"
    done
    # The encoder's plain loops are tried on a processor that has no others.
    [ "${1:-}" != test ] || [ "$(uname -m)" != x86_64 ] || command -v qemu-x86_64 >/dev/null || missing="$missing qemu-user"
}

absent "${1:-}"
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    absent "${1:-}"
fi
if [ "${1:-}" = test ] && ! cargo nextest --version >/dev/null 2>&1; then
    cargo install --locked cargo-nextest
fi
if [ -n "$missing" ]; then
    echo "Missing:$missing" >&2
    echo "Install it as root, for example: apt-get install$missing" >&2
    exit 1
fi
