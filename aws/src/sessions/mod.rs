//! Session records in one DynamoDB table.
//!
//! An item is the record as JSON, with the attributes that conditions and indexes need beside it ([`item`]). Conditions are
//! the ones that `states::render::condition` projects from the table; this file adds none. What is written often or
//! struck out by itself – progress, what is owed, the time of the next look – has attributes of its own, which are what
//! counts. Lists and what is due are read through indexes, never by a scan ([`index`]).
//!
//! The SDK tries again what was throttled or not answered. A write that was made under a lost answer is refused then, and
//! known again by whoever made it: see `activities::rewrite`.

mod index;
pub(crate) mod item;
mod update;

use activities::ports::{Due, Fault, Guard, Page, Query, Sessions, Usage, Written};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use states::render::condition::{self, Names};
use states::session::Progress;
use states::{Owed, Session, State, Timestamp};

use item::{number, owed, text};

pub use index::{BY_DUE, BY_OWNER};
pub(crate) use item::Stored;
pub use item::name;
pub(crate) use update::{Update, names_in};

pub struct DynamoSessions {
    client: Client,
    table: String,
}

impl DynamoSessions {
    pub fn new(client: Client, table: &str) -> Self {
        Self { client, table: table.to_owned() }
    }

    async fn send(&self, id: &str, update: Update) -> Result<Written, Fault> {
        Ok(self.send_and_see(id, update).await?.err().map_or(Written::Stored, |_| Written::Refused))
    }

    async fn send_and_see(&self, id: &str, update: Update) -> Result<Result<(), Stored>, Fault> {
        send(&self.client, &self.table, id, update).await
    }

    async fn create(&self, session: &Session) -> Result<Written, Fault> {
        let item = item::of(session).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", name::ID);
        written(request.send().await.map(drop))
    }

    /// Within an attempt the progress that stands may be newer than the record's; it never falls. DynamoDB has no greater
    /// of two numbers, so what stands higher is left alone by a second write, which is hardly ever needed: what refused
    /// the first says whether it was that.
    async fn replace(&self, session: &Session, guard: Guard) -> Result<Written, Fault> {
        let progress = number(session.progress.rank());
        let over = update_of(session, guard)
            .set(name::PROGRESS, progress.clone())
            .set_or_remove(name::PACE, item::pace(session.progress))
            .and_if("(#attempt <> :next_attempt OR #progress <= :next_progress)")
            .value(":next_attempt", number(session.attempt))
            .value(":next_progress", progress.clone());
        match self.send_and_see(&session.id, over).await? {
            Ok(()) => return Ok(Written::Stored),
            Err(stands) if !is_further(&stands, session) => return Ok(Written::Refused),
            Err(_) => {}
        }
        let under = update_of(session, guard)
            .and_if("#attempt = :next_attempt AND #progress > :next_progress")
            .value(":next_attempt", number(session.attempt))
            .value(":next_progress", progress);
        self.send(&session.id, under).await
    }
}

#[async_trait]
impl Sessions for DynamoSessions {
    async fn get(&self, id: &str) -> Result<Option<Session>, Fault> {
        let request =
            self.client.get_item().table_name(&self.table).key(name::ID, text(id)).consistent_read(true);
        let answer = request.send().await.map_err(fault)?;
        Ok(answer.item.map(|item| item::session(id, &item)).transpose()?)
    }

    async fn write(&self, session: &Session, guard: Guard) -> Result<Written, Fault> {
        session.check()?;
        match guard {
            Guard::Absent => self.create(session).await,
            Guard::Transition { .. } | Guard::Unmoved { .. } => self.replace(session, guard).await,
        }
    }

    async fn progress(&self, id: &str, attempt: u32, progress: Progress) -> Result<Written, Fault> {
        let (progress, pace) = (number(progress.rank()), item::pace(progress));
        let update = Update::default()
            .set(name::PROGRESS, progress.clone())
            .set_or_remove(name::PACE, pace)
            .and_if(&condition::progress(Names::Dynamo))
            .value(":transcoding", text(State::Transcoding))
            .value(":attempt", number(attempt))
            .value(":progress", progress);
        self.send(id, update).await
    }

