//! What a process is told by its environment, read once: the names of what the stack has made, and, as AWS's own tools
//! have it, whom to say we are and where the services are if not where they always are.

use std::collections::{BTreeSet, HashMap};

use activities::notices::Topic;

/// What the functions and workers of one stack are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// What this copy of the product is called among others of the account.
    pub stage: String,
    pub table: String,
    /// The ARN that executions are started at.
    pub state_machine: String,
    pub uploads: String,
    pub results: String,
    /// Where people reach the API.
    pub public_url: String,
    /// Other hosts that requests may name, such as the API's own behind a distribution.
    pub hosts: Vec<String>,
    /// Pages of these origins may use the API.
    pub origins: Vec<String>,
    /// Whether somebody takes the tasks that are workers'.
    pub workers: bool,
    /// Who has the people; only the API is told.
    pub pool: Option<Pool>,
    /// None where no letters are sent.
    pub mail: Option<Mail>,
    pub account: Account,
}

/// A user pool, and how the page comes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// As its tokens name it.
    pub issuer: String,
    pub client: String,
    /// Where people sign in, without a slash at the end.
    pub domain: String,
}

/// What is said of letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// An address that SES has verified, with or without a name: `Lockgate <lockgate@example.org>`.
    pub from: String,
    /// What is told by letter; all there is, if empty.
    pub topics: BTreeSet<Topic>,
    /// The pool that says where people are.
    pub people: String,
}

/// Whom we are to AWS, and where it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub region: String,
    /// None where they are asked for as they expire.
    pub keys: Option<Keys>,
    /// By the service's identifier, such as `DYNAMODB`; under no name, for all others.
    pub endpoints: HashMap<Option<String>, String>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    pub access: String,
    pub secret: String,
    pub session_token: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is not in the environment")]
pub struct Missing(pub(crate) &'static str);

/// Why a process cannot be what its environment tells it to be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Missing(#[from] Missing),
    #[error("{name}: {value} is no event that can be told")]
    Topic { name: &'static str, value: String },
}

const ENDPOINT: &str = "AWS_ENDPOINT_URL";
const ACCESS_KEY: &str = "AWS_ACCESS_KEY_ID";
const SECRET_KEY: &str = "AWS_SECRET_ACCESS_KEY";

impl Environment {
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let variables: HashMap<_, _> = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let told = |name: &'static str| variables.get(name).cloned().ok_or(Missing(name));
        let list = |name: &str| listed(&variables, name);
        Ok(Self {
            stage: told("LOCKGATE_STAGE")?,
            table: told("LOCKGATE_TABLE")?,
            state_machine: told("LOCKGATE_STATE_MACHINE")?,
            uploads: told("LOCKGATE_UPLOADS")?,
            results: told("LOCKGATE_RESULTS")?,
            public_url: told("LOCKGATE_PUBLIC_URL")?,
            hosts: list("LOCKGATE_HOSTS"),
            origins: list("LOCKGATE_ORIGINS"),
            workers: variables.get("LOCKGATE_WORKERS").is_some_and(|there| there == "true"),
            pool: Pool::read(&variables),
            mail: Mail::read(&variables)?,
            account: Account::read(&variables)?,
        })
    }
}

impl Pool {
    fn read(variables: &HashMap<String, String>) -> Option<Self> {
        let known = |name| variables.get(name).cloned();
        Some(Self {
            issuer: known("LOCKGATE_ISSUER")?,
            client: known("LOCKGATE_CLIENT")?,
            domain: known("LOCKGATE_SIGN_IN")?,
        })
    }
}

/// What stands under a name, with commas between.
fn listed(variables: &HashMap<String, String>, name: &str) -> Vec<String> {
    let listed = variables.get(name).map_or("", String::as_str).split(',');
    listed.filter(|entry| !entry.is_empty()).map(ToOwned::to_owned).collect()
}

impl Mail {
    const EVENTS: &str = "LOCKGATE_MAIL_EVENTS";

