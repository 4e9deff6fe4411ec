//! What a process is told by its environment, read once: the names of what the stack has made, and, as AWS's own tools
//! have it, whom to say we are and where the services are if not where they always are.

use std::collections::HashMap;

/// What the functions of one stack are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
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
    pub account: Account,
}

/// Whom we are to AWS, and where it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
    pub session_token: Option<String>,
    /// By the service's identifier, such as `DYNAMODB`; under no name, for all others.
    pub endpoints: HashMap<Option<String>, String>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is not in the environment")]
pub struct Missing(&'static str);

const ENDPOINT: &str = "AWS_ENDPOINT_URL";

impl Environment {
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Missing> {
        let variables: HashMap<_, _> = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let told = |name: &'static str| variables.get(name).cloned().ok_or(Missing(name));
        let list = |name: &str| -> Vec<String> {
            let listed = variables.get(name).map_or("", String::as_str).split(',');
            listed.filter(|entry| !entry.is_empty()).map(ToOwned::to_owned).collect()
        };
        Ok(Self {
            table: told("LOCKGATE_TABLE")?,
            state_machine: told("LOCKGATE_STATE_MACHINE")?,
            uploads: told("LOCKGATE_UPLOADS")?,
            results: told("LOCKGATE_RESULTS")?,
            public_url: told("LOCKGATE_PUBLIC_URL")?,
            hosts: list("LOCKGATE_HOSTS"),
            origins: list("LOCKGATE_ORIGINS"),
            account: Account::read(&variables)?,
        })
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
        Ok(Self {
            region: told("AWS_REGION")?,
            access_key: told("AWS_ACCESS_KEY_ID")?,
            secret_key: told("AWS_SECRET_ACCESS_KEY")?,
            session_token: variables.get("AWS_SESSION_TOKEN").cloned(),
            endpoints: endpoints.collect(),
        })
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
        let names = ["TABLE", "STATE_MACHINE", "UPLOADS", "RESULTS", "PUBLIC_URL"];
        let own = names.map(|name| (format!("LOCKGATE_{name}"), name.to_lowercase()));
        let keys = ["REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"];
        let aws = keys.map(|name| (format!("AWS_{name}"), name.to_lowercase()));
        own.into_iter().chain(aws).collect()
    }

    #[test]
    fn each_name_is_needed() {
        Environment::read(told()).unwrap();
        for index in 0..told().len() {
            let mut less = told();
            let (name, _) = less.remove(index);
            assert_eq!(
                Environment::read(less).unwrap_err().to_string(),
                format!("{name} is not in the environment")
            );
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
