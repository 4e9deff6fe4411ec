//! What is particular to records in DynamoDB: items that contradict themselves, lists of many pages, tombstones.

use activities::ports::{Due, Fault, Guard, Query, Sessions, Written};
use anyhow::{Context, Result, ensure};
use aws::connection::Connection;
use aws::sessions::{DynamoSessions, name};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use states::session::{Change, Deadlines, Stamp};
use states::{State, Timestamp};
use tests::desk;
use tests::rig::{self, Rig};

struct Table {
    client: Client,
    name: String,
    store: DynamoSessions,
}

async fn table() -> Result<Table> {
    let client = Connection::new(&Rig::running()?.account())?.dynamodb();
    let name = rig::unique("sessions");
    rig::table::create(&client, &name).await?;
    Ok(Table { store: DynamoSessions::new(client.clone(), &name), client, name })
}

impl Table {
    async fn damage(&self, id: &str, attribute: &str, value: AttributeValue) -> Result<()> {
        let update =
            self.client.update_item().table_name(&self.name).key(name::ID, AttributeValue::S(id.to_owned()));
        let update = update.update_expression("SET #it = :it").expression_attribute_names("#it", attribute);
        update.expression_attribute_values(":it", value).send().await?;
        Ok(())
    }

    async fn attribute(&self, id: &str, attribute: &str) -> Result<Option<AttributeValue>> {
        let get =
            self.client.get_item().table_name(&self.name).key(name::ID, AttributeValue::S(id.to_owned()));
        Ok(get.send().await?.item.context("the item stands")?.remove(attribute))
    }
}

#[tokio::test]
async fn an_item_that_contradicts_itself_is_an_error_and_no_session() -> Result<()> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for (attribute, value) in [
        (name::RECORD, text("{}")),
        (name::STATE, text("Done")),
        (name::VERSION, AttributeValue::N("7".to_owned())),
        (name::CHECKSUM, AttributeValue::N("1".to_owned())),
        (name::PROGRESS, AttributeValue::N("-1".to_owned())),
        (name::OWES, AttributeValue::Ss(vec!["Nothing#1".to_owned()])),
    ] {
        let table = table().await?;
        for id in ["sound", "damaged"] {
            let session = desk::new_session(id);
            ensure!(table.store.write(&session, Guard::Absent).await? == Written::Stored);
        }
        table.damage("damaged", attribute, value).await?;
        let read = table.store.get("damaged").await;
        ensure!(matches!(read, Err(Fault::Broken(_))), "{attribute}: {read:?}");
        let query = Query { owner: Some("local".to_owned()), limit: 10, ..Query::default() };
        let listed = table.store.list(&query).await?.sessions;
        ensure!(listed.iter().map(|session| session.id.as_str()).eq(["sound"]), "{attribute}: {listed:?}");
        let due = table.store.due(Timestamp::MAX, 10).await?;
        let due = due.into_iter().find(|due| due.id == "damaged").context("it is due still")?;
        ensure!(table.store.put_off(&due, Timestamp::MAX).await? == Written::Stored, "{attribute}");
    }
    Ok(())
}

#[tokio::test]
async fn a_list_of_many_records_is_read_to_its_end() -> Result<()> {
    let table = table().await?;
    let draft = desk::draft("s");
    for n in 0..130 {
        let draft = states::session::Draft { id: format!("s{n:03}"), ..draft.clone() };
        let session = states::Session::new(
            draft,
            Timestamp::from_millisecond(1_700_000_000_000 + n)?,
            &Deadlines::default(),
        );
        ensure!(table.store.write(&session, Guard::Absent).await? == Written::Stored);
    }
    let query = Query { owner: Some("local".to_owned()), limit: 120, ..Query::default() };
    let first = table.store.list(&query).await?;
    ensure!(first.sessions.len() == 120 && first.sessions[0].id == "s129", "{}", first.sessions.len());
    let rest = table.store.list(&Query { cursor: first.next, ..query.clone() }).await?;
    ensure!(rest.sessions.len() == 10 && rest.sessions[9].id == "s000" && rest.next.is_none());
    // Nothing fits, which takes reading past every one.
    let none = table.store.list(&Query { state: Some(State::Done), ..query }).await?;
    ensure!(none.sessions.is_empty() && none.next.is_none());
    let due = table.store.due(Timestamp::MAX, 200).await?;
    ensure!(due.len() == 130 && due.is_sorted_by_key(|due: &Due| due.at), "{}", due.len());
    Ok(())
}

#[tokio::test]
async fn only_a_tombstone_is_ever_forgotten() -> Result<()> {
    let table = table().await?;
    let session = desk::new_session("s");
    ensure!(table.store.write(&session, Guard::Absent).await? == Written::Stored);
    let stamp = Stamp { transition_id: "t".to_owned(), at: Timestamp::now() };
    let cancelled = session.apply(&Change::Cancelled, &stamp, &Deadlines::default())?;
    let guard = Guard::Transition { event: states::Event::Cancelled, version: session.version };
    ensure!(table.store.write(&cancelled, guard).await? == Written::Stored);
    ensure!(table.attribute("s", name::EXPIRES).await?.is_none());
    let at = Timestamp::now();
    let guard = Guard::Unmoved { version: cancelled.version };
    ensure!(table.store.write(&cancelled.bury(at, &Deadlines::default()), guard).await? == Written::Stored);
    let expires = table.attribute("s", name::EXPIRES).await?.context("a tombstone may be forgotten")?;
    let expires: i64 = expires.as_n().ok().context("a number")?.parse()?;
    ensure!(expires == at.as_second() + 90 * 24 * 3600, "{expires}");
    ensure!(table.attribute("s", name::LISTED).await?.is_none(), "it is in nobody's list");
    Ok(())
}
