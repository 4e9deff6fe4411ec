//! Starting deliveries: one execution for each endpoint that wants the notice. Its name follows from the notice and the
//! endpoint, so that what was started is not started again, however often the debt is paid.

use std::sync::Arc;

use states::Session;

use super::Notices;
use super::delivery::Order;
use super::endpoint::{Endpoint, MAIL};
use super::notice::Notice;
use crate::clock::derived_id;
use crate::ctx::Ctx;
use crate::ports::{Fault, Machine};

/// Has its owner told how an attempt of a session ended.
pub async fn of_session(ctx: &Ctx, session: &Session, attempt: u32) -> Result<(), Fault> {
    let Some(notices) = &ctx.notices else { return Ok(()) }; // nobody can ask to be told
    let Some(notice) = Notice::of_session(session, attempt, &notices.page) else { return Ok(()) };
    everywhere(ctx, notices, &session.owner, &notice, "").await
}

/// Has its owner told, elsewhere, that an endpoint was disabled.
pub async fn of_disabled(ctx: &Ctx, notices: &Arc<Notices>, endpoint: &Endpoint) -> Result<(), Fault> {
    match Notice::of_disabled(endpoint, &notices.page) {
        Some(notice) => everywhere(ctx, notices, &endpoint.owner, &notice, &endpoint.id).await,
        None => Ok(()), // its owner has switched it off, or on again
    }
}

async fn everywhere(
    ctx: &Ctx,
    notices: &Notices,
    owner: &str,
    notice: &Notice,
    but: &str,
) -> Result<(), Fault> {
    for endpoint in notices.book.endpoints(owner).await? {
        if endpoint.id != but && endpoint.wants(notice.topic) {
            deliver(ctx, &order(owner, &endpoint.id, notice)).await?;
        }
    }
    if let Some(mailer) = &notices.mailer
        && mailer.wants(owner, notice.topic).await?
    {
        deliver(ctx, &order(owner, MAIL, notice)).await?;
    }
    Ok(())
}

fn order(owner: &str, endpoint: &str, notice: &Notice) -> Order {
    Order {
        delivery: derived_id(&["delivery", &notice.id, owner, endpoint]),
        owner: owner.to_owned(),
        endpoint: endpoint.to_owned(),
        notice: notice.clone(),
        replay_of: None,
    }
}

/// Starts one delivery; "already exists" means started.
pub(super) async fn deliver(ctx: &Ctx, order: &Order) -> Result<(), Fault> {
    let input = serde_json::to_string(order).expect("an order is plain data");
    ctx.driver.start(Machine::Notify, &order.delivery, &input).await
}
