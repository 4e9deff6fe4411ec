//! Who waits for which job: items beside the sessions' records, under names that no session has. The sparse index of what
//! is due has a part for them alone. An item that nobody waits by is left to DynamoDB to forget.

use activities::making::step::Step;
use activities::ports::Fault;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use states::Timestamp;

use crate::sessions::item::{number, text};
use crate::sessions::{BY_DUE, fault, name, names_in};

/// The part of the due items that jobs are in.
const SHARD: &str = "transcriptions";

/// What the names of jobs' items begin with: no session's id holds a colon.
const ITEM: &str = "transcription:";

const TOKEN: &str = "token";
const STEP: &str = "step";

/// No job runs longer, and no event comes later.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

/// As many jobs as one round looks at.
const ROUND: i32 = 50;

#[derive(Clone)]
pub(super) struct Jobs {
    client: Client,
    table: String,
}

/// The task that waits for a job.
pub(super) struct Waiting {
    pub(super) token: String,
    pub(super) step: Step,
}

impl Jobs {
    pub(super) fn new(client: Client, table: &str) -> Self {
        Self { client, table: table.to_owned() }
    }

    /// From now on `token` is the one that waits, whoever did before.
    pub(super) async fn await_by(
        &self,
        job: &str,
        step: &Step,
        token: &str,
        look: Timestamp,
    ) -> Result<(), Fault> {
        let step = serde_json::to_string(step).expect("a step is plain data");
        let values = [
            (":token", text(token)),
            (":step", text(step)),
            (":shard", text(SHARD)),
            (":look", number(look.as_millisecond())),
            (":expires", number((look + KEPT).as_second())),
        ];
        let update =
            "SET #token = :token, #step = :step, #dueShard = :shard, #dueAt = :look, #expires = :expires";
        self.update(job, update, None, &values).await
    }

    pub(super) async fn waiting(&self, job: &str) -> Result<Option<Waiting>, Fault> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = get.key(name::ID, item(job)).send().await.map_err(fault)?;
        let Some(item) = answer.item else { return Ok(None) };
        let read = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        let (Some(token), Some(step)) = (read(TOKEN), read(STEP)) else { return Ok(None) };
        let step = serde_json::from_str(step).map_err(|error| broken(job, &error))?;
        Ok(Some(Waiting { token: token.clone(), step }))
    }

    /// Nobody waits by `token` any more. A newer one is left alone.
    pub(super) async fn let_go(&self, job: &str, token: &str) -> Result<(), Fault> {
        let update = "REMOVE #token, #step, #dueShard, #dueAt";
        self.update(job, update, Some("#token = :token"), &[(":token", text(token))]).await
    }

    /// As long as `token` waits, the job is looked at again then.
    pub(super) async fn put_off(&self, job: &str, token: &str, look: Timestamp) -> Result<(), Fault> {
        let values = [(":token", text(token)), (":look", number(look.as_millisecond()))];
        self.update(job, "SET #dueAt = :look", Some("#token = :token"), &values).await
    }

    /// The jobs that have said nothing for long.
    pub(super) async fn due(&self, now: Timestamp) -> Result<Vec<String>, Fault> {
        let keys = "#dueShard = :shard AND #dueAt <= :now";
        let query = self.client.query().table_name(&self.table).index_name(BY_DUE).limit(ROUND);
        let query = query
            .key_condition_expression(keys)
            .set_expression_attribute_names(Some(names_in(keys)))
            .expression_attribute_values(":shard", text(SHARD))
            .expression_attribute_values(":now", number(now.as_millisecond()));
        let items = query.send().await.map_err(fault)?.items.unwrap_or_default();
        let named = items.iter().filter_map(|item| item.get(name::ID)?.as_s().ok()?.strip_prefix(ITEM));
        Ok(named.map(ToOwned::to_owned).collect())
    }

    /// What its condition refuses was done by somebody else, or is not to be done.
    async fn update(
        &self,
        job: &str,
        update: &str,
        condition: Option<&str>,
        values: &[(&str, AttributeValue)],
    ) -> Result<(), Fault> {
        let names = names_in(&format!("{update} {}", condition.unwrap_or_default()));
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(name::ID, item(job))
            .update_expression(update)
            .set_condition_expression(condition.map(ToOwned::to_owned))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(fault(error)),
        }
    }
}

fn item(job: &str) -> AttributeValue {
    text(format!("{ITEM}{job}"))
}

fn broken(job: &str, error: &serde_json::Error) -> Fault {
    Fault::Unavailable {
        what: "session store",
        why: format!("the step of {job} does not read back: {error}"),
    }
}
