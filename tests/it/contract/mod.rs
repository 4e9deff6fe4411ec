//! The specification of the ports: one suite of tests for each, run over every adapter alike. Those called `on_aws` need
//! the rig: `make test-aws`.

mod driver;
mod flags;
mod mailer;
mod notifier;
mod sessions;
mod worlds;
