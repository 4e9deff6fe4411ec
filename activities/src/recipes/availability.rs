//! What can be made here: some recipes need programs that are not ours, and are not to be had without them; and any may be
//! switched off by a flag.

use states::Recipe;

use crate::ctx::{Ctx, Workers};

const NO_FFMPEG: &str =
    "There is no ffmpeg here: it is looked for on the PATH, and in the folder that the configuration names.";

const NO_CAPTIONER: &str = "There is no captioner here: it is a command that listens to a WAV and writes WebVTT, [captions] in \
                            lockgate.toml.";

const NO_WORKERS: &str = "There are no workers here, who make what takes ffmpeg.";

/// Why `recipe` cannot be made here, if it cannot, in a sentence.
pub fn lacks(ctx: &Ctx, recipe: Recipe) -> Option<String> {
    if let Some(reason) = ctx.flags().refuses(recipe) {
        return Some(reason);
    }
    match recipe {
        // What sound ffmpeg alone decodes is refused file by file.
        Recipe::Flac | Recipe::Proxies => None,
        Recipe::Thumbnails | Recipe::Video => match ctx.settings.workers {
            Workers::Here => lacks_ffmpeg(ctx),
            Workers::Elsewhere => None,
            Workers::Nobody => Some(NO_WORKERS.to_owned()),
        },
        Recipe::Captions => match &ctx.captioner {
            Some(captioner) => captioner.lacks(ctx),
            None => Some(NO_CAPTIONER.to_owned()),
        },
    }
}

/// Why what takes ffmpeg cannot be made in this process.
pub fn lacks_ffmpeg(ctx: &Ctx) -> Option<String> {
    ctx.workbench.ffmpeg.is_none().then(|| NO_FFMPEG.to_owned())
}
