#!/bin/sh
# Sees to it that the programs are there that something needs: installs them as root, otherwise says how to get them.
#   tools.sh build   what a build needs
#   tools.sh run     and, where it can be had, what films need; without it their recipes are not to be had, and it is said so
#   tools.sh test    what the tests need as well
#   tools.sh node    a Node that builds the page; it is never installed, only looked for
set -eu

fits() {
    node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
             process.exit(major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

if [ "${1:-}" = node ]; then
    fits && exit 0
    echo "The page is built by Node 20.19, 22.12, 24 or newer; here is $(node --version 2>/dev/null || echo none)." >&2
    exit 1
fi

wanted="nasm"
[ "${1:-}" = test ] && wanted="$wanted flac ffmpeg strace"

absent() {
    missing=""
    for program in $wanted; do
        command -v "$program" >/dev/null || missing="$missing $program"
    done
    [ "${1:-}" = test ] || return 0
    # The encoder's plain loops are tried on a processor that has no others.
    [ "$(uname -m)" != x86_64 ] || command -v qemu-x86_64 >/dev/null || missing="$missing qemu-user"
    command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing="$missing chromium"
}

absent "${1:-}"
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    absent "${1:-}"
fi
if [ "${1:-}" = run ] && ! command -v ffmpeg >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ffmpeg; } || true
    fi
    command -v ffmpeg >/dev/null || echo "Without ffmpeg nothing is made of films: apt-get install ffmpeg" >&2
fi
# Where root has no cargo, as under sudo, it is installed by whoever builds.
if [ "${1:-}" = test ] && command -v cargo >/dev/null && ! cargo nextest --version >/dev/null 2>&1; then
    cargo install --locked cargo-nextest
fi
if [ -n "$missing" ]; then
    echo "Missing:$missing" >&2
    echo "Install it as root, for example: apt-get install$missing" >&2
    exit 1
fi
