//! Where a request comes from when a proxy stands in front: what the proxy says in `X-Forwarded-For`, if it is one that was
//! named; else the peer, whatever the request says.

use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<Network>);

/// An address, or all that begin with the same bits: `10.0.0.7`, `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text} is no address such as 10.0.0.7, and no network such as 10.0.0.0/8");
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits <= most { Ok(Self { address, bits }) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Network {
    fn has(&self, address: IpAddr) -> bool {
        let differ = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (u32::from(own) ^ u32::from(other)).leading_zeros(),
            (IpAddr::V6(own), IpAddr::V6(other)) => (u128::from(own) ^ u128::from(other)).leading_zeros(),
            _ => return false,
        };
        differ >= u32::from(self.bits)
    }
}

impl TrustedProxies {
    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }

    /// Read from the right: each proxy appends whom it was asked by, and the first that is none of ours is who asks. What
    /// stands further left anybody may have made up.
    pub fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut origin = peer.to_canonical();
        let fields = headers.get_all(FORWARDED_FOR).iter().rev();
        let hops = fields.flat_map(|field| field.to_str().unwrap_or_default().rsplit(','));
        for hop in hops {
            if !self.has(origin) {
                break;
            }
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            origin = address.to_canonical();
        }
        origin
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn origin(proxies: &[&str], peer: &str, forwarded: &[&'static str]) -> String {
        let trusted = TrustedProxies(proxies.iter().map(|proxy| proxy.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for field in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(field));
        }
        trusted.origin(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_named_proxy_is_believed() {
        assert_eq!(origin(&[], "10.0.0.7", &["1.1.1.1"]), "10.0.0.7");
        assert_eq!(origin(&["10.0.0.8"], "10.0.0.7", &["1.1.1.1"]), "10.0.0.7");
        assert_eq!(origin(&["10.0.0.7"], "10.0.0.7", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(origin(&["10.0.0.0/8"], "::ffff:10.9.9.9", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(origin(&["10.0.0.7"], "10.0.0.7", &[]), "10.0.0.7");
    }

    #[test]
    fn what_the_client_has_made_up_is_passed_over() {
        let two = ["10.0.0.7", "10.0.0.6"];
        assert_eq!(origin(&two[..1], "10.0.0.7", &["6.6.6.6, 2.2.2.2"]), "2.2.2.2");
        assert_eq!(origin(&two[..1], "10.0.0.7", &["6.6.6.6", "2.2.2.2"]), "2.2.2.2");
        assert_eq!(origin(&two, "10.0.0.7", &["6.6.6.6, 2.2.2.2, 10.0.0.6"]), "2.2.2.2");
        assert_eq!(origin(&two[..1], "10.0.0.7", &["nonsense"]), "10.0.0.7");
        assert_eq!(origin(&two[..1], "10.0.0.7", &["2.2.2.2, nonsense"]), "10.0.0.7");
    }

    #[test]
    fn a_network_is_an_address_and_its_bits() {
        for wrong in ["", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "a/8"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        assert!("0.0.0.0/0".parse::<Network>().unwrap().has("9.9.9.9".parse().unwrap()));
    }
}
