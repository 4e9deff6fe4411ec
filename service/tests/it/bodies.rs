//! How long a body may be, and how deep its JSON: on either side of each limit.

use http::StatusCode;

use crate::app::{App, HOST};
use crate::serve::{Server, long};

/// A body may have so many bytes.
const MOST: usize = 256 << 10;

/// JSON may be so deep, the outermost object counted.
const DEEPEST: usize = 127;

/// An announcement of so many bytes.
fn song(length: usize) -> String {
    let song = r#"{"fileName":"a.wav","size":1,"contentType":"audio/wav"}"#;
    song.to_owned() + &" ".repeat(length - song.len())
}

/// A request whose body comes in pieces, so that nothing says how long it is; but for its end.
fn in_pieces(body: &str) -> String {
    let head = format!(
        "POST /xfer HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    let pieces = body.as_bytes().chunks(10_000).map(|piece| {
        let piece = std::str::from_utf8(piece).unwrap();
        format!("{:x}\r\n{piece}\r\n", piece.len())
    });
    head + &pieces.collect::<String>()
}

#[tokio::test]
async fn a_body_of_unknown_length_is_counted_as_it_comes() {
    let app = App::new();
    let server = Server::of(app.router.clone(), long()).await;
    let mut client = server.connect().await;
    client.send(&format!("{}0\r\n\r\n", in_pieces(&song(MOST)))).await;
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");

    // It is refused once it is too long; that it ends need not be seen.
    let mut client = server.connect().await;
    client.send(in_pieces(&song(MOST + 1)).strip_suffix("\r\n").unwrap()).await;
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(
        answer.contains("/problems/too-large") && answer.contains(&format!("\"limit\":{MOST}")),
        "{answer}"
    );
    assert_eq!(app.sessions.count(), 1);
}

/// An announcement with an option that it makes so deep.
fn deep(levels: usize) -> String {
    let arrays = levels - 2;
    format!(
        r#"{{"fileName":"a.wav","size":1,"contentType":"audio/wav","options":{{"deep":{}{}}}}}"#,
        "[".repeat(arrays),
        "]".repeat(arrays)
    )
}

#[tokio::test]
async fn json_is_read_to_its_limit_of_depth_and_no_deeper() {
    let app = App::new();
    // Nothing that is taken is so deep: who is told that there is no such option was read to the end.
    let read = app.xfer(&[], &deep(DEEPEST)).await.problem(400, "invalid-body");
    assert_eq!(read["pointer"], "/options/deep");
    for levels in [DEEPEST + 1, DEEPEST + 2, 10_000] {
        let refused = app.xfer(&[], &deep(levels)).await.problem(400, "invalid-body");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("recursion limit"), "{levels}: {detail:.200}");
    }
    assert_eq!(app.xfer(&[], &song(100)).await.status, StatusCode::CREATED, "and the next one is well");
}
