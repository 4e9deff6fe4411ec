//! The gate: which requests reach the protocol at all, and what every answer carries.

use reqwest::{Client, Method, RequestBuilder};

use super::rig::{BUCKET, MINUTE, PAGE, Rig, files};

async fn presigned_get(rig: &Rig) -> String {
    rig.put("k", "body").await;
    rig.objects.presign_get(BUCKET, "k", "k", "a/b", MINUTE).await.unwrap()
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_foreign_host_is_refused_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let url = presigned_get(&rig).await;
    assert_eq!(status(Client::new().get(&url)).await, 200);
    for host in ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1", ""] {
        let request = Client::new().get(&url).header("host", host);
        assert_eq!(status(request).await, 421, "{host:?}");
    }
}

#[tokio::test]
async fn the_unsigned_and_the_half_signed_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let url = presigned_get(&rig).await;
    let bare = url.split('?').next().unwrap();
    let client = Client::new();
    let v4 = "AWS4-HMAC-SHA256 Credential=lockgate/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::POST] {
        assert_eq!(status(client.request(method.clone(), bare)).await, 403, "{method}");
    }
    assert_eq!(status(client.get(format!("http://{}/", rig.address))).await, 403);
    assert_eq!(status(client.get(bare).header("authorization", "AWS lockgate:c2ln")).await, 403);
    assert_eq!(status(client.get(bare).header("authorization", "Basic bG9ja2dhdGU6eA==")).await, 403);
    assert!([400, 403].contains(&status(client.get(bare).header("authorization", v4)).await));
    assert_eq!(status(client.get(&url).header("authorization", v4)).await, 403, "signed twice");
    assert_eq!(
        status(client.get(format!("{bare}?AWSAccessKeyId=lockgate&Expires=9999999999&Signature=x"))).await,
        403
    );
    assert_eq!(status(client.get(&url).header("x-amz-request-payer", "requester")).await, 403);
    let form = client.post(format!("http://{}/uploads", rig.address));
    let form = form.header("content-type", "multipart/form-data; boundary=b").body("--b--");
    assert_eq!(status(form).await, 501);
    assert_eq!(files(folder.path()).len(), 1);
}

#[tokio::test]
async fn another_key_pair_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    for (access, secret) in [("lockgate", "a wrong secret"), ("somebody", "a secret for tests")] {
        let url = format!("http://{}", rig.address);
        let stranger = tests::stranger::objects(&url, access, secret);
        let refused = stranger.list(BUCKET, "").await;
        assert!(matches!(refused, Err(activities::objects::Error::Denied { .. })), "{refused:?}");
        let upload = stranger.presign_put(BUCKET, "k", 1, "a/b", None, MINUTE).await.unwrap();
        assert_eq!(super::rig::send(&upload, "x").await.0, 403);
    }
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn only_the_configured_origin_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let url = presigned_get(&rig).await;
    let preflight = |origin: &str| {
        let request = Client::new().request(Method::OPTIONS, &url).header("origin", origin);
        request.header("access-control-request-method", "PUT")
    };
    let answer = preflight(PAGE).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.headers()["access-control-allow-origin"], PAGE);
    assert_eq!(answer.headers()["access-control-allow-methods"], "GET, HEAD, PUT");
    let allowed = answer.headers()["access-control-allow-headers"].to_str().unwrap();
    let upload = rig.objects.presign_put(BUCKET, "u", 1, "a/b", Some([0; 32]), MINUTE).await.unwrap();
    for (name, _) in &upload.headers {
        assert!(allowed.split(", ").any(|header| header == name), "a page could not send {name}");
    }
    for origin in
        ["http://evil.example", "null", "http://127.0.0.1:8080.evil.example", "https://127.0.0.1:8080", ""]
    {
        let answer = preflight(origin).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{origin:?}");
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{origin:?}");
        let answer = Client::new().get(&url).header("origin", origin).send().await.unwrap();
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{origin:?}");
    }
    let answer = Client::new().get(&url).header("origin", PAGE).send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], PAGE);
    assert!(answer.headers()["access-control-expose-headers"].to_str().unwrap().contains("ETag"));
    assert!(answer.headers()["vary"].to_str().unwrap().contains("Origin"));
}

#[tokio::test]
async fn every_answer_forbids_the_browser_to_run_it() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let url = presigned_get(&rig).await;
    let missing = rig.objects.presign_get(BUCKET, "missing", "k", "a/b", MINUTE).await.unwrap();
    let client = Client::new();
    let requests = [
        (client.get(&url), 200),
        (client.get(&missing), 404),
        (client.get(url.split('?').next().unwrap()), 403),
        (client.get(&url).header("host", "evil.example"), 421),
        (client.get(&url).header("range", "bytes=9-"), 416),
        (client.request(Method::OPTIONS, &url), 403),
        (client.get(format!("{url}&q={}", "q".repeat(8 * 1024))), 414),
    ];
    for (request, status) in requests {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{status}");
        assert!(!answer.headers().contains_key("strict-transport-security"), "{status} without TLS");
        assert!(
            answer.headers()["content-security-policy"].to_str().unwrap().starts_with("sandbox"),
            "{status}"
        );
    }
}

#[tokio::test]
async fn oversized_requests_are_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let base = format!("http://{}/uploads", rig.address);
    let client = Client::new();
    let target = |length: usize| format!("{base}?{}", "q".repeat(length - "/uploads?".len()));
    assert_eq!(status(client.get(target(8 * 1024))).await, 403);
    assert_eq!(status(client.get(target(8 * 1024 + 1))).await, 414);
    assert_eq!(status(client.get(&base).header("x-long", "h".repeat(15 * 1024))).await, 403);
    assert_eq!(status(client.get(&base).header("x-long", "h".repeat(16 * 1024))).await, 431);
}
