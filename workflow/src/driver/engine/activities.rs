//! Activities, and the tokens by which work done elsewhere comes back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::inbox::{Command, Completion};
use super::super::pollers::Poller;
use super::super::{ActivityTask, Error, names};
use super::executions::check_json;
use super::{Engine, Page};
use crate::Millis;
use crate::history::Token;
use crate::journal::{Activity, Created, NewActivity, Tag};

/// How long a worker's poll stays open.
const LONG_POLL: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityDescription {
    pub arn: String,
    pub name: String,
    pub created: Millis,
    /// JSON text, when it is not the usual one.
    pub encryption: Option<String>,
}

impl Engine {
    /// Creates an activity, or finds the one of this name. `encryption` is shown and not acted on.
    pub async fn create_activity(
        &self,
        name: &str,
        encryption: Option<String>,
        tags: Vec<Tag>,
    ) -> Result<ActivityDescription, Error> {
        names::check(name)?;
        super::tags::check(&self.place.activity(name), &tags)?;
        let activity =
            Activity { name: name.to_owned(), created: self.ticks.now(), encryption: encryption.clone() };
        match self.journal.create_activity(NewActivity { activity, tags }).await? {
            Created::Existed(standing) if standing.encryption != encryption => {
                Err(Error::ActivityExists(self.place.activity(name)))
            }
            Created::New(activity) | Created::Existed(activity) => Ok(self.activity_description(activity)),
        }
    }

    pub async fn describe_activity(&self, arn: &str) -> Result<ActivityDescription, Error> {
        let activity = self.journal.activity(names::activity(arn)?)?;
        let activity = activity.ok_or_else(|| Error::NoActivity(arn.to_owned()))?;
        Ok(self.activity_description(activity))
    }

    /// In the order of their names.
    pub async fn list_activities(
        &self,
        page: &Page,
    ) -> Result<(Vec<ActivityDescription>, Option<String>), Error> {
        let activities = self.journal.activities(&page.after()?.unwrap_or_default(), page.limit())?;
        let next = page.next(&activities, |activity| activity.name.clone());
        Ok((activities.into_iter().map(|activity| self.activity_description(activity)).collect(), next))
    }

    fn activity_description(&self, activity: Activity) -> ActivityDescription {
        let Activity { name, created, encryption } = activity;
        ActivityDescription { arn: self.place.activity(&name), name, created, encryption }
    }

    /// Deletes an activity, if there is one.
    pub async fn delete_activity(&self, arn: &str) -> Result<(), Error> {
        let name = names::activity(arn)?;
        self.guard.check(name)?;
        self.journal.delete_activity(name).await?;
        Ok(())
    }

    /// Waits a minute at most for a task of this activity.
    pub async fn get_activity_task(
        &self,
        arn: &str,
        worker: Option<&str>,
    ) -> Result<Option<ActivityTask>, Error> {
        let activity = self.describe_activity(arn).await?.name;
        self.guard.check(&activity)?;
        let (reply, answer) = oneshot::channel();
        let until = self.ticks.now() + LONG_POLL.as_millis() as Millis;
        self.offer(Command::Poll {
            activity,
            poller: Poller { worker: worker.map(Arc::from), until, reply },
        })?;
        answer.await.map_err(|_| Error::Closed)?
    }

    pub async fn send_task_success(&self, token: &str, output: &str) -> Result<(), Error> {
        let token = read(token)?;
        check_json(output).map_err(Error::InvalidOutput)?;
        self.complete(token, Completion::Succeeded { output: Arc::from(output) }).await
    }

    pub async fn send_task_failure(
        &self,
        token: &str,
        error: Option<&str>,
        cause: Option<&str>,
    ) -> Result<(), Error> {
        let failed = Completion::Failed { error: error.map(Arc::from), cause: cause.map(Arc::from) };
        self.complete(read(token)?, failed).await
    }

    pub async fn send_task_heartbeat(&self, token: &str) -> Result<(), Error> {
        self.complete(read(token)?, Completion::Heartbeat).await
    }

    async fn complete(&self, token: Token, completion: Completion) -> Result<(), Error> {
        let guard = self.guard.clone();
        self.deliver(|answer| Command::Complete { token, completion, guard, answer }).await?;
        Ok(())
    }
}

/// Reads a token as it was shown: 32 hexadecimal digits.
fn read(token: &str) -> Result<Token, Error> {
    let is_hex = token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = is_hex.then(|| u128::from_str_radix(token, 16).ok()).flatten();
    number.map(|number| Token(number.to_be_bytes())).ok_or(Error::InvalidToken)
}
