//! How much work an encoder puts into making the result smaller. Every level gives the same samples.

use serde::{Deserialize, Serialize};

/// The ladder, from the quickest to the smallest. Names are what people write.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Level {
    /// In the least time.
    Fast,
    /// About as small as others make it, in a fraction of their time.
    #[default]
    Default,
    /// As small as it gets here.
    Best,
}