    async fn settle(
        &self,
        id: &str,
        version: u64,
        paid: &[Owed],
        due_at: Option<Timestamp>,
    ) -> Result<Written, Fault> {
        let update = Update::default()
            .delete(name::OWES, owed(paid))
            .due(id, due_at)
            .and_if(&condition::unmoved(Names::Dynamo))
            .value(":version", number(version));
        self.send(id, update).await
    }

    /// DynamoDB forgets it by itself, within two days: nobody has the right to delete a record.
    async fn forget(&self, id: &str, version: u64) -> Result<Written, Fault> {
        let update = Update::default()
            .set(name::EXPIRES, number(Timestamp::now().as_second()))
            .due(id, None)
            .and_if(&format!("{} AND attribute_exists(#expires)", condition::unmoved(Names::Dynamo)))
            .value(":version", number(version));
        self.send(id, update).await
    }

    async fn list(&self, query: &Query) -> Result<Page, Fault> {
        index::page(&self.client, &self.table, query).await
    }

    /// Its index has no sizes.
    async fn usage(&self, _owner: &str) -> Result<Option<Usage>, Fault> {
        Ok(None)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, Fault> {
        index::due(&self.client, &self.table, now, limit).await
    }

    async fn put_off(&self, due: &Due, until: Timestamp) -> Result<Written, Fault> {
        let update = Update::default()
            .due(&due.id, Some(until))
            .and_if("#dueAt = :due")
            .value(":due", number(due.at.as_millisecond()));
        self.send(&due.id, update).await
    }
}

/// What refused the update, if it was refused, is the item that stands there.
pub(crate) async fn send(
    client: &Client,
    table: &str,
    id: &str,
    update: Update,
) -> Result<Result<(), Stored>, Fault> {
    let (expression, condition, names, values) = update.expressions();
    let request = client
        .update_item()
        .table_name(table)
        .key(name::ID, text(id))
        .update_expression(expression)
        .condition_expression(condition)
        .set_expression_attribute_names(Some(names))
        .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match request.send().await.map_err(SdkError::into_service_error) {
        Ok(_) => Ok(Ok(())),
        Err(UpdateItemError::ConditionalCheckFailedException(refused)) => {
            Ok(Err(refused.item.unwrap_or_default()))
        }
        Err(error) => Err(fault(error)),
    }
}

/// Whether the item that stands is of the same attempt, and that has come further.
fn is_further(stands: &Stored, session: &Session) -> bool {
    let further = |progress: i64| progress > session.progress.rank();
    item::parsed(stands, name::ATTEMPT) == Some(session.attempt)
        && item::parsed(stands, name::PROGRESS).is_some_and(further)
}

/// All of the record but its progress, if the guard holds.
fn update_of(session: &Session, guard: Guard) -> Update {
    let update = Update::default();
    let update = match guard {
        // There is nothing to update then; `create` writes it.
        Guard::Absent => update.and_if("attribute_not_exists(#id)"),
        Guard::Transition { event, version } => {
            let from = event.from_states().enumerate();
            from.fold(update.and_if(&condition::transition(event, Names::Dynamo)), |update, (i, state)| {
                update.value(&format!(":from{i}"), text(state))
            })
            .value(":version", number(version))
        }
        Guard::Unmoved { version } => {
            update.and_if(&condition::unmoved(Names::Dynamo)).value(":version", number(version))
        }
    };
    let mut next = item::of(session);
    for apart in [name::ID, name::PROGRESS, name::PACE] {
        next.remove(apart);
    }
    item::OPTIONAL
        .iter()
        .fold(update, |update, &name| update.set_or_remove(name, next.remove(name)))
        .set_all(next)
}

fn written<E: ProvideErrorMetadata, R>(sent: Result<(), SdkError<E, R>>) -> Result<Written, Fault>
where
    SdkError<E, R>: std::error::Error,
{
    match sent {
        Ok(()) => Ok(Written::Stored),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(Written::Refused),
        Err(error) => Err(fault(error)),
    }
}

/// Throttled requests too: a try before the one that was throttled may have been carried out.
pub(crate) fn fault(error: impl std::error::Error) -> Fault {
    Fault::Unavailable { what: "session store", why: DisplayErrorContext(error).to_string() }
}
