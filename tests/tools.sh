#!/bin/sh
# Sees to it that what the tests need is there: installs it as root, otherwise says how to get it.
set -eu

missing=""
command -v flac >/dev/null || missing="$missing flac"
command -v ffmpeg >/dev/null || missing="$missing ffmpeg"
command -v strace >/dev/null || missing="$missing strace"
[ "$(uname -m)" != x86_64 ] || command -v qemu-x86_64 >/dev/null || missing="$missing qemu-user"

if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    missing=""
fi
if ! cargo nextest --version >/dev/null 2>&1; then
    cargo install --locked cargo-nextest
fi
if [ -n "$missing" ]; then
    echo "The tests need:$missing" >&2
    echo "Install them as root, for example: apt-get install$missing" >&2
    exit 1
fi
