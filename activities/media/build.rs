//! Says when pictures will be slow. What libjpeg does with the processor's vectors is assembled by nasm; where that is
//! missing its own build goes on without, and cargo keeps to itself what that says.

#![expect(clippy::disallowed_methods, reason = "what builds the crate is no part of it")]

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let here = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let assembles = Command::new("nasm").arg("-v").output().is_ok_and(|said| said.status.success());
    if here == "x86_64" && !assembles {
        println!(
            "cargo::warning=nasm is not found: libjpeg is built without vectors, and pictures take twice as long"
        );
        println!("cargo::warning=once it is installed: cargo clean --release --package mozjpeg-sys");
    }
}
