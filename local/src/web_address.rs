//! Addresses of the web, as the command line and the file give them.

use url::{Host, Url};

/// The address that `text` is; who has written something else is told by the `example`.
pub(crate) fn parse(text: &str, example: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| format!("not an address such as {example}"))
}

/// Whether what is sent there does not leave this machine.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_taken() {
        let parse = |text| parse(text, "http://127.0.0.1:8080");
        assert!(parse("https://lockgate.example/").is_ok());
        for wrong in ["ftp://127.0.0.1/", "localhost:8080", "127.0.0.1:8080", ""] {
            assert_eq!(parse(wrong).unwrap_err(), "not an address such as http://127.0.0.1:8080", "{wrong}");
        }
    }

    #[test]
    fn this_machine_is_localhost_and_what_loops_back() {
        for (address, here) in [
            ("http://localhost:1", true),
            ("http://127.9.9.9", true),
            ("https://[::1]:1", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(is_this_machine(&address.parse().unwrap()), here, "{address}");
        }
    }
}
