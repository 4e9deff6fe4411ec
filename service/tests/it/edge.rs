//! What every answer has, whatever it answers; and who is not answered at all.

use std::sync::atomic::Ordering;

use activities::ports::Fault;
use http::Method;
use serde_json::Value;
use service::Issuer;
use states::State;

use crate::app::{Answer, App, HOST, request};
use crate::fakes::unavailable;

fn check_headers(answer: &Answer, what: &str) {
    let header = |name: &str| {
        let values: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(values.len(), 1, "{what}: {name}");
        values[0].to_str().unwrap().to_owned()
    };
    let policy = header("content-security-policy");
    for part in ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    assert!(header("x-request-id").len() >= 8, "{what}");
    header("cache-control");
    assert!(!answer.headers.contains_key("strict-transport-security"), "{what}");
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "{what}");
}

#[tokio::test]
async fn the_headers_stand_on_every_answer() {
    let app = App::new();
    let document: Value = serde_json::from_str(&service::document()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for id in ["unknown", "s"] {
            for method in methods.as_object().unwrap().keys() {
                app.session_in("s", State::Failed);
                let method: Method = method.to_uppercase().parse().unwrap();
                let path = path.replace("{id}", id);
                let answer = app.send(request(method.clone(), &path, &[], "")).await;
                check_headers(&answer, &format!("{method} {path} {}", answer.status));
            }
            // A method that no route has.
            let answer = app.send(request(Method::PATCH, &path.replace("{id}", id), &[], "")).await;
            answer.problem(405, "method-not-allowed");
            assert!(answer.headers.contains_key("allow"), "{path}");
            check_headers(&answer, path);
        }
    }
    for path in ["/", "/nope", "/api", "/api/nope", "/xcode", "/api/sessions/s/nope"] {
        check_headers(&app.get(path).await, path);
    }
    app.get("/nope").await.problem(404, "not-found");
    let large = app.xfer(&[], &" ".repeat((256 << 10) + 1)).await;
    large.problem(413, "too-large");
    check_headers(&large, "413");
}

