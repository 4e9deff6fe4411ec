//! Telling whoever wants to know what became of a session.
//!
//! A [`Notice`] is one thing to tell, an [`Endpoint`] a place where an owner wants to be told, a [`Delivery`] one notice to
//! one endpoint with all its tries. A move to an end owes its notice ([`tell`] pays); each delivery is an execution of its
//! own, `states/notify.asl.json`, whose one step is [`deliver`]. When to try again is in [`schedule`]; doing it once
//! more in [`replay`]; the letter that a notice becomes in [`letter`].
//!
//! Not here: the wire ([`crate::webhook`]), and where endpoints and deliveries are kept (the port `Notifier`).

pub mod deliver;
mod delivery;
mod endpoint;
pub mod letter;
mod notice;
pub mod replay;
pub mod schedule;
pub mod tell;

use std::sync::Arc;

use crate::ports::{Fault, Mailer, Notifier, Written};
use crate::webhook::Sender;

pub use delivery::{Delivery, LogQuery, Order, Outcome, Standing, Try, Verdict};
pub use endpoint::{Disabled, Endpoint, Key, MAIL, Named};
pub use letter::Letter;
pub use notice::{Notice, Topic};
pub use schedule::Terms;

/// What telling stands on.
pub struct Notices {
    pub book: Arc<dyn Notifier>,
    /// None where no letters are sent.
    pub mailer: Option<Arc<dyn Mailer>>,
    pub sender: Sender,
    pub terms: Terms,
    /// Where people look at their sessions, without a slash at the end.
    pub page: String,
}

/// Rounds before giving up on an endpoint that keeps changing.
const ROUNDS: usize = 8;

impl Notices {
    /// Changes an endpoint as it stands. `change` says whether there is anything to write. `None`: there is no such endpoint.
    pub async fn change(
        &self,
        owner: &str,
        id: &str,
        change: impl Fn(&mut Endpoint) -> bool,
    ) -> Result<Option<Endpoint>, Fault> {
        for _ in 0..ROUNDS {
            let Some(mut endpoint) = self.book.endpoint(owner, id).await? else { return Ok(None) };
            if !change(&mut endpoint) {
                return Ok(Some(endpoint));
            }
            endpoint.version += 1;
            if self.book.write_endpoint(&endpoint).await? == Written::Stored {
                return Ok(Some(endpoint));
            }
        }
        Err(Fault::Busy)
    }
}
