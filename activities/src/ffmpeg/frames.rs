//! Frames of a film out of ffmpeg, as JPEGs with their times: a source for a media child. One ffmpeg makes all of them, or
//! one after the other makes one each.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use bytes::Bytes;
use media::Problem;
use media::audio::Container;
use tokio::process::Command;
use tokio::sync::Mutex;

use super::piped::{Piped, Verdict, carried};
use super::{Bounds, Ffmpeg, confined};
use crate::child::{AsyncSource, Failure};

/// Which frames ffmpeg makes, and how it finds them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Take {
    /// Every key frame, in one go.
    KeyFrames,
    /// Every key frame that the file's index names, in one go, each with its number from 0 for its time, in seconds.
    NumberedKeyFrames,
    /// The key frames at just these times, in milliseconds, each by itself.
    KeyFramesAt(Vec<u64>),
    /// The first frame from each of these times on, each by itself: what is decoded begins with the key frame before it.
    FramesAt(Vec<u64>),
    /// Every frame is decoded, and those are taken that this expression of ffmpeg is true of.
    Selected(String),
}

/// Two threads decode, and one does the rest. Each that decodes holds frames of its own: with as many of them as there are
/// processors, what a film takes would depend on the machine.
const DECODERS: [&str; 2] = ["-threads", "2"];
const ONE_FOR_THE_REST: [&str; 4] = ["-filter_threads", "1", "-threads", "1"];

pub(crate) struct Frames {
    work: Mutex<Work>,
    cpu_seconds: u64,
}

struct Work {
    to_do: VecDeque<Command>,
    running: Option<Piped>,
    position: u64,
    /// What was wrong with the film, once it is known.
    flaw: Option<String>,
}

impl Frames {
    /// Of the film in `file`, none wider than `width`. Nothing is started yet.
    pub(crate) fn new(
        us: &Path,
        ffmpeg: &Ffmpeg,
        bounds: Bounds,
        (container, file): (Container, &Path),
        take: &Take,
        width: u32,
    ) -> Self {
        const KEY_FRAMES: [&str; 2] = ["-skip_frame", "nokey"];
        // To have the demuxer leave out the others saves reading them, but that of MP4 counts wrongly then, and gives key
        // frames the times of frames beside them.
        const ONLY_INDEXED: [&str; 2] = ["-discard:v", "nokey"];
        // Seconds, because what lies closer together than the film's frames do would be taken for one of them.
        const NUMBERED: &str = "settb=1,setpts=N,";
        let command = |input: &[&str], select: &str, more: &[&str]| {
            let input = [&DECODERS[..], input].concat();
            let mut command = confined(us, &ffmpeg.ffmpeg, bounds, container, file, &input);
            // Turned as the container says by ffmpeg itself, then with square pixels.
            let scale = format!("{select}scale=w='min({width},iw*sar)':h='max(1,round(ow/dar))',setsar=1");
            command.args(["-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-vf", &scale]);
            command.args(["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-strict", "unofficial"]);
            command.args(ONE_FOR_THE_REST).args(more).args(["-f", "matroska", "pipe:1"]);
            command
        };
        let one_at = |milliseconds: u64, before: &[&str]| {
            let seek = format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
            let input = [before, &["-copyts", "-ss", &seek]].concat();
            command(&input, "", &["-frames:v", "1"])
        };
        let to_do = match take {
            Take::KeyFrames => VecDeque::from([command(&KEY_FRAMES, "", &[])]),
            Take::NumberedKeyFrames => {
                VecDeque::from([command(&[ONLY_INDEXED, KEY_FRAMES].concat(), NUMBERED, &[])])
            }
            Take::KeyFramesAt(times) => {
                let before = [&KEY_FRAMES[..], &["-noaccurate_seek"]].concat();
                // A millisecond more, lest what was rounded down leads to the key frame before it.
                times.iter().map(|&time| one_at(time + 1, &before)).collect()
            }
            Take::FramesAt(times) => times.iter().map(|&time| one_at(time, &[])).collect(),
            Take::Selected(expression) => {
                VecDeque::from([command(&[], &format!("select='{expression}',"), &[])])
            }
        };
        let work = Work { to_do, running: None, position: 0, flaw: None };
        Self { work: Mutex::new(work), cpu_seconds: bounds.cpu_seconds }
    }

    /// What ffmpeg has complained of, once all frames were read.
    pub(crate) async fn flaw(&self) -> Option<String> {
        self.work.lock().await.flaw.clone()
    }
}

impl Work {
    async fn fill(&mut self, bytes: &mut [u8], cpu_seconds: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < bytes.len() {
            if self.running.is_none() {
                let Some(command) = self.to_do.pop_front() else { break };
                self.running = Some(Piped::start(command).map_err(carried)?);
            }
            let Some(running) = &mut self.running else { break };
            let more = running.fill(&mut bytes[filled..]).await?;
            filled += more;
            if filled < bytes.len() {
                match running.end(cpu_seconds).await? {
                    Verdict::Well => {}
                    Verdict::Flawed(said) => {
                        self.flaw.get_or_insert(said);
                    }
                    Verdict::Died(failure) => return Err(carried(failure)),
                }
                self.running = None;
            }
        }
        Ok(filled)
    }
}

impl AsyncSource for Frames {
    /// Nobody knows before it has come.
    fn len(&self) -> u64 {
        u64::MAX
    }

    fn is_stream(&self) -> bool {
        true
    }

    async fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut work = self.work.lock().await;
        if offset != work.position {
            return Err(io::Error::from(io::ErrorKind::NotSeekable));
        }
        let mut bytes = vec![0; length];
        let filled = work.fill(&mut bytes, self.cpu_seconds).await?;
        bytes.truncate(filled);
        work.position += filled as u64;
        Ok(Bytes::from(bytes))
    }
}

/// A film of which not enough came, as a problem.
pub(crate) fn incomplete(flaw: Option<String>) -> Failure {
    let what = match flaw {
        Some(said) => format!("its film does not decode without errors ({said})"),
        None => "its film is shorter than it says".to_owned(),
    };
    Failure::Media(Problem::Corrupt { what, missing_samples: None })
}
