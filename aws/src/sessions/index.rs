//! What is read through the table's two indexes: an owner's list, and what is due. Indexes come a moment after the table,
//! so that they only say which records to look at; what a list shows is read from the table itself.

use std::collections::HashMap;

use activities::ports::{Cursor, Due, Fault, Page, Query};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures::future::try_join_all;
use states::{Session, Timestamp};

use super::fault;
use super::item::{self, SHARDS, Stored, due_at, name, number, place, string, text};
use super::update::names_in;

/// Live records by owner and time.
pub const BY_OWNER: &str = "by-owner";
/// Records that are due, in parts, by time; sparse.
pub const BY_DUE: &str = "by-due";

/// As many records as one request fetches.
const BATCH: usize = 100;

pub(super) async fn page(client: &Client, table: &str, query: &Query) -> Result<Page, Fault> {
    // One more tells whether there is a next page.
    let mut listed = listed(client, table, query, query.limit + 1).await?;
    let more = listed.len() > query.limit;
    listed.truncate(query.limit);
    let next = listed.last().filter(|_| more).cloned();
    let mut found = fetch(client, table, &listed).await?;
    let sessions = listed.iter().filter_map(|place| {
        let item = found.remove(&place.id)?;
        match item::session(&place.id, &item) {
            Ok(session) => Some(session),
            Err(broken) => {
                tracing::error!(%broken, "a damaged record is left out of the list");
                None
            }
        }
    });
    Ok(Page { sessions: sessions.filter(|session| still_fits(session, query)).collect(), next })
}

/// Whether what the index said of it is so still.
fn still_fits(session: &Session, query: &Query) -> bool {
    let problem = session.problem.as_ref().map(|problem| problem.kind);
    session.deleted_at.is_none()
        && query.state.is_none_or(|state| session.state == state)
        && query.recipe.is_none_or(|recipe| session.recipe == recipe)
        && query.problem.is_none_or(|asked| problem == Some(asked))
}

/// Where the next `most` records of the list are.
async fn listed(client: &Client, table: &str, query: &Query, most: usize) -> Result<Vec<Cursor>, Fault> {
    let nobody =
        Fault::Unavailable { what: "session store", why: "it lists one owner's sessions only".to_owned() };
    let owner = query.owner.as_ref().ok_or(nobody)?;
    let mut values = HashMap::from([(":listed".to_owned(), text(owner))]);
    let mut keys = "#listed = :listed".to_owned();
    if let Some(cursor) = &query.cursor {
        keys += " AND #created < :created";
        values.insert(":created".to_owned(), text(place(cursor.created_at, &cursor.id)));
    }
    let asked = [
        (name::STATE, query.state.map(text)),
        (name::PROBLEM, query.problem.map(text)),
        (name::RECIPE, query.recipe.map(text)),
    ];
    let mut filters = Vec::new();
    for (name, value) in asked.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        filters.push(format!("#{name} = :{name}"));
        values.insert(format!(":{name}"), value);
    }
    let filter = (!filters.is_empty()).then(|| filters.join(" AND "));
    let names = names_in(&format!("{keys} {}", filter.as_deref().unwrap_or_default()));
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let request = client
            .query()
            .table_name(table)
            .index_name(BY_OWNER)
            .key_condition_expression(&keys)
            .set_filter_expression(filter.clone())
            .set_expression_attribute_names(Some(names.clone()))
            .set_expression_attribute_values(Some(values.clone()))
            .scan_index_forward(false)
            .limit(most_of(most))
            .set_exclusive_start_key(from);
        let answer = request.send().await.map_err(fault)?;
        found.extend(answer.items.unwrap_or_default().iter().filter_map(cursor));
        from = answer.last_evaluated_key;
        if found.len() >= most || from.is_none() {
            found.truncate(most);
            return Ok(found);
        }
    }
}

fn cursor(item: &Stored) -> Option<Cursor> {
    let (millis, id) = string(item, name::CREATED)?.split_once('#')?;
    Some(Cursor { created_at: Timestamp::from_millisecond(millis.parse().ok()?).ok()?, id: id.to_owned() })
}

/// The records themselves, by their ids.
async fn fetch(client: &Client, table: &str, listed: &[Cursor]) -> Result<HashMap<String, Stored>, Fault> {
    let mut found = HashMap::new();
    for batch in listed.chunks(BATCH) {
        let key = |place: &Cursor| HashMap::from([(name::ID.to_owned(), text(&place.id))]);
        let mut keys = batch.iter().map(key).collect::<Vec<HashMap<String, AttributeValue>>>();
        while !keys.is_empty() {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let wanted = wanted.map_err(fault)?;
            let answer = client.batch_get_item().request_items(table, wanted).send().await.map_err(fault)?;
            let items = answer.responses.unwrap_or_default().remove(table).unwrap_or_default();
            found.extend(items.into_iter().filter_map(|item| {
                let id = string(&item, name::ID)?.to_owned();
                Some((id, item))
            }));
            // Large records do not all fit into one answer.
            let rest = answer.unprocessed_keys.unwrap_or_default().remove(table);
            keys = rest.map(|rest| rest.keys).unwrap_or_default();
        }
    }
    Ok(found)
}

pub(super) async fn due(
    client: &Client,
    table: &str,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Due>, Fault> {
    let parts = try_join_all((0..SHARDS).map(|shard| due_in(client, table, shard, now, limit))).await?;
    let mut due: Vec<_> = parts.into_iter().flatten().collect();
    due.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    due.truncate(limit);
    Ok(due)
}

async fn due_in(
    client: &Client,
    table: &str,
    shard: u32,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Due>, Fault> {
    let keys = "#dueShard = :shard AND #dueAt <= :now";
    let request = client
        .query()
        .table_name(table)
        .index_name(BY_DUE)
        .key_condition_expression(keys)
        .set_expression_attribute_names(Some(names_in(keys)))
        .expression_attribute_values(":shard", text(shard))
        .expression_attribute_values(":now", number(now.as_millisecond()))
        .limit(most_of(limit));
    let answer = request.send().await.map_err(fault)?;
    let due = |item: &Stored| Some(Due { id: string(item, name::ID)?.to_owned(), at: due_at(item)? });
    Ok(answer.items.unwrap_or_default().iter().filter_map(due).collect())
}

fn most_of(limit: usize) -> i32 {
    i32::try_from(limit.max(1)).unwrap_or(i32::MAX)
}
