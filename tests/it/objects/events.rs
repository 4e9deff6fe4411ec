//! Events: one for every object created in `uploads`, at least once, in order per key, across restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use activities::objects::ObjectCreated;
use futures::FutureExt;
use local::s3::{Handler, Retry};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::rig::{PATIENCE, Rig};

const QUICK: Retry = Retry { first: Duration::from_millis(1), most: Duration::from_millis(5) };

/// A handler that passes every event on, and answers what `decide` says of it and its try.
fn recorder(
    decide: impl Fn(&ObjectCreated, usize) -> bool + Send + Sync + 'static,
) -> (Handler, UnboundedReceiver<ObjectCreated>) {
    let (sender, receiver) = unbounded_channel();
    let tries = AtomicUsize::new(0);
    let handler: Handler = Arc::new(move |event: ObjectCreated| {
        let taken = decide(&event, tries.fetch_add(1, Ordering::SeqCst));
        let _ = sender.send(event);
        async move { if taken { Ok(()) } else { Err("not now".into()) } }.boxed()
    });
    (handler, receiver)
}

async fn next(receiver: &mut UnboundedReceiver<ObjectCreated>) -> ObjectCreated {
    tokio::time::timeout(PATIENCE, receiver.recv()).await.unwrap().unwrap()
}

/// Delivers until `work` is done.
async fn delivering<T>(rig: &Rig, handler: Handler, work: impl Future<Output = T>) -> T {
    let stop = CancellationToken::new();
    let delivery = rig.store.deliver(handler, QUICK, stop.clone().cancelled_owned());
    let work = Box::pin(async {
        let result = work.await;
        stop.cancel();
        result
    });
    tokio::join!(work, delivery).0
}

/// Waits until nothing is undelivered, which one more event that is handled last shows.
async fn drained(rig: &Rig) -> Vec<ObjectCreated> {
    rig.put("the end", "x").await;
    let (handler, mut events) = recorder(|_, _| true);
    delivering(rig, handler, async {
        let mut seen = Vec::new();
        while seen.last().is_none_or(|event: &ObjectCreated| event.key != "the end") {
            seen.push(next(&mut events).await);
        }
        seen.pop();
        seen
    })
    .await
}

#[tokio::test]
async fn an_event_says_what_was_created_and_comes_once_when_taken() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let (handler, mut events) = recorder(|_, _| true);
    let etag = rig.put("inbox/a b+c", "body").await;
    delivering(&rig, handler, async {
        let event = next(&mut events).await;
        assert_eq!((event.bucket.as_str(), event.key.as_str()), ("uploads", "inbox/a b+c"));
        assert_eq!((event.size, &event.etag), (4, &etag));
        assert_eq!(
            event.version_id,
            rig.objects.head("uploads", &event.key).await.unwrap().unwrap().version_id
        );
    })
    .await;
    assert_eq!(etag.len(), 32);
    let again = drained(&rig).await;
    assert!(again.len() <= 1, "at least once: {again:?}");
    assert_eq!(drained(&rig).await, []);
}

#[tokio::test]
async fn refused_events_come_again_in_order_and_hold_up_no_other_key() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    for body in ["1", "22", "333"] {
        rig.put("slow", body).await;
    }
    rig.put("fine", "4444").await;
    let (handler, mut events) = recorder(|event, tries| event.key == "fine" || tries > 6);
    let mut sizes = Vec::new();
    delivering(&rig, handler, async {
        let mut fine = 0;
        while sizes.last() != Some(&3) || fine == 0 {
            let event = next(&mut events).await;
            if event.key == "fine" {
                fine += 1;
            } else {
                sizes.push(event.size);
            }
        }
        assert_eq!(fine, 1);
    })
    .await;
    assert!(sizes.len() > 6, "{sizes:?}");
    assert!(sizes.is_sorted(), "{sizes:?}");
}

#[tokio::test]
async fn a_panicking_handler_has_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    rig.put("k", "x").await;
    let (taken, mut events) = recorder(|_, _| true);
    let first = AtomicUsize::new(0);
    let handler: Handler = Arc::new(move |event| {
        let taken = taken(event);
        let is_first = first.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            assert!(!is_first, "the first try panics");
            taken.await
        }
        .boxed()
    });
    delivering(&rig, handler, async {
        let first = next(&mut events).await;
        assert_eq!(next(&mut events).await, first);
    })
    .await;
}

#[tokio::test]
async fn an_event_that_was_not_taken_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    rig.put("k", "x").await;
    let (handler, mut events) = recorder(|_, _| false);
    let refused = delivering(&rig, handler, async { next(&mut events).await }).await;
    rig.stop().await;
    let rig = Rig::start(folder.path()).await;
    assert_eq!(drained(&rig).await, [refused]);
}

#[tokio::test]
async fn only_uploads_make_events_and_refused_uploads_none() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    rig.client().put_object().bucket("results").key("r").body(b"x".to_vec().into()).send().await.unwrap();
    let wrong = rig.client().put_object().bucket("uploads").key("w").checksum_crc32("AAAAAA==");
    wrong.body(b"x".to_vec().into()).send().await.unwrap_err();
    rig.put("taken", "x").await;
    let taken = rig.client().put_object().bucket("uploads").key("taken").if_none_match("*");
    taken.send().await.unwrap_err();
    let seen = drained(&rig).await;
    assert_eq!(seen.iter().map(|event| event.key.as_str()).collect::<Vec<_>>(), ["taken"]);
}
