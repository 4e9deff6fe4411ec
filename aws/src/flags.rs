//! Flags in a parameter of Systems Manager, as JSON. A function asks for it before an event when it has not for a while
//! ([`ParameterFlags::look`]), so that a change holds everywhere within that time, without a deployment; what cannot be read
//! changes nothing, and says so.
//!
//! Parameters know no condition: of two who change the flags within the same moment the later one wins, and the log says so.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use activities::ports::{Fault, Flags, StandingFlags, Written};
use async_trait::async_trait;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::DisplayErrorContext;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use states::FlagSet;
use tokio::time::{Instant, timeout};

/// What was read is good for so long.
pub(crate) const FRESH: Duration = Duration::from_secs(30);

/// An event waits no longer for it.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct ParameterFlags {
    client: Client,
    name: String,
    read: Mutex<Read>,
}

/// What came of the last look.
#[derive(Default)]
struct Read {
    looked: Option<Instant>,
    /// The revision is the parameter's version; of none, nothing.
    standing: StandingFlags,
}

impl ParameterFlags {
    /// Those of this stage.
    pub fn new(client: Client, stage: &str) -> Self {
        Self { client, name: format!("/lockgate/{stage}/flags"), read: Mutex::default() }
    }

    /// Asks again, if that is due.
    pub async fn look(&self) {
        if self.read().looked.is_some_and(|looked| looked.elapsed() < FRESH) {
            return;
        }
        let asked = timeout(PATIENCE, self.ask()).await;
        let answer = asked.unwrap_or_else(|_| Err("it does not answer".to_owned()));
        self.read().take(answer.and_then(|(text, revision)| Ok((parsed(&text)?, revision))));
    }

    /// The parameter's text and version; there may be none.
    async fn ask(&self) -> Result<(String, String), String> {
        match self
            .client
            .get_parameter()
            .name(&self.name)
            .send()
            .await
            .map_err(|error| error.into_service_error())
        {
            Ok(answer) => {
                let parameter =
                    answer.parameter.unwrap_or_else(|| aws_sdk_ssm::types::Parameter::builder().build());
                Ok((parameter.value.unwrap_or_default(), parameter.version.to_string()))
            }
            Err(GetParameterError::ParameterNotFound(_)) => Ok(("{}".to_owned(), String::new())),
            Err(error) => Err(DisplayErrorContext(error).to_string()),
        }
    }

    fn read(&self) -> MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parsed(text: &str) -> Result<FlagSet, String> {
    let flags: FlagSet = serde_json::from_str(text).map_err(|error| error.to_string())?;
    flags.check().map_err(|error| error.to_string())?;
    Ok(flags)
}

impl Read {
    fn take(&mut self, parsed: Result<(FlagSet, String), String>) {
        self.looked = Some(Instant::now());
        self.standing.take(parsed);
    }
}

#[async_trait]
impl Flags for ParameterFlags {
    fn now(&self) -> StandingFlags {
        self.read().standing.clone()
    }

    async fn put(&self, flags: &FlagSet, revision: &str) -> Result<Written, Fault> {
        let unavailable = |why: String| Fault::Unavailable { what: "parameter of flags", why };
        let (_, stands) = self.ask().await.map_err(unavailable)?;
        if stands != revision {
            self.read().looked = None;
            return Ok(Written::Refused);
        }
        let text = serde_json::to_string(flags).expect("flags are plain data");
        let put = self.client.put_parameter().name(&self.name).value(text).r#type(ParameterType::String);
        let put = put.overwrite(!stands.is_empty()).tier(ParameterTier::IntelligentTiering);
        let written = match put.send().await.map_err(|error| error.into_service_error()) {
            Ok(answer) => answer.version,
            Err(error) if error.is_parameter_already_exists() => return Ok(Written::Refused),
            Err(error) => return Err(unavailable(DisplayErrorContext(error).to_string())),
        };
        if stands.parse::<i64>().is_ok_and(|stood| stood + 1 != written) {
            tracing::warn!(
                stands,
                written,
                "somebody else changed the flags at the same moment; this change stands"
            );
        }
        self.read().take(Ok((flags.clone(), written.to_string())));
        Ok(Written::Stored)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use states::Recipe;

    use super::*;
    use crate::connection::Connection;
    use crate::environment::{Account, Keys};

    /// Those of a service that is not there.
    fn unreachable() -> ParameterFlags {
        let keys = Keys { access: "a".to_owned(), secret: "s".to_owned(), session_token: None };
        let nowhere = HashMap::from([(None, "http://127.0.0.1:1".to_owned())]);
        let account = Account { region: "us-east-1".to_owned(), keys: Some(keys), endpoints: nowhere };
        ParameterFlags::new(Connection::new(&account).unwrap().parameters(), "test")
    }

    #[tokio::test]
    async fn what_cannot_be_read_changes_nothing_and_is_said() {
        let flags = unreachable();
        let off = parsed(r#"{ "recipes": { "flac": { "on": false } } }"#).unwrap();
        flags.read().take(Ok((off.clone(), "3".to_owned())));
        flags.read().looked = None;
        flags.look().await;
        let standing = flags.now();
        assert_eq!((&*standing.flags, standing.revision.as_str()), (&off, "3"));
        assert!(standing.trouble.is_some());
        assert!(standing.flags.refuses(Recipe::Flac).is_some());
        let looked = flags.read().looked;
        flags.look().await;
        assert_eq!(flags.read().looked, looked, "it is not asked again at once");
        assert!(matches!(flags.put(&off, "3").await, Err(Fault::Unavailable { .. })));
    }

    #[test]
    fn a_parameter_of_nonsense_is_no_flags() {
        for nonsense in ["", "3", r#"{ "recipe": {} }"#, r#"{ "maintenance": { "retry": 0 } }"#] {
            assert!(parsed(nonsense).is_err(), "{nonsense}");
        }
        assert_eq!(parsed("{}"), Ok(FlagSet::default()));
    }
}
