//! To whom the service is open: accounts, TLS, and the proxy in front. On loopback nothing of it is needed. Any other
//! address is refused without accounts, and without TLS or a proxy that was named; the refusal says what to add.

use std::net::SocketAddr;
use std::path::PathBuf;

use service::forwarded::TrustedProxies;
use url::Url;

use super::Told;

/// What was told of it, command line before file. Whether a listener may stand so `check` tells.
#[derive(Clone, Debug, Default)]
pub struct Openness {
    pub accounts: bool,
    open_to_everybody: bool,
    pub tls: Option<Tls>,
    pub trusted: TrustedProxies,
}

#[derive(Clone, Debug)]
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// One of the listeners, and by which flags it was told.
pub(super) struct Listener<'a> {
    pub(super) flag: &'static str,
    pub(super) address: SocketAddr,
    pub(super) public_flag: &'static str,
    pub(super) public_url: Option<&'a Url>,
}

/// Each says in a sentence what to add.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(
        "--{flag} {address} is open to others: add --accounts, or --no-accounts-i-know if everybody may do everything"
    )]
    NoAccounts { flag: &'static str, address: SocketAddr },
    #[error(
        "--{flag} {address} would send passwords and files in the clear: add --tls-cert and --tls-key, or name the proxy \
         in front of it with --{public_flag} and --trusted-proxy"
    )]
    InTheClear { flag: &'static str, address: SocketAddr, public_flag: &'static str },
    #[error("--{flag} {address} is no address that a browser could ask: add --{public_flag} https://NAME")]
    NoName { flag: &'static str, address: SocketAddr, public_flag: &'static str },
    #[error("--{public_flag} {url} is not safe beside --{flag} {address}: it must begin with https://")]
    NotHttps { flag: &'static str, address: SocketAddr, public_flag: &'static str, url: String },
    #[error("--tls-cert and --tls-key belong together: add --{0}")]
    HalfTls(&'static str),
}

pub(super) fn checked(told: &Told, file: &Told) -> Result<Openness, Refused> {
    let tls = match (
        told.tls_cert.as_ref().or(file.tls_cert.as_ref()),
        told.tls_key.as_ref().or(file.tls_key.as_ref()),
    ) {
        (Some(cert), Some(key)) => Some(Tls { cert: cert.clone(), key: key.clone() }),
        (None, None) => None,
        (Some(_), None) => return Err(Refused::HalfTls("tls-key")),
        (None, Some(_)) => return Err(Refused::HalfTls("tls-cert")),
    };
    let trusted = if told.trusted_proxy.is_empty() { &file.trusted_proxy } else { &told.trusted_proxy };
    Ok(Openness {
        // Who names an issuer means its users.
        accounts: told.accounts.or(file.accounts).unwrap_or_else(|| file.issuer.is_some()),
        open_to_everybody: told.no_accounts_i_know,
        tls,
        trusted: TrustedProxies(trusted.clone()),
    })
}

impl Openness {
    pub(super) fn check(&self, listener: Listener<'_>) -> Result<(), Refused> {
        let Listener { flag, address, public_flag, public_url } = listener;
        if address.ip().is_loopback() {
            return Ok(());
        }
        if !self.accounts && !self.open_to_everybody {
            return Err(Refused::NoAccounts { flag, address });
        }
        let has_proxy = public_url.is_some() && !self.trusted.0.is_empty();
        if self.tls.is_none() && !has_proxy {
            return Err(Refused::InTheClear { flag, address, public_flag });
        }
        match public_url {
            None if address.ip().is_unspecified() => Err(Refused::NoName { flag, address, public_flag }),
            Some(url) if url.scheme() != "https" => {
                Err(Refused::NotHttps { flag, address, public_flag, url: url.to_string() })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(told: Told, address: &str, public_url: Option<&str>) -> Result<(), String> {
        let url = public_url.map(|url| url.parse::<Url>().unwrap());
        let listener = Listener {
            flag: "listen",
            address: address.parse().unwrap(),
            public_flag: "public-url",
            public_url: url.as_ref(),
        };
        let openness = checked(&told, &Told::default()).map_err(|refused| refused.to_string())?;
        openness.check(listener).map_err(|refused| refused.to_string())
    }

    fn accounts() -> Told {
        Told { accounts: Some(true), ..Told::default() }
    }

    fn tls() -> Told {
        Told { tls_cert: Some("cert.pem".into()), tls_key: Some("key.pem".into()), ..accounts() }
    }

    fn proxy() -> Told {
        Told { trusted_proxy: vec!["10.0.0.7".parse().unwrap()], ..accounts() }
    }

    #[test]
    fn loopback_needs_nothing() {
        for address in ["127.0.0.1:8080", "[::1]:8080", "127.9.9.9:1"] {
            assert_eq!(check(Told::default(), address, None), Ok(()), "{address}");
        }
    }

    #[test]
    fn any_other_address_needs_accounts_and_a_safe_way() {
        const PUBLIC: &str = "https://media.example.org";
        let others = ["192.168.1.4:8080", "0.0.0.0:8080", "[2001:db8::1]:443", "[::ffff:127.0.0.1]:80"];
        for address in others {
            let is_wildcard = address.starts_with("0.");
            assert!(
                check(Told::default(), address, None).unwrap_err().contains("add --accounts"),
                "{address}"
            );
            assert!(check(accounts(), address, None).unwrap_err().contains("add --tls-cert"), "{address}");
            assert!(check(accounts(), address, Some(PUBLIC)).is_err(), "the proxy is not named: {address}");
            assert!(check(proxy(), address, None).is_err(), "nor by this alone: {address}");
            assert_eq!(check(proxy(), address, Some(PUBLIC)), Ok(()), "{address}");
            assert_eq!(check(tls(), address, Some(PUBLIC)), Ok(()), "{address}");
            assert_eq!(check(tls(), address, None).is_err(), is_wildcard, "{address}");
            assert!(
                check(proxy(), address, Some("http://media.example.org")).unwrap_err().contains("https://")
            );
            let knowing = Told { accounts: None, no_accounts_i_know: true, ..proxy() };
            assert_eq!(check(knowing, address, Some(PUBLIC)), Ok(()), "{address}");
            let knowing = Told { no_accounts_i_know: true, ..Told::default() };
            assert!(check(knowing, address, None).unwrap_err().contains("--tls-cert"), "{address}");
        }
    }

    #[test]
    fn half_of_tls_is_refused() {
        let half = Told { tls_cert: Some("cert.pem".into()), ..Told::default() };
        assert!(check(half, "127.0.0.1:1", None).unwrap_err().contains("add --tls-key"));
    }
}
