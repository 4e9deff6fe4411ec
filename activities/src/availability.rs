//! What can be made here: some recipes need programs that are not ours, and are not to be had without them.

use states::Recipe;

use crate::ctx::Ctx;

const NO_FFMPEG: &str =
    "There is no ffmpeg here: it is looked for on the PATH, and in the folder that the configuration names.";

const NO_CAPTIONER: &str = "There is no captioner here: it is a command that listens to a WAV and writes WebVTT, [captions] in \
                            lockgate.toml.";

/// Why `recipe` cannot be made here, if it cannot, in a sentence.
pub fn lacks(ctx: &Ctx, recipe: Recipe) -> Option<String> {
    let without_ffmpeg = || ctx.workbench.ffmpeg.is_none().then(|| NO_FFMPEG.to_owned());
    match recipe {
        // What sound ffmpeg alone decodes is refused file by file.
        Recipe::Flac | Recipe::Proxies => None,
        Recipe::Thumbnails | Recipe::Video => without_ffmpeg(),
        Recipe::Captions if ctx.captioner.is_none() => Some(NO_CAPTIONER.to_owned()),
        Recipe::Captions => without_ffmpeg(),
    }
}
