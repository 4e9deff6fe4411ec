//! The recipes' options as they stand in the OpenAPI document: their values are read off `states`, typed nowhere again.

use std::borrow::Cow;

use states::Recipe;
use states::options::{
    CHANNELS, Codec, DEPTHS, FORMATS, FRAME_WIDTHS, INTERVALS, Level, MOST_FRAMES, MOST_TRACKS, Preset, RATES,
};
use strum::VariantArray;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The options of every recipe that has some.
pub(crate) struct OptionsSchema;

impl ToSchema for OptionsSchema {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("RecipeOptions")
    }
}

impl PartialSchema for OptionsSchema {
    fn schema() -> RefOr<Schema> {
        let every = of_video(of_thumbnails(of_flac(object())));
        let about = "What a recipe lets one choose: level to keepGoing are the options of flac, where what is not said stays \
                     as it is in the file; count to exact those of thumbnails, preset to codec those of video.";
        closed(every.description(Some(about))).into()
    }
}

/// What `recipe` lets one choose.
pub(crate) fn of(recipe: Recipe) -> Schema {
    match recipe {
        Recipe::Flac => {
            let about = "What the recipe flac lets one choose; what is not said stays as it is in the file.";
            closed(of_flac(object()).description(Some(about)))
        }
        Recipe::Thumbnails => closed(of_thumbnails(object())),
        Recipe::Video => closed(of_video(object())),
        Recipe::Proxies | Recipe::Captions => closed(object()),
    }
}

fn object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object))
}

/// An object that has no other properties.
fn closed(object: ObjectBuilder) -> Schema {
    object.additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false))).into()
}

fn one(kind: Type, about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(kind)).description(Some(about))
}

fn of_flac(object: ObjectBuilder) -> ObjectBuilder {
    object
        .property(
            "level",
            one(Type::String, "How much work goes into making the result smaller; default, when not said.")
                .enum_values(Some(Level::VARIANTS.iter().map(ToString::to_string))),
        )
        .property("bits", one(Type::Integer, "The depth.").enum_values(Some(DEPTHS.iter().copied())))
        .property("rate", one(Type::Integer, "The sample rate.").enum_values(Some(RATES.iter().copied())))
        .property(
            "channels",
            one(Type::Integer, "Channels to mix down to.").enum_values(Some(CHANNELS.iter().copied())),
        )
        .property(
            "track",
            one(Type::Integer, "Which sound track, counted from 1; the default one when not said.")
                .minimum(Some(1))
                .maximum(Some(MOST_TRACKS)),
        )
        .property(
            "keepGoing",
            one(Type::Boolean, "Make what can be made of a damaged file, and say what is missing."),
        )
}

fn of_thumbnails(object: ObjectBuilder) -> ObjectBuilder {
    object
        .property(
            "count",
            one(Type::Integer, "How many frames, evenly spaced; 20 when neither this nor interval is said.")
                .minimum(Some(1))
                .maximum(Some(MOST_FRAMES)),
        )
        .property(
            "interval",
            one(Type::Number, "A frame each time that so many seconds have passed.")
                .minimum(Some(*INTERVALS.start()))
                .maximum(Some(*INTERVALS.end())),
        )
        .property(
            "width",
            one(Type::Integer, "How wide a frame is at most; 640 when not said.")
                .minimum(Some(*FRAME_WIDTHS.start()))
                .maximum(Some(*FRAME_WIDTHS.end())),
        )
        .property(
            "exact",
            one(Type::Boolean, "The frames of just these times, and not key frames near them."),
        )
}

fn of_video(object: ObjectBuilder) -> ObjectBuilder {
    let sides = "How long the film's longer side is at most: 640, 1280 or 1920; web when not said.";
    object
        .property(
            "preset",
            one(Type::String, sides).enum_values(Some(Preset::VARIANTS.iter().map(ToString::to_string))),
        )
        .property(
            "format",
            one(Type::String, "mp4 when not said.").enum_values(Some(FORMATS.iter().copied())),
        )
        .property(
            "codec",
            one(Type::String, "h264 in an MP4; vp9 in a WebM when not said.")
                .enum_values(Some(Codec::VARIANTS.iter().map(ToString::to_string))),
        )
}
