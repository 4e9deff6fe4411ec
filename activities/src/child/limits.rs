//! What workers may take of the machine, recipe by recipe.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use media::Job;
use states::Recipe;

/// What one worker may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Our own child: address space beyond what it has when it starts.
    pub memory_bytes: u64,
    /// ffmpeg: address space, its libraries included, which alone take some 300 MB of it.
    pub program_bytes: u64,
    /// ffmpeg where it only decodes: the part that it may write to, of which its libraries take some 40 MB. That is for sound
    /// and films of up to Full HD; a film of more pixels has as much more as it has more of them.
    pub decoder_bytes: u64,
    /// Of each process.
    pub cpu_seconds: u64,
    /// From start to end, waiting for source and sink included.
    pub wall: Duration,
    /// Between two words of the child, when it is its turn.
    pub silence: Duration,
    /// How many it may keep busy. Its results do not depend on it.
    pub processors: NonZeroUsize,
}

/// With what ffmpeg's libraries only read, that is less than 256 MB.
pub(crate) const DECODER_BYTES: u64 = 224 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            program_bytes: 1 << 30,
            decoder_bytes: DECODER_BYTES,
            cpu_seconds: 60 * 60,
            wall: Duration::from_secs(6 * 60 * 60),
            silence: Duration::from_secs(120),
            processors: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        }
    }
}

/// Processor time for whoever looks at a file's headers and tags, or reads captions back: milliseconds are usual.
const SECONDS_TO_LOOK: u64 = 10;
/// For whoever decodes a proxy that we made: the largest that can be ordered takes some seconds.
const SECONDS_TO_VERIFY_A_PROXY: u64 = 60;

impl Limits {
    /// As much of it as one piece of work may take: what decodes nothing, or little, need not be given a film's time.
    pub(crate) fn of_job(self, job: &Job) -> Self {
        let most = match job {
            Job::ProbeAudio { .. }
            | Job::ProbePicture { .. }
            | Job::SurveyFilm { .. }
            | Job::TellContainer
            | Job::Tags { .. }
            | Job::Captions
            | Job::VerifyCaptions(_) => SECONDS_TO_LOOK,
            Job::VerifyProxy { .. } => SECONDS_TO_VERIFY_A_PROXY,
            Job::Flac(_)
            | Job::VerifyFlac
            | Job::Proxies { .. }
            | Job::Thumbnails(_)
            | Job::VerifyThumbnails => return self,
        };
        Self { cpu_seconds: self.cpu_seconds.min(most), ..self }
    }

    /// What a recipe usually takes, and some more.
    pub fn of(recipe: Recipe) -> Self {
        let usual = Self::default();
        let hours = |count: u64| Duration::from_secs(count * 60 * 60);
        /// Each thread maps its stack, and reads ahead.
        const EACH_PROCESSOR: u64 = 8 << 20;
        let small = (64 << 20) + EACH_PROCESSOR * usual.processors.get() as u64;
        match recipe {
            Recipe::Flac => Self { memory_bytes: small, ..usual },
            // Progressive JPEGs and interlaced PNGs are there as a whole before the first row comes out.
            Recipe::Proxies => Self { cpu_seconds: 10 * 60, wall: hours(1), ..usual },
            Recipe::Thumbnails => Self { memory_bytes: small, wall: hours(1), ..usual },
            // Encoders hold many frames; and hours of film take as many processors for hours.
            Recipe::Video => Self {
                memory_bytes: small,
                program_bytes: 4 << 30,
                cpu_seconds: 24 * 60 * 60,
                wall: hours(12),
                ..usual
            },
            Recipe::Captions => Self { memory_bytes: small, ..usual },
        }
    }
}

/// What the workers of each recipe may take here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipeLimits(BTreeMap<Recipe, Limits>);

impl RecipeLimits {
    /// With these for one recipe.
    pub fn set(&mut self, recipe: Recipe, limits: Limits) {
        self.0.insert(recipe, limits);
    }

    pub fn of(&self, recipe: Recipe) -> Limits {
        self.0.get(&recipe).copied().unwrap_or_else(|| Limits::of(recipe))
    }
}

#[cfg(test)]
mod tests {
    use media::picture;

    use super::*;

    #[test]
    fn whoever_only_looks_gets_no_film_s_time_and_nobody_more_than_is_configured() {
        let seconds = |limits: Limits, job: &Job| limits.of_job(job).cpu_seconds;
        let look = Job::ProbePicture { limits: picture::Limits::default() };
        let verify = Job::VerifyProxy { width: 1, height: 1 };
        let (video, proxies) = (Limits::of(Recipe::Video), Limits::of(Recipe::Proxies));
        assert_eq!((seconds(video, &Job::TellContainer), seconds(proxies, &look)), (10, 10));
        assert_eq!((seconds(proxies, &verify), seconds(proxies, &Job::VerifyFlac)), (60, 600));
        let configured = Limits { cpu_seconds: 2, ..proxies };
        for job in [look, verify, Job::VerifyFlac] {
            assert_eq!(configured.of_job(&job), configured, "{job:?}");
        }
    }
}
