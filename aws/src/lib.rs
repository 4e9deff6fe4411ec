//! Lockgate on AWS: the adapters behind the ports of `activities/`, the functions of the one Lambda artefact, and the worker
//! that runs in a container.
//!
//! [`assemble`] is where the adapters are chosen, once, from what [`environment`] says. [`sessions`] keeps the records
//! in DynamoDB, [`driver`] has Step Functions run the workflow, [`captioner`] has Transcribe listen, [`flags`] are a
//! parameter, [`notices`] items beside the records and [`mailer`] carries letters by SES; `local/` has files of the
//! same names for one machine. [`lambda`] is what each function does with its event, [`emf`] how its meters are told
//! and [`xray`] its traces; [`worker`] is what takes the tasks that need ffmpeg, and [`container`] what it and the API
//! stand on there. What all of it runs in is `infra/`'s and `deploy/`'s.

pub mod assemble;
mod audit;
pub mod captioner;
pub mod connection;
pub mod container;
pub mod driver;
pub mod emf;
pub mod environment;
pub mod flags;
pub mod lambda;
pub mod mailer;
pub mod notices;
pub mod people;
pub mod sessions;
pub mod worker;
pub mod xray;
