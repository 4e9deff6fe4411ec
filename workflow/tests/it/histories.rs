//! A long history is read page by page in about the time that it takes to read it at once.

use serde_json::Value;
use workflow::driver::Page;
use workflow::journal::RunStatus;

use crate::rig::Rig;

const LENGTH: usize = 25_000;
const LIMIT: u32 = 500;

const ENDLESS: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Default":"A",
    "Choices":[{"Variable":"$.enough","IsPresent":true,"Next":"C"}]},"C":{"Type":"Succeed"}}}"#;

#[tokio::test]
async fn page_after_page_is_not_folded_from_the_start_each_time() {
    let rig = Rig::new().await;
    let arn = rig.start(ENDLESS).await;
    assert_eq!(rig.engine.closed(&arn).await.unwrap().status, RunStatus::Failed);
    let stored = rig.journal.appends() as usize;

    let (oldest_first, read) = all_pages(&rig, &arn, false).await;
    let numbers: Vec<_> = oldest_first.iter().map(|event| event["id"].as_u64().unwrap() as usize).collect();
    assert_eq!(numbers, (1..=LENGTH).collect::<Vec<_>>());
    let each_anew = LENGTH / LIMIT as usize * stored;
    assert!(read * 5 < each_anew, "{read} rows read, of {stored}");

    let (mut newest_first, read) = all_pages(&rig, &arn, true).await;
    assert!(read * 5 < each_anew, "{read} rows read, of {stored}");
    newest_first.reverse();
    assert!(newest_first == oldest_first, "an event looks the same from both sides");
}

/// All events, and how many rows were read for them.
async fn all_pages(rig: &Rig, arn: &str, reverse: bool) -> (Vec<Value>, usize) {
    let before = rig.journal.rows_read();
    let (mut page, mut events) = (Page { limit: LIMIT, ..Page::default() }, Vec::new());
    loop {
        let read = rig.engine.history(arn, &page, reverse).await.unwrap();
        assert_eq!(read.events.len(), LIMIT as usize);
        events.extend(read.events);
        page.token = read.next;
        if page.token.is_none() {
            return (events, rig.journal.rows_read() - before);
        }
    }
}

#[tokio::test]
async fn a_history_that_was_read_and_grew_is_read_on() {
    let rig = Rig::new().await;
    let arn = rig.start(&crate::rig::chain(&["echo", "hang"])).await;
    rig.script.next().await;
    let page = |token: &Option<String>| Page { limit: 3, token: token.clone(), ..Page::default() };
    let first = rig.engine.history(&arn, &page(&None), false).await.unwrap();
    let second = rig.engine.history(&arn, &page(&first.next), false).await.unwrap();
    assert_eq!((first.events.len(), second.events.len()), (3, 3));
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    let third = rig.engine.history(&arn, &page(&second.next), false).await.unwrap();
    let last = rig.engine.history(&arn, &Page { limit: 1, ..Page::default() }, true).await.unwrap();
    assert_eq!(last.events[0]["type"], "ExecutionAborted");
    let fourth = rig.engine.history(&arn, &page(&third.next), false).await.unwrap();
    assert_eq!((third.events.len(), &fourth.events), (3, &last.events));
    assert_eq!(fourth.next, None);
}
