//! The closed lists of `states` as they stand in the OpenAPI document: read off the enums, typed nowhere again.

use std::borrow::Cow;
use std::marker::PhantomData;

use activities::notices::{Standing, Topic};
use serde::Serialize;
use states::session::{Holding, Stage, StartMode};
use states::{Event, Kind, Recipe, State};
use strum::VariantArray;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An enum of `states` that has a name in the document.
pub(crate) trait Vocabulary: VariantArray + Serialize {
    const NAME: &'static str;
    const ABOUT: &'static str;

    /// A word as it is sent.
    fn word(&self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(word)) => word,
            other => unreachable!("an enum without fields is a string, not {other:?}"),
        }
    }

    fn words() -> Vec<String> {
        Self::VARIANTS.iter().map(Self::word).collect()
    }

    fn parse(word: &str) -> Option<Self>
    where
        Self: Copy,
    {
        Self::VARIANTS.iter().copied().find(|variant| variant.word() == word)
    }
}

impl Vocabulary for State {
    const NAME: &'static str = "State";
    const ABOUT: &'static str = "Where a session stands.";
}

impl Vocabulary for Event {
    const NAME: &'static str = "Event";
    const ABOUT: &'static str = "What can happen to a session.";
}

impl Vocabulary for Kind {
    const NAME: &'static str = "ProblemKind";
    const ABOUT: &'static str = "Why a session failed.";
}

impl Vocabulary for Stage {
    const NAME: &'static str = "Stage";
    const ABOUT: &'static str = "What an attempt is doing. For display only.";
}

impl Vocabulary for Recipe {
    const NAME: &'static str = "Recipe";
    const ABOUT: &'static str = "What to make of a file.";
}

impl Vocabulary for StartMode {
    const NAME: &'static str = "StartMode";
    const ABOUT: &'static str =
        "Whether the conversion waits for a request or starts once the file is there.";
}

impl Vocabulary for Holding {
    const NAME: &'static str = "Holding";
    const ABOUT: &'static str = "What a session holds beside its record.";
}

impl Vocabulary for Topic {
    const NAME: &'static str = "NoticeEvent";
    const ABOUT: &'static str = "What a webhook can be told.";
}

impl Vocabulary for Standing {
    const NAME: &'static str = "DeliveryState";
    const ABOUT: &'static str = "Where a delivery stands; one that is dead was given up.";
}

pub(crate) type StateName = Name<State>;
pub(crate) type EventName = Name<Event>;
pub(crate) type KindName = Name<Kind>;
pub(crate) type StageName = Name<Stage>;
pub(crate) type RecipeName = Name<Recipe>;
pub(crate) type StartModeName = Name<StartMode>;
pub(crate) type HoldingName = Name<Holding>;
pub(crate) type TopicName = Name<Topic>;
pub(crate) type StandingName = Name<Standing>;

/// Stands for `V` in the schemas of what holds one.
pub(crate) struct Name<V>(PhantomData<V>);

impl<V: Vocabulary> PartialSchema for Name<V> {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
        object.enum_values(Some(V::words())).description(Some(V::ABOUT)).into()
    }
}

impl<V: Vocabulary> ToSchema for Name<V> {
    fn name() -> Cow<'static, str> {
        V::NAME.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_serde_reads_and_writes() {
        assert_eq!(State::words(), ["NotUploaded", "ReadyToXcode", "Transcoding", "Done", "Failed"]);
        for &kind in Kind::VARIANTS {
            assert_eq!(Kind::parse(&kind.word()), Some(kind));
            assert_eq!(kind.word(), kind.slug());
        }
        assert_eq!(Recipe::parse("FLAC"), None);
    }
}
