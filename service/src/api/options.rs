//! The recipes' options as they stand in the OpenAPI document: their values are read off `states`, typed nowhere again.

use std::borrow::Cow;

use states::Recipe;
use states::options::{CHANNELS, DEPTHS, Level, MOST_TRACKS, RATES};
use strum::VariantArray;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The options of every recipe that has some.
pub(crate) struct OptionsSchema;

impl ToSchema for OptionsSchema {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("FlacOptions")
    }
}

impl PartialSchema for OptionsSchema {
    fn schema() -> RefOr<Schema> {
        of(Recipe::Flac).into()
    }
}

/// What `recipe` lets one choose.
pub(crate) fn of(recipe: Recipe) -> Schema {
    match recipe {
        Recipe::Flac => flac(),
        Recipe::Proxies => closed(ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object))),
    }
}

/// An object that has no other properties.
fn closed(object: ObjectBuilder) -> Schema {
    object.additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false))).into()
}

fn flac() -> Schema {
    let of = |kind: Type, about: &str| {
        ObjectBuilder::new().schema_type(SchemaType::Type(kind)).description(Some(about))
    };
    let object = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Object))
        .description(Some(
            "What the recipe flac lets one choose; what is not said stays as it is in the file.",
        ))
        .property(
            "level",
            of(Type::String, "How much work goes into making the result smaller; default, when not said.")
                .enum_values(Some(Level::VARIANTS.iter().map(ToString::to_string))),
        )
        .property("bits", of(Type::Integer, "The depth.").enum_values(Some(DEPTHS.iter().copied())))
        .property("rate", of(Type::Integer, "The sample rate.").enum_values(Some(RATES.iter().copied())))
        .property(
            "channels",
            of(Type::Integer, "Channels to mix down to.").enum_values(Some(CHANNELS.iter().copied())),
        )
        .property(
            "track",
            of(Type::Integer, "Which sound track, counted from 1; the default one when not said.")
                .minimum(Some(1))
                .maximum(Some(MOST_TRACKS)),
        )
        .property(
            "keepGoing",
            of(Type::Boolean, "Make what can be made of a damaged file, and say what is missing."),
        );
    closed(object)
}
