//! Where owners want to be told, and what was tried to tell them: items of the one table, under names that no session has.
//! An owner's endpoints, and an endpoint's deliveries, are found by the index of lists; what is shown is read from the table.
//!
//! Nothing is deleted here. What is removed loses all but its name, what has ended is given a day to be forgotten by, and
//! DynamoDB does the rest.

use std::collections::HashMap;

use activities::notices::{Delivery, Endpoint, LogQuery, Standing};
use activities::ports::{Fault, Notifier, Written};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use jiff::SignedDuration;
use serde::Serialize;
use serde::de::DeserializeOwned;
use states::Timestamp;
use states::session::{BrokenRecord, Sealed, unsealed};

use crate::sessions::{BY_OWNER, Stored, Update, fault, item, name, names_in};

/// As many endpoints as are read of an owner; nobody may have more.
const MOST_ENDPOINTS: usize = 100;

pub struct DynamoNotifier {
    client: Client,
    table: String,
    /// How long a delivery is kept that has ended; for ever, if not said.
    kept: Option<SignedDuration>,
}

impl DynamoNotifier {
    pub fn new(client: Client, table: &str, kept: Option<SignedDuration>) -> Self {
        Self { client, table: table.to_owned(), kept }
    }

    async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Fault> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = get.key(name::ID, item::text(key)).send().await.map_err(fault)?;
        Ok(answer.item.and_then(|item| record(key, &item)).transpose()?)
    }

    /// What `key` is to be, if `condition` holds of it.
    async fn put(&self, key: &str, listed: &Listed, update: Update) -> Result<Written, Fault> {
        let update = update
            .set(name::LISTED, item::text(&listed.list))
            .set(name::CREATED, item::text(item::place(listed.at, &listed.id)));
        self.update(key, update).await
    }

    async fn update(&self, key: &str, update: Update) -> Result<Written, Fault> {
        Ok(crate::sessions::send(&self.client, &self.table, key, update)
            .await?
            .map_or_else(|_| Written::Refused, |()| Written::Stored))
    }

    /// The keys of a list, newest first, from `after` on and before `before`.
    async fn listed(&self, query: ListQuery<'_>) -> Result<Vec<String>, Fault> {
        let ListQuery { list, standing, from, before, limit, newest_first } = query;
        let keys = "#listed = :listed AND #created BETWEEN :from AND :before";
        let mut values = HashMap::from([
            (":listed".to_owned(), item::text(list)),
            (":from".to_owned(), item::text(from)),
            (":before".to_owned(), item::text(before)),
        ]);
        let filter = standing.map(|standing| {
            values.insert(":state".to_owned(), item::text(standing));
            "#state = :state"
        });
        let names = names_in(&format!("{keys} {}", filter.unwrap_or_default()));
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let request = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(BY_OWNER)
                .key_condition_expression(keys)
                .set_filter_expression(filter.map(ToOwned::to_owned))
                .set_expression_attribute_names(Some(names.clone()))
                .set_expression_attribute_values(Some(values.clone()))
                .scan_index_forward(!newest_first)
                .set_exclusive_start_key(start);
            let answer = request.send().await.map_err(fault)?;
            let ids = answer.items.unwrap_or_default();
            found.extend(ids.iter().filter_map(|item| Some(item.get(name::ID)?.as_s().ok()?.clone())));
            start = answer.last_evaluated_key;
            if found.len() >= limit || start.is_none() {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// The records of these keys, in their order; a damaged one is left out.
    async fn records<T: DeserializeOwned>(&self, keys: Vec<String>) -> Result<Vec<T>, Fault> {
        let mut records = Vec::new();
        for key in keys {
            match self.get(&key).await {
                Ok(record) => records.extend(record),
                Err(Fault::Broken(broken)) => {
                    tracing::error!(%broken, "a damaged record is left out of a list")
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(records)
    }
}

/// Where an item stands in which list.
struct Listed {
    list: String,
    at: Timestamp,
    id: String,
}

struct ListQuery<'q> {
    list: &'q str,
    standing: Option<Standing>,
    /// Places, both included.
    from: &'q str,
    before: &'q str,
    limit: usize,
    newest_first: bool,
}

/// Behind every place, and before every one.
const LAST: &str = "~";
const FIRST: &str = "!";

fn endpoint_key(owner: &str, id: &str) -> String {
    format!("endpoint:{owner}:{id}")
}

fn delivery_key(owner: &str, id: &str) -> String {
    format!("delivery:{owner}:{id}")
}

fn endpoints_of(owner: &str) -> String {
    format!("endpoints:{owner}")
}

fn deliveries_to(owner: &str, endpoint: &str) -> String {
    format!("deliveries:{owner}:{endpoint}")
}

#[async_trait]
impl Notifier for DynamoNotifier {
    async fn endpoints(&self, owner: &str) -> Result<Vec<Endpoint>, Fault> {
        let list = endpoints_of(owner);
        let all = ListQuery {
            list: &list,
            standing: None,
            from: FIRST,
            before: LAST,
            limit: MOST_ENDPOINTS,
            newest_first: false,
        };
        self.records(self.listed(all).await?).await
    }

    async fn endpoint(&self, owner: &str, id: &str) -> Result<Option<Endpoint>, Fault> {
        self.get(&endpoint_key(owner, id)).await
    }

    async fn write_endpoint(&self, endpoint: &Endpoint) -> Result<Written, Fault> {
        let Endpoint { owner, id, version, made_at, .. } = endpoint;
        let update = with_record(endpoint).set(name::VERSION, item::number(version));
        let update = match version {
            1 => update.and_if("attribute_not_exists(#id)"),
            _ => update
                .and_if("#version = :before AND attribute_exists(#record)")
                .value(":before", item::number(version - 1)),
        };
        let listed = Listed { list: endpoints_of(owner), at: *made_at, id: id.clone() };
        self.put(&endpoint_key(owner, id), &listed, update).await
    }

    async fn remove_endpoint(&self, owner: &str, id: &str) -> Result<bool, Fault> {
        let gone = [name::RECORD, name::CHECKSUM, name::LISTED, name::CREATED];
        let update = Update::default().set(name::EXPIRES, item::number(Timestamp::now().as_second()));
        let update = gone.into_iter().fold(update, |update, name| update.set_or_remove(name, None));
        let update = update.and_if("attribute_exists(#record)");
        Ok(self.update(&endpoint_key(owner, id), update).await? == Written::Stored)
    }

    async fn delivery(&self, owner: &str, id: &str) -> Result<Option<Delivery>, Fault> {
        self.get(&delivery_key(owner, id)).await
    }

    async fn write_delivery(&self, delivery: &Delivery) -> Result<(), Fault> {
        let Delivery { owner, id, endpoint, standing, made_at, .. } = delivery;
        let ended = (*standing != Standing::Waiting).then_some(());
        let expires = ended.and(self.kept).map(|kept| item::number((*made_at + kept).as_second()));
        let update = with_record(delivery)
            .set(name::STATE, item::text(standing))
            .set_or_remove(name::EXPIRES, expires)
            .and_if("attribute_not_exists(#id) OR attribute_exists(#record)");
        let listed = Listed { list: deliveries_to(owner, endpoint), at: *made_at, id: id.clone() };
        self.put(&delivery_key(owner, id), &listed, update).await.map(drop)
    }

    async fn deliveries(&self, query: &LogQuery) -> Result<Vec<Delivery>, Fault> {
        let list = deliveries_to(&query.owner, &query.endpoint);
        let from = query.since.map_or_else(|| FIRST.to_owned(), |since| item::place(since, ""));
        // What stands at that very place was on the page before.
        let at = query.before.as_ref().map(|(at, id)| item::place(*at, id.as_deref().unwrap_or_default()));
        let asked = ListQuery {
            list: &list,
            standing: query.standing,
            from: &from,
            before: at.as_deref().unwrap_or(LAST),
            limit: query.limit + 1,
            newest_first: true,
        };
        let last = query.before.as_ref().and_then(|(_, id)| Some(delivery_key(&query.owner, id.as_ref()?)));
        let mut keys = self.listed(asked).await?;
        keys.retain(|key| last.as_ref() != Some(key));
        keys.truncate(query.limit);
        self.records(keys).await
    }

    /// DynamoDB does it, by the day that each was given when it ended.
    async fn forget_deliveries(&self, _before: Timestamp, _limit: usize) -> Result<usize, Fault> {
        Ok(0)
    }
}

fn with_record(record: &impl Serialize) -> Update {
    let Sealed { text, checksum } = Sealed::of(record);
    Update::default().set(name::CHECKSUM, item::number(checksum)).set(name::RECORD, item::text(text))
}

/// None of an item that was removed.
fn record<T: DeserializeOwned>(key: &str, item: &Stored) -> Option<Result<T, BrokenRecord>> {
    let text = item::string(item, name::RECORD)?;
    Some(unsealed(key, text, item::parsed(item, name::CHECKSUM)))
}
