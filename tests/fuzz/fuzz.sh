#!/bin/sh
# fuzz.sh SECONDS: builds the targets for libFuzzer and runs each that long, from its seeds and from what earlier runs have
# found (target/fuzz). What ends a run lies in target/fuzz/found: fix it, and keep it in tests/fuzz/corpus/<target>.
set -eu
cd "$(dirname "$0")/../.."

here=tests/fuzz
work="${CARGO_TARGET_DIR:-target}/fuzz"
mkdir -p "$work/found"

RUSTC_WORKSPACE_WRAPPER="$PWD/$here/rustc.sh" cargo build --quiet --locked --workspace --bin fuzz
# An ordinary build puts another program in its place.
cp "${CARGO_TARGET_DIR:-target}/debug/fuzz" "$work/fuzz"

for seeds in "$here"/corpus/*; do
    target=$(basename "$seeds")
    mkdir -p "$work/$target"
    if ! FUZZ_TARGET="$target" "$work/fuzz" -max_total_time="$1" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
        -artifact_prefix="$work/found/$target-" "$work/$target" "$seeds" >"$work/$target.log" 2>&1; then
        tail -n 40 "$work/$target.log" >&2
        exit 1
    fi
    echo "$target: $(grep -a '^Done' "$work/$target.log")"
done
