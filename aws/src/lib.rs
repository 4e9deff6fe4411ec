//! Lockgate on AWS: the adapters behind the ports of `activities/`, and the functions of the one Lambda artefact.
//!
//! [`assemble`] is where the adapters are chosen, once, from what [`environment`] says. [`sessions`] keeps the records in
//! DynamoDB and [`driver`] has Step Functions run the workflow; `local/` has files of the same names for one machine.
//! [`lambda`] is what each function does with its event. What the functions run in is `infra/`'s.

pub mod assemble;
pub mod connection;
pub mod driver;
pub mod environment;
pub mod lambda;
pub mod sessions;
