//! Telling something once more, or for the first time as a test: deliveries that nothing owes but whoever asks for them.
//! The id of such a delivery comes in, so that who asks twice under one key asks once.

use states::Timestamp;

use super::Notices;
use super::delivery::{Delivery, LogQuery, Order, Standing};
use super::notice::{Notice, Topic};
use super::tell::deliver;
use crate::clock::derived_id;
use crate::ctx::Ctx;
use crate::ports::Fault;

/// So many deliveries of a range are repeated at a time.
pub const MOST: usize = 1000;

/// Delivers it again under the same message id, as the delivery `id`.
pub async fn one(ctx: &Ctx, delivery: &Delivery, id: &str) -> Result<(), Fault> {
    let order = Order {
        delivery: id.to_owned(),
        owner: delivery.owner.clone(),
        endpoint: delivery.endpoint.clone(),
        notice: delivery.notice.clone(),
        replay_of: Some(delivery.id.clone()),
    };
    deliver(ctx, &order).await
}

/// Which deliveries of an endpoint to repeat.
#[derive(Clone, Debug)]
pub struct Range {
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// `None` for all, delivered or not.
    pub standing: Option<Standing>,
}

/// Delivers again what the range holds, the newest [`MOST`] of it, each message once. Answers the new deliveries' ids, which
/// follow from `seed`.
pub async fn range(
    ctx: &Ctx,
    notices: &Notices,
    owner: &str,
    endpoint: &str,
    range: &Range,
    seed: &str,
) -> Result<Vec<String>, Fault> {
    let query = LogQuery {
        owner: owner.to_owned(),
        endpoint: endpoint.to_owned(),
        standing: range.standing,
        since: Some(range.since),
        before: range.until.map(|until| (until, None)),
        limit: MOST,
    };
    let mut seen = std::collections::HashSet::new();
    let mut begun = Vec::new();
    for delivery in notices.book.deliveries(&query).await? {
        if seen.insert(delivery.notice.id.clone()) {
            let id = derived_id(&[seed, &delivery.id]);
            one(ctx, &delivery, &id).await?;
            begun.push(id);
        }
    }
    Ok(begun)
}

/// Sends an endpoint something that looks like `topic`, as the delivery `id`.
pub async fn test(
    ctx: &Ctx,
    notices: &Notices,
    owner: &str,
    endpoint: &str,
    topic: Topic,
    id: &str,
) -> Result<(), Fault> {
    let order = Order {
        delivery: id.to_owned(),
        owner: owner.to_owned(),
        endpoint: endpoint.to_owned(),
        notice: Notice::sample(topic, id, ctx.clock.now(), &notices.page),
        replay_of: None,
    };
    deliver(ctx, &order).await
}