#[tokio::test]
async fn faults_say_nothing_of_the_inside() {
    let faults = [
        (unavailable(), 503, "unavailable"),
        (Fault::Busy, 503, "busy"),
        (Fault::Full, 507, "storage-full"),
        (
            Fault::Broken(states::session::BrokenRecord { id: "s".to_owned(), what: "/secret/path" }),
            500,
            "damaged-record",
        ),
    ];
    for (fault, status, slug) in faults {
        let app = App::new();
        app.session_in("s", State::ReadyToXcode);
        *app.sessions.fault.lock().unwrap() = Some(fault);
        let song = r#"{"fileName":"a.wav","size":1,"contentType":"audio/wav"}"#;
        for answer in [app.get("/api/sessions/s").await, app.put("/xcode/s").await, app.xfer(&[], song).await]
        {
            answer.problem(status, slug);
            check_headers(&answer, slug);
            assert!(!answer.text.contains("secret") && !answer.text.contains("SELECT"), "{}", answer.text);
            assert_eq!(answer.headers.contains_key("retry-after"), status != 500, "{slug}");
        }
        app.get("/healthz").await.problem(status, slug);
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_like_any_other() {
    let app = App::new();
    app.sessions.panics.store(true, Ordering::SeqCst);
    let answer = app.get("/api/sessions/s").await;
    answer.problem(500, "internal");
    check_headers(&answer, "panic");
    assert!(!answer.text.contains("secret"), "{}", answer.text);
}

#[tokio::test]
async fn only_the_configured_hosts_are_answered() {
    let app = App::new();
    let ask = |host: &str| {
        let mut request = request(Method::GET, "/healthz", &[], "");
        request.headers_mut().insert("host", host.parse().unwrap());
        request
    };
    for host in ["evil.test", "lockgate.test.evil.test", "", "127.0.0.1", "lockgate.test@evil.test"] {
        let answer = app.send(ask(host)).await;
        answer.problem(421, "wrong-host");
        check_headers(&answer, host);
    }
    assert_eq!(app.send(ask("LOCKGATE.test:8080")).await.status, 200);
    let mut none = request(Method::GET, "/healthz", &[], "");
    none.headers_mut().remove("host");
    app.send(none).await.problem(400, "invalid-header");
    let two = request(Method::GET, "/healthz", &[("Host", "evil.test")], "");
    app.send(two).await.problem(400, "invalid-header");
    let absolute = request(Method::GET, "http://evil.test/healthz", &[], "");
    app.send(absolute).await.problem(421, "wrong-host");
}

#[tokio::test]
async fn pages_of_other_origins_read_nothing_unless_configured() {
    let ask = |method: Method, origin: &str| request(method, "/api/recipes", &[("Origin", origin)], "");
    let app = App::new();
    for origin in ["http://evil.test", "null", "http://lockgate.test"] {
        check_headers(&app.send(ask(Method::GET, origin)).await, origin);
    }
    let app = App::with(|service| service.config.cors_origins = vec!["https://page.test".to_owned()]);
    let allowed = |answer: Answer| answer.headers.get("access-control-allow-origin").cloned();
    assert_eq!(allowed(app.send(ask(Method::GET, "https://page.test")).await).unwrap(), "https://page.test");
    for origin in ["https://page.test.evil.test", "null", "http://page.test", "https://evil.test"] {
        assert_eq!(allowed(app.send(ask(Method::GET, origin)).await), None, "{origin}");
    }
    let preflight = [("Origin", "https://page.test"), ("Access-Control-Request-Method", "PUT")];
    let answer = app.send(request(Method::OPTIONS, "/xcode/s", &preflight, "")).await;
    assert_eq!(answer.headers["access-control-allow-origin"], "https://page.test");
    app.session_in("s", State::ReadyToXcode);
    let put = request(Method::PUT, "/xcode/s", &[("Origin", "https://page.test")], "");
    app.send(put).await.accepted();
}

fn issuer() -> Issuer {
    Issuer {
        url: "https://issuer.test:8443".to_owned(),
        client: "page".to_owned(),
        authorize: "https://issuer.test:8443/authorize".to_owned(),
        token: "https://issuer.test:8443/token?a=b".to_owned(),
        sign_out: None,
        scope: "openid".to_owned(),
    }
}

#[tokio::test]
async fn whoever_comes_is_told_how_to_sign_in() {
    let told = App::with(|service| {
        service.config.accounts = true;
        service.config.issuer = Some(issuer());
    });
    let told = told.get("/api/sign-in").await.json();
    assert_eq!(told["passwords"], false);
    assert_eq!(told["issuer"]["token"], "https://issuer.test:8443/token?a=b");
    let nobody_asks = App::with(|service| service.config.issuer = Some(issuer()));
    assert_eq!(nobody_asks.get("/api/sign-in").await.json(), serde_json::json!({ "passwords": false }));
}

#[tokio::test]
async fn over_tls_browsers_are_told_to_stay_with_it() {
    let app = App::with(|service| {
        service.config.public_url = format!("https://{HOST}");
        service.config.object_origins = vec!["https://objects.test".to_owned()];
        service.config.issuer = Some(issuer());
    });
    let answer = app.get("/nope").await;
    assert_eq!(answer.headers["strict-transport-security"], "max-age=63072000; includeSubDomains");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("connect-src 'self' https://objects.test https://issuer.test:8443;"), "{policy}");
}

#[tokio::test]
async fn a_request_keeps_its_own_id_if_it_is_a_sane_one() {
    let app = App::new();
    let ask = |id: &str| request(Method::GET, "/nope", &[("X-Request-Id", id)], "");
    assert_eq!(app.send(ask("trace-1.2_3")).await.problem(404, "not-found")["requestId"], "trace-1.2_3");
    for id in ["short", "", "two words", "<script>alert", &"x".repeat(65), "\"quoted\""] {
        let answer = app.send(ask(id)).await;
        assert_eq!(answer.headers["x-request-id"].len(), 36, "{id}");
    }
}

#[tokio::test]
async fn the_first_page_tells_how_to_go_on() {
    let app = App::new();
    let text = app.get("/").await;
    assert!(text.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert!(text.text.contains("curl http://lockgate.test/xfer"), "{}", text.text);
    let page = app.send(request(Method::GET, "/", &[("Accept", "text/html,*/*;q=0.8")], "")).await;
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(!page.text.contains("<script") && !page.text.contains("style"), "{}", page.text);
}

#[tokio::test]
async fn the_meters_count_by_route_and_never_by_id() {
    let app = App::new();
    app.service.meters.install();
    app.session_in("s-canary", State::ReadyToXcode);
    app.get("/api/sessions/s-canary").await;
    app.get("/api/sessions/unknown-canary").await;
    app.get("/nope-canary").await;
    app.send(request("MADEUP".parse().unwrap(), "/healthz", &[], "")).await;
    app.put("/xcode/s-canary").await.accepted();
    let text = app.get("/metrics").await.text;
    let lines = [
        "lockgate_http_requests_total{method=\"GET\",route=\"/api/sessions/{id}\",status=\"200\"} ",
        "lockgate_http_requests_total{method=\"GET\",route=\"/api/sessions/{id}\",status=\"404\"} ",
        "lockgate_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} ",
        "lockgate_http_requests_total{method=\"other\",route=\"/healthz\",status=\"405\"} ",
        "lockgate_http_request_seconds_count{route=\"/xcode/{id}\"} ",
        "lockgate_requested_transitions_total{event=\"TranscodeStarted\"} ",
        "# HELP lockgate_event_streams ",
    ];
    for line in lines {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("canary"), "{text}");
}
