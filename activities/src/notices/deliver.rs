//! `deliver`: one try to deliver a notice, the one step of `states/notify.asl.json`.
//!
//! What each try came to is written before the workflow is told. So a step that is repeated finds what it did; only a crash
//! between the receiver's answer and that write sends a message twice, under the same id: delivery is at least once.

use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use states::{Kind, Timestamp};

use super::{Delivery, Endpoint, Letter, MAIL, Notices, Order, Outcome, Standing, Try, tell};
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::measures;
use crate::ports::Undelivered;
use crate::webhook::{Answer, Shipment, Unsent};

/// The order, and what the step before answered.
#[derive(Debug, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    order: Order,
    outcome: Option<Outcome>,
}

/// A delivery is put off so often in a row for an endpoint that rests; then it tries all the same.
const MOST_PUT_OFF: u32 = 10;

pub async fn run(ctx: &Ctx, input: Input) -> Result<Outcome, Failure> {
    let Some(notices) = &ctx.notices else {
        return Err(Failure::new(Kind::WorkflowFailed, "Nobody can be told anything here."));
    };
    let Input { order, outcome } = input;
    let known = notices.book.delivery(&order.owner, &order.delivery).await?;
    let delivery = known.unwrap_or_else(|| Delivery::new(&order, ctx.clock.now()));
    if was_done(&delivery, outcome.as_ref()) {
        return Ok(delivery.outcome()); // and the workflow was not told
    }
    let delivery = if order.endpoint == MAIL {
        by_letter(ctx, notices, delivery).await?
    } else {
        by_webhook(ctx, notices, delivery).await?
    };
    notices.book.write_delivery(&delivery).await?;
    Ok(delivery.outcome())
}

/// Whether the record is ahead of what the workflow knows.
fn was_done(delivery: &Delivery, outcome: Option<&Outcome>) -> bool {
    let known = outcome.map_or((0, 0), |outcome| (outcome.tries, outcome.put_off));
    delivery.standing != Standing::Waiting || (delivery.tries.len(), delivery.put_off) != known
}

async fn by_webhook(ctx: &Ctx, notices: &Arc<Notices>, mut delivery: Delivery) -> Result<Delivery, Failure> {
    let now = ctx.clock.now();
    let Some(endpoint) = notices.book.endpoint(&delivery.owner, &delivery.endpoint).await? else {
        delivery.bury("The endpoint was removed.", now);
        return Ok(delivery);
    };
    if !endpoint.enabled {
        tell::of_disabled(ctx, notices, &endpoint).await?; // whoever disabled it may have died before it told
        delivery.bury("The endpoint is switched off.", now);
        return Ok(delivery);
    }
    if let Some(until) = endpoint.rests_until.filter(|until| now < *until)
        && delivery.put_off < MOST_PUT_OFF
    {
        // All that wait for it come back one after the other.
        let rest = until.duration_since(now);
        delivery.put_off += 1;
        delivery.next_at =
            Some(now + notices.terms.lengthened(rest, &delivery.id, delivery.put_off as usize));
        return Ok(delivery);
    }
    delivery.put_off = 0;
    let (tried, reaction) = send(notices, &endpoint, &delivery, now).await;
    count("webhook", &reaction);
    let endpoint = remember(notices, &endpoint, &reaction, now).await?;
    if let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.enabled) {
        tell::of_disabled(ctx, notices, &endpoint).await?;
    }
    settle(notices, &mut delivery, tried, &reaction, now);
    Ok(delivery)
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
enum Reaction {
    Taken,
    /// Not to be sent again before so many seconds, if it says so.
    Refused {
        after: Option<u64>,
    },
    /// It is asked too much: nothing is sent there for a while.
    Tired {
        after: Option<u64>,
    },
    /// It wants nothing more.
    Gone,
}

fn reaction(answer: &Answer) -> Reaction {
    let after = answer.retry_after;
    match answer.status {
        200..300 => Reaction::Taken,
        410 => Reaction::Gone,
        429 | 502 | 504 => Reaction::Tired { after },
        _ => Reaction::Refused { after },
    }
}

