//! The book of notices: killed at each of its writes, it holds what was committed, and doing all of it again comes to the
//! same end. Deliveries through the real binary are killed in `notices::kills`.

use std::collections::BTreeSet;
use std::path::Path;

use activities::notices::{Delivery, Endpoint, LogQuery, Named, Notice, Order, Standing, Topic};
use activities::ports::Notifier;
use activities::webhook::Secret;
use local::notices::SqliteNotifier;
use states::Timestamp;
use tests::doomed::{self, Doomed};

pub(super) const BOOK: Doomed = Doomed("crash_points::notices::inside_a_doomed_process");

fn book(folder: &Path) -> SqliteNotifier {
    SqliteNotifier::open(&folder.join("notices.db")).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn endpoint(id: &str) -> Endpoint {
    let named = Named {
        url: "https://example.org/".to_owned(),
        about: String::new(),
        topics: BTreeSet::new(),
        enabled: true,
    };
    Endpoint::new(id, "ada", named, Secret::random(), at(1))
}

fn delivery(id: &str) -> Delivery {
    let notice = Notice::sample(Topic::SessionDone, id, at(2), "http://localhost");
    let order = Order {
        delivery: id.to_owned(),
        owner: "ada".to_owned(),
        endpoint: "ep_stays".to_owned(),
        notice,
        replay_of: None,
    };
    Delivery::new(&order, at(2))
}

#[tokio::test]
#[ignore = "run by the other test of this module, with a crash point armed"]
async fn inside_a_doomed_process() {
    fill(&book(&doomed::folder())).await;
}

/// An endpoint that stays and one that goes; a delivery that ended long ago and one that waits.
async fn fill(book: &SqliteNotifier) {
    book.write_endpoint(&endpoint("stays")).await.unwrap();
    book.write_endpoint(&endpoint("goes")).await.unwrap();
    book.remove_endpoint("ada", "ep_goes").await.unwrap();
    let ended = Delivery { standing: Standing::Delivered, ..delivery("old") };
    for delivery in [ended, delivery("waits")] {
        book.write_delivery(&delivery).await.unwrap();
    }
    book.forget_deliveries(at(3), 10).await.unwrap();
}

#[tokio::test]
async fn the_book_ends_the_same_wherever_it_was_killed() {
    let passes = BOOK.calm(tempfile::tempdir().unwrap().path()).unwrap();
    assert!(passes.len() >= 12, "{passes:?}");
    for pass in passes {
        let folder = tempfile::tempdir().unwrap();
        BOOK.killed(folder.path(), &pass).unwrap();
        let book = book(folder.path());
        fill(&book).await;
        let endpoints = book.endpoints("ada").await.unwrap();
        assert_eq!(endpoints.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["ep_stays"], "{pass}");
        let query = LogQuery {
            owner: "ada".to_owned(),
            endpoint: "ep_stays".to_owned(),
            limit: 9,
            ..LogQuery::default()
        };
        let log = book.deliveries(&query).await.unwrap();
        assert_eq!(log, [delivery("waits")], "{pass}");
    }
}
