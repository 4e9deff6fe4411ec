//! What a store of endpoints and deliveries must do.

use std::collections::BTreeSet;

use activities::notices::{Delivery, Endpoint, LogQuery, Named, Notice, Order, Standing};
use activities::ports::{Notifier, Written};
use activities::webhook::Secret;
use states::Timestamp;
use states::session::{Change, Deadlines, Stamp};
use tests::desk;

use Written::{Refused, Stored};

suite!(
    [
        an_endpoint_is_written_over_the_version_before_and_no_other,
        endpoints_are_their_owner_s_in_the_order_they_were_made,
        a_delivery_is_written_over_itself,
        the_log_is_paged_newest_first_and_filtered,
    ]
    in sqlite: notices_in_sqlite, on_aws: notices_in_dynamodb,
);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap()
}

fn endpoint(id: &str, owner: &str, made_at: Timestamp) -> Endpoint {
    let url = format!("https://example.org/{id}");
    let named = Named { url, about: "mine".to_owned(), topics: BTreeSet::new(), enabled: true };
    Endpoint::new(id, owner, named, Secret::random(), made_at)
}

/// That a session has ended.
fn notice() -> Notice {
    let stamp = Stamp { transition_id: "t".to_owned(), at: at(0) };
    let failed = desk::new_session("s").apply(&Change::Cancelled, &stamp, &Deadlines::default()).unwrap();
    Notice::of_session(&failed, failed.attempt, "https://page.example.org").expect("it is worth telling")
}

fn delivery(id: &str, endpoint: &str, made_at: Timestamp) -> Delivery {
    let (owner, endpoint) = ("ada".to_owned(), endpoint.to_owned());
    let order = Order { delivery: id.to_owned(), owner, endpoint, notice: notice(), replay_of: None };
    Delivery::new(&order, made_at)
}

async fn an_endpoint_is_written_over_the_version_before_and_no_other(store: &dyn Notifier) {
    let first = endpoint("e", "ada", at(0));
    assert_eq!(store.write_endpoint(&first).await.unwrap(), Stored);
    assert_eq!(store.write_endpoint(&first).await.unwrap(), Refused, "it is there already");
    let mut second = Endpoint { version: 2, ..first.clone() };
    second.disable("It is gone.", at(1));
    assert_eq!(store.write_endpoint(&second).await.unwrap(), Stored);
    assert_eq!(store.write_endpoint(&second).await.unwrap(), Refused);
    assert_eq!(store.write_endpoint(&Endpoint { version: 4, ..second.clone() }).await.unwrap(), Refused);
    assert_eq!(store.endpoint("ada", &first.id).await.unwrap(), Some(second.clone()));
    assert_eq!(store.endpoint("bob", &first.id).await.unwrap(), None);
    assert!(store.remove_endpoint("ada", &first.id).await.unwrap());
    assert!(!store.remove_endpoint("ada", &first.id).await.unwrap());
    assert_eq!(store.endpoint("ada", &first.id).await.unwrap(), None);
    assert_eq!(store.write_endpoint(&Endpoint { version: 3, ..second }).await.unwrap(), Refused);
}

async fn endpoints_are_their_owner_s_in_the_order_they_were_made(store: &dyn Notifier) {
    let made = [endpoint("c", "ada", at(1)), endpoint("a", "ada", at(2)), endpoint("b", "ada", at(3))];
    for endpoint in made.iter().rev().chain([&endpoint("x", "bob", at(0))]) {
        assert_eq!(store.write_endpoint(endpoint).await.unwrap(), Stored);
    }
    assert_eq!(store.endpoints("ada").await.unwrap(), made);
    assert!(store.remove_endpoint("ada", &made[1].id).await.unwrap());
    assert_eq!(store.endpoints("ada").await.unwrap(), [made[0].clone(), made[2].clone()]);
    assert_eq!(store.endpoints("nobody").await.unwrap(), []);
}

async fn a_delivery_is_written_over_itself(store: &dyn Notifier) {
    let waiting = delivery("d", "e", at(0));
    store.write_delivery(&waiting).await.unwrap();
    assert_eq!(store.delivery("ada", "d").await.unwrap(), Some(waiting.clone()));
    let delivered = Delivery { standing: Standing::Delivered, put_off: 3, ..waiting };
    store.write_delivery(&delivered).await.unwrap();
    store.write_delivery(&delivered).await.unwrap();
    assert_eq!(store.delivery("ada", "d").await.unwrap(), Some(delivered));
    assert_eq!(store.delivery("bob", "d").await.unwrap(), None);
}

async fn the_log_is_paged_newest_first_and_filtered(store: &dyn Notifier) {
    // Some are of one and the same moment.
    for (n, millis) in [0, 10, 10, 10, 20, 30].into_iter().enumerate() {
        let standing = if n % 2 == 0 { Standing::Delivered } else { Standing::Waiting };
        store
            .write_delivery(&Delivery { standing, ..delivery(&format!("d{n}"), "e", at(millis)) })
            .await
            .unwrap();
    }
    store.write_delivery(&delivery("other", "f", at(5))).await.unwrap();
    let all = LogQuery {
        owner: "ada".to_owned(),
        endpoint: "e".to_owned(),
        standing: None,
        since: None,
        before: None,
        limit: 10,
    };
    let ids = async |query: LogQuery| -> Vec<String> {
        store.deliveries(&query).await.unwrap().into_iter().map(|delivery| delivery.id).collect()
    };
    assert_eq!(ids(all.clone()).await, ["d5", "d4", "d3", "d2", "d1", "d0"]);
    let paged = LogQuery { limit: 2, ..all.clone() };
    assert_eq!(ids(paged.clone()).await, ["d5", "d4"]);
    let behind = |millis, id: &str| Some((at(millis), Some(id.to_owned())));
    assert_eq!(ids(LogQuery { before: behind(20, "d4"), ..paged.clone() }).await, ["d3", "d2"]);
    assert_eq!(ids(LogQuery { before: behind(10, "d2"), ..paged.clone() }).await, ["d1", "d0"]);
    assert_eq!(ids(LogQuery { before: Some((at(10), None)), ..all.clone() }).await, ["d0"]);
    assert_eq!(ids(LogQuery { since: Some(at(20)), ..all.clone() }).await, ["d5", "d4"]);
    let delivered = LogQuery { standing: Some(Standing::Delivered), ..all.clone() };
    assert_eq!(ids(delivered).await, ["d4", "d2", "d0"]);
    assert_eq!(ids(LogQuery { owner: "bob".to_owned(), ..all }).await, Vec::<String>::new());
}
