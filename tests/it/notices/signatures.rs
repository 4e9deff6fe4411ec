//! Our signatures beside those of the published crate.

use activities::clock::random_id;
use activities::webhook::Secret;
use http::{HeaderMap, HeaderName, HeaderValue};
use standardwebhooks::Webhook;
use states::Timestamp;

#[test]
fn a_peer_signs_alike_and_takes_ours_and_we_take_its() {
    let now = Timestamp::now();
    let seconds = now.as_second();
    for length in [0_usize, 1, 2, 3, 100, 19_999] {
        let secret = Secret::random();
        let peer = Webhook::new(&secret.reveal()).unwrap();
        let (id, body) = (format!("msg_{}", random_id()), "ü\"{".repeat(length));
        let ours = secret.sign(&id, seconds, body.as_bytes());
        let theirs = peer.sign(&id, seconds, body.as_bytes()).unwrap();
        assert_eq!(ours, theirs);

        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", id.clone()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", format!("{} {ours}", Secret::random().sign(&id, seconds, b""))),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
        }
        peer.verify(body.as_bytes(), &headers).unwrap();
        secret.verify(&id, &seconds.to_string(), &theirs, body.as_bytes(), now).unwrap();
        let other = format!("{body} ");
        assert!(peer.verify(other.as_bytes(), &headers).is_err());
        assert!(secret.verify(&id, &seconds.to_string(), &theirs, other.as_bytes(), now).is_err());
    }
}
