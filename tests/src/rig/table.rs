//! The table of sessions, as the stack has it: a test of `infra/` compares the two.

use anyhow::Result;
use aws::sessions::{BY_DUE, BY_OWNER, name};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};

pub async fn create(client: &Client, table: &str) -> Result<()> {
    let texts = [name::ID, name::LISTED, name::CREATED, name::DUE_SHARD];
    let shown = [name::STATE, name::PROBLEM, name::RECIPE];
    let shown = Projection::builder()
        .projection_type(ProjectionType::Include)
        .set_non_key_attributes(Some(shown.map(ToOwned::to_owned).to_vec()))
        .build();
    let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let create = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    let create = texts.into_iter().try_fold(create, |create, name| {
        anyhow::Ok(create.attribute_definitions(attribute(name, ScalarAttributeType::S)?))
    })?;
    create
        .attribute_definitions(attribute(name::DUE_AT, ScalarAttributeType::N)?)
        .key_schema(key(name::ID, KeyType::Hash)?)
        .global_secondary_indexes(index(BY_OWNER, name::LISTED, name::CREATED, shown)?)
        .global_secondary_indexes(index(BY_DUE, name::DUE_SHARD, name::DUE_AT, keys_only)?)
        .send()
        .await?;
    Ok(())
}

fn attribute(name: &str, of: ScalarAttributeType) -> Result<AttributeDefinition> {
    Ok(AttributeDefinition::builder().attribute_name(name).attribute_type(of).build()?)
}

fn key(name: &str, of: KeyType) -> Result<KeySchemaElement> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(of).build()?)
}

fn index(name: &str, hash: &str, range: &str, projection: Projection) -> Result<GlobalSecondaryIndex> {
    let index = GlobalSecondaryIndex::builder().index_name(name).projection(projection);
    Ok(index.key_schema(key(hash, KeyType::Hash)?).key_schema(key(range, KeyType::Range)?).build()?)
}