async fn send(
    notices: &Notices,
    endpoint: &Endpoint,
    delivery: &Delivery,
    now: Timestamp,
) -> (Try, Reaction) {
    let body = delivery.notice.body();
    let shipment = Shipment {
        url: &endpoint.url,
        id: &delivery.notice.id,
        at: now,
        body: &body,
        secrets: endpoint.secrets(now),
    };
    let began = Instant::now();
    let sent = notices.sender.send(&shipment).await;
    let millis = began.elapsed().as_millis() as u64;
    match sent {
        Ok(answer) => {
            let reaction = reaction(&answer);
            let why = (reaction != Reaction::Taken).then(|| said(answer.status));
            (Try { at: now, millis, status: Some(answer.status), why, answer: answer.body }, reaction)
        }
        Err(unsent) => {
            let why = match unsent {
                Unsent::Forbidden(refused) => format!("The address is refused: {refused}."),
                other => format!("The receiver failed: {other}."),
            };
            let tried = Try { at: now, millis, status: None, why: Some(why), answer: String::new() };
            (tried, Reaction::Refused { after: None })
        }
    }
}

fn said(status: u16) -> String {
    match status {
        300..400 => format!("The receiver answered {status}; redirects are not followed."),
        410 => "The receiver answered 410: it wants nothing more.".to_owned(),
        status => format!("The receiver answered {status}."),
    }
}

/// Writes down how the endpoint is doing: before the delivery's own record, so that no crash loses a disabling.
async fn remember(
    notices: &Notices,
    endpoint: &Endpoint,
    reaction: &Reaction,
    now: Timestamp,
) -> Result<Option<Endpoint>, Failure> {
    let change = |endpoint: &mut Endpoint| match reaction {
        Reaction::Taken => endpoint.failing_since.take().is_some() | endpoint.rests_until.take().is_some(),
        Reaction::Gone => {
            endpoint.disable("It answered 410: it wants nothing more.", now);
            true
        }
        Reaction::Refused { .. } | Reaction::Tired { .. } => {
            let since = *endpoint.failing_since.get_or_insert(now);
            if let Reaction::Tired { after } = reaction {
                endpoint.rests_until = endpoint.rests_until.max(Some(now + notices.terms.rest(*after)));
            }
            if now.duration_since(since) >= notices.terms.disable_after {
                endpoint.disable(&format!("Nothing could be delivered since {since}."), now);
            }
            true
        }
    };
    Ok(notices.change(&endpoint.owner, &endpoint.id, change).await?)
}

/// Where the delivery stands after a try.
fn settle(notices: &Notices, delivery: &mut Delivery, tried: Try, reaction: &Reaction, now: Timestamp) {
    delivery.tries.push(tried);
    let next = notices.terms.next(&delivery.id, delivery.tries.len(), now);
    let asked = match reaction {
        Reaction::Taken | Reaction::Gone => None,
        Reaction::Refused { after } => after.map(|after| now + notices.terms.rest(Some(after))),
        Reaction::Tired { after } => Some(now + notices.terms.rest(*after)),
    };
    (delivery.standing, delivery.next_at) = match (reaction, next) {
        (Reaction::Taken, _) => (Standing::Delivered, None),
        (Reaction::Gone, _) | (_, None) => (Standing::Dead, None),
        (_, Some(next)) => (Standing::Waiting, Some(next.max(asked.unwrap_or(next)))),
    };
}

async fn by_letter(ctx: &Ctx, notices: &Notices, mut delivery: Delivery) -> Result<Delivery, Failure> {
    let now = ctx.clock.now();
    let Some(mailer) = &notices.mailer else {
        delivery.bury("No letters are sent from here any more.", now);
        return Ok(delivery);
    };
    let Some(to) = mailer.address(&delivery.owner, delivery.notice.topic).await? else {
        delivery.bury("Its owner has no address any more.", now);
        return Ok(delivery);
    };
    let session = match delivery.notice.data.get("sessionId").and_then(|id| id.as_str()) {
        Some(id) => ctx.sessions.get(id).await?.filter(|session| session.deleted_at.is_none()),
        None => None,
    };
    let letter = Letter::of(&delivery.notice, session.as_ref());
    let began = Instant::now();
    let sent = mailer.send(&to, &letter).await;
    let millis = began.elapsed().as_millis() as u64;
    let (why, answer, reaction) = match sent {
        Ok(answer) => (None, answer, Reaction::Taken),
        Err(Undelivered { why, for_good: true }) => (Some(why), String::new(), Reaction::Gone),
        Err(Undelivered { why, .. }) => (Some(why), String::new(), Reaction::Refused { after: None }),
    };
    count("mail", &reaction);
    settle(notices, &mut delivery, Try { at: now, millis, status: None, why, answer }, &reaction, now);
    Ok(delivery)
}

fn count(by: &'static str, reaction: &Reaction) {
    let outcome = match reaction {
        Reaction::Taken => "delivered",
        Reaction::Refused { .. } => "refused",
        Reaction::Tired { .. } => "throttled",
        Reaction::Gone => "gone",
    };
    measures::told(by, outcome);
}
