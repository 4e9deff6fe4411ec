//! Which addresses a webhook may go to. Whoever names one may want to reach what only this machine can: a neighbour, the
//! cloud's metadata, ourselves. So there is a list of what is public, and all else is refused – of a literal here, of a name
//! when it is resolved ([`super::resolve`]).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

const PORTS: [u16; 2] = [443, 8443];

/// Longer addresses are none that anybody needs.
const URL_BYTES: usize = 2000;

/// What may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// `https` to public addresses.
    Public,
    /// Anything, for receivers on this machine and its network: only where the configuration says so.
    Local,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is not an address such as https://example.org/hook")]
    NoUrl,
    #[error("it is longer than {URL_BYTES} bytes")]
    TooLong,
    #[error("it does not begin with https://")]
    NotHttps,
    #[error("its port is neither 443 nor 8443")]
    Port,
    #[error("it holds a name or a password; use the signature to know who sends")]
    Userinfo,
    #[error("it leads to {0}, which is not public")]
    NotPublic(IpAddr),
}

impl Guard {
    /// The address as it will be asked, if it may be.
    pub fn check(self, text: &str) -> Result<Url, Refused> {
        if text.len() > URL_BYTES {
            return Err(Refused::TooLong);
        }
        let mut url = Url::parse(text.trim()).map_err(|_| Refused::NoUrl)?;
        url.set_fragment(None);
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        if !is_web {
            return Err(Refused::NoUrl);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Userinfo);
        }
        if self == Self::Public {
            if url.scheme() != "https" {
                return Err(Refused::NotHttps);
            }
            if !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
                return Err(Refused::Port);
            }
        }
        // A literal is never resolved, whichever of its many spellings it has; the parser has read them all.
        match url.host() {
            Some(Host::Ipv4(address)) => self.admit(address.into())?,
            Some(Host::Ipv6(address)) => self.admit(address.into())?,
            Some(Host::Domain(_)) | None => {}
        }
        Ok(url)
    }

    pub fn admit(self, address: IpAddr) -> Result<(), Refused> {
        match self {
            Self::Public if !is_public(address) => Err(Refused::NotPublic(address)),
            Self::Public | Self::Local => Ok(()),
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// IANA's registry of special addresses, as networks and their lengths.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(network, length): &(Ipv4Addr, u32)| {
        (address.to_bits() ^ network.to_bits()).leading_zeros() >= *length
    };
    !SPECIAL_V4.iter().any(within)
}

/// Of the global unicast addresses, those that stand for something else: protocols of the IETF (Teredo, ORCHID), 6to4,
/// documentation.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// The well-known prefix of NAT64: behind it stands an IPv4 address, and only that is reached.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within = |&(network, length): &(Ipv6Addr, u32)| {
        (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
    };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    if within(&NAT64) {
        return is_public_v4(Ipv4Addr::from_bits(address.to_bits() as u32));
    }
    within(&GLOBAL_UNICAST) && !SPECIAL_V6.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_public_is_public() {
        let refused = [
            "10.1.2.3",
            "100.64.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.9",
            "192.168.0.1",
            "198.19.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "100::1",
        ];
        for address in refused {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in
            ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_is_https_on_its_ports_and_says_nobody_s_name() {
        for (url, why) in [
            ("http://example.org/", Refused::NotHttps),
            ("https://example.org:80/", Refused::Port),
            ("https://example.org:22/", Refused::Port),
            ("https://ada:secret@example.org/", Refused::Userinfo),
            ("https://ada@example.org/", Refused::Userinfo),
            ("ftp://example.org/", Refused::NoUrl),
            ("file:///etc/passwd", Refused::NoUrl),
            ("example.org", Refused::NoUrl),
            ("", Refused::NoUrl),
        ] {
            assert_eq!(Guard::Public.check(url), Err(why), "{url}");
        }
        assert_eq!(
            Guard::Public.check(&format!("https://example.org/{}", "x".repeat(2000))),
            Err(Refused::TooLong)
        );
        let url = Guard::Public.check("https://Example.org:8443/hook?a=b#c").unwrap();
        assert_eq!(url.as_str(), "https://example.org:8443/hook?a=b");
        assert!(Guard::Local.check("http://ada@localhost/").is_err());
    }
}
