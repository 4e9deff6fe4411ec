//! The specification of the ports: one suite of tests for each, run over every adapter alike. Those called `on_aws` need
//! the rig: `make test-aws`.

use std::process::{ExitCode, Termination};

/// A suite: its tests, and the worlds that all of them run in, each a module. A world is opened anew for every test, and
/// answers with what is to be kept for as long, and with the adapter.
macro_rules! suite {
    ($tests:tt in $($adapter:ident: $world:ident),+ $(,)?) => {
        $(
            mod $adapter {
                suite!(@each $tests $world);
            }
        )+
    };
    (@each [$($test:ident),+ $(,)?] $world:ident) => {
        $(
            #[tokio::test]
            async fn $test() {
                let (_keep, adapter) = crate::contract::worlds::$world().await.unwrap();
                crate::contract::passed(super::$test(&adapter).await);
            }
        )+
    };
}

/// A test answers as one of Rust's own: with nothing, or with a result.
fn passed(answer: impl Termination) {
    assert_eq!(answer.report(), ExitCode::SUCCESS);
}

mod driver;
mod flags;
mod mailer;
mod notifier;
mod sessions;
mod worlds;
