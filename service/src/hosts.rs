//! Which hosts a listener answers for. Every listener asks: a page that makes a name of its own point at this machine (DNS
//! rebinding) would otherwise be answered as if it were at home here.

use http::{HeaderMap, Uri, header};

/// `host` or `host:port` each; without a port, any port.
#[derive(Clone, Debug)]
pub struct Hosts(pub Vec<String>);

/// Why a request is not for this listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongHost {
    #[error("the header Host is missing or doubled")]
    Unreadable,
    #[error("this server does not answer for the host that was asked")]
    NotOurs,
}

impl Hosts {
    /// Whether a request with these headers to this target is for this listener. Both must agree: a target in absolute
    /// form names a host of its own.
    pub fn check(&self, headers: &HeaderMap, target: &Uri) -> Result<(), WrongHost> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().map_err(|_| WrongHost::Unreadable)?,
            _ => return Err(WrongHost::Unreadable),
        };
        let asked = [Some(host), target.authority().map(|authority| authority.as_str())];
        let ours = asked.into_iter().flatten().all(|host| self.is_ours(host));
        if ours { Ok(()) } else { Err(WrongHost::NotOurs) }
    }

    pub fn is_ours(&self, host: &str) -> bool {
        self.0.iter().any(|ours| is_host(ours, host))
    }
}

fn is_host(ours: &str, host: &str) -> bool {
    let has_port = ours.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !has_port && port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    name.eq_ignore_ascii_case(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_its_name_and_the_port_if_one_is_configured() {
        assert!(is_host("127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(!is_host("127.0.0.1:8080", "127.0.0.1"));
        assert!(!is_host("127.0.0.1:8080", "127.0.0.1:8081"));
        assert!(is_host("media.example.org", "Media.Example.ORG:443"));
        assert!(is_host("media.example.org", "media.example.org"));
        assert!(!is_host("media.example.org", "media.example.org.evil.net"));
        assert!(!is_host("media.example.org", "evil.net"));
        assert!(is_host("[::1]:80", "[::1]:80"));
    }
}
