#!/bin/sh
# Compiles a crate of the workspace for libFuzzer: cargo puts this before rustc (RUSTC_WORKSPACE_WRAPPER). Dependencies are
# those of the ordinary build, so that nothing else is built again. It needs no nightly toolchain.
case " $* " in
# What a build runs is no target, and is linked with nothing of libFuzzer's.
*" --crate-name build_script_"*) exec "$@" ;;
esac
exec "$@" --cfg fuzzing -Copt-level=1 -Cdebug-assertions=on -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