    fn read(variables: &HashMap<String, String>) -> Result<Option<Self>, Error> {
        let Some(from) = variables.get("LOCKGATE_MAIL_FROM").cloned() else { return Ok(None) };
        let topic =
            |value: String| value.parse::<Topic>().map_err(|_| Error::Topic { name: Self::EVENTS, value });
        let topics = listed(variables, Self::EVENTS).into_iter().map(topic).collect::<Result<_, _>>()?;
        let pool = "LOCKGATE_USER_POOL";
        let people = variables.get(pool).cloned().ok_or(Missing(pool))?;
        Ok(Some(Self { from, topics, people }))
    }
}

impl Account {
    fn read(variables: &HashMap<String, String>) -> Result<Self, Missing> {
        let told = |name: &'static str| variables.get(name).cloned().ok_or(Missing(name));
        let endpoints = variables.iter().filter_map(|(name, url)| {
            let rest = name.strip_prefix(ENDPOINT)?;
            let service = if rest.is_empty() { None } else { Some(rest.strip_prefix('_')?.to_owned()) };
            Some((service, url.clone()))
        });
        let keys = |access: &String| {
            Ok(Keys {
                access: access.clone(),
                secret: told(SECRET_KEY)?,
                session_token: variables.get("AWS_SESSION_TOKEN").cloned(),
            })
        };
        Ok(Self {
            region: told("AWS_REGION")?,
            keys: variables.get(ACCESS_KEY).map(keys).transpose()?,
            endpoints: endpoints.collect(),
        })
    }

    pub fn keys(&self) -> Result<&Keys, Missing> {
        self.keys.as_ref().ok_or(Missing(ACCESS_KEY))
    }

    /// Where `service` is, if not where AWS has it.
    pub fn endpoint(&self, service: &str) -> Option<&str> {
        let own = self.endpoints.get(&Some(service.to_owned()));
        own.or_else(|| self.endpoints.get(&None)).map(String::as_str)
    }
}

/// Without the secrets.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { region, endpoints, .. } = self;
        f.debug_struct("Account")
            .field("region", region)
            .field("endpoints", endpoints)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Vec<(String, String)> {
        let names = ["STAGE", "TABLE", "STATE_MACHINE", "UPLOADS", "RESULTS", "PUBLIC_URL"];
        let own = names.map(|name| (format!("LOCKGATE_{name}"), name.to_lowercase()));
        let keys = ["REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"];
        let aws = keys.map(|name| (format!("AWS_{name}"), name.to_lowercase()));
        own.into_iter().chain(aws).collect()
    }

    #[test]
    fn each_name_is_needed() {
        for index in 0..told().len() {
            let mut less = told();
            let (name, _) = less.remove(index);
            let missing = Environment::read(less)
                .and_then(|read| Ok(read.account.keys().map(drop)?))
                .unwrap_err()
                .to_string();
            assert_eq!(missing, format!("{name} is not in the environment"));
        }
        Environment::read(told()).unwrap().account.keys().unwrap();
    }

    #[test]
    fn letters_take_a_sender_a_pool_and_events_that_there_are() {
        let read = |more: &[(&str, &str)]| {
            let more = more.iter().map(|(name, value)| (format!("LOCKGATE_{name}"), (*value).to_owned()));
            Environment::read(told().into_iter().chain(more)).map(|read| read.mail)
        };
        let (from, pool) = (("MAIL_FROM", "a@example.org"), ("USER_POOL", "pool"));
        assert_eq!(read(&[pool]).unwrap(), None);
        let mail = read(&[from, pool, ("MAIL_EVENTS", "session.failed,endpoint.disabled")]).unwrap().unwrap();
        assert_eq!(mail.topics, BTreeSet::from([Topic::SessionFailed, Topic::EndpointDisabled]));
        for (told, named) in
            [(&[from][..], "LOCKGATE_USER_POOL"), (&[from, pool, ("MAIL_EVENTS", "lunch")], "lunch")]
        {
            let error = read(told).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn an_endpoint_of_its_own_goes_before_the_one_for_all() {
        let more = [("AWS_ENDPOINT_URL", "all"), ("AWS_ENDPOINT_URL_SFN", "own"), ("LOCKGATE_HOSTS", "a,b")];
        let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment::read(told().into_iter().chain(more)).unwrap();
        assert_eq!(environment.account.endpoint("SFN"), Some("own"));
        assert_eq!(environment.account.endpoint("S3"), Some("all"));
        assert_eq!(environment.hosts, ["a", "b"]);
        assert!(!format!("{environment:?}").contains("secret"));
    }
}
