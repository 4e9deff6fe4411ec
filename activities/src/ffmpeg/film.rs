//! What film a file holds, as ffprobe says.

use std::path::Path;

use media::Problem;
use media::audio::Container;

use super::Ffmpeg;
use super::ffprobe::{self, Stream, Tracks, seconds};
use crate::child::{Failure, Workbench};

/// A film, as a player shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Film {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// How wide its pixels are, if they are 1 high.
    pub(crate) pixel_width: f64,
    /// Of the film, or else of the whole file; not every container says.
    pub(crate) milliseconds: Option<u64>,
    pub(crate) codec: String,
    /// The codec of its sound, if it has some.
    pub(crate) sound: Option<String>,
}

/// Has ffprobe look at `file`, which is said to be a `container`.
pub(crate) async fn ask_film(
    bench: &Workbench,
    ffmpeg: &Ffmpeg,
    container: Container,
    file: &Path,
) -> Result<Film, Failure> {
    let tracks = ffprobe::look(bench, ffmpeg, container, file).await?;
    tracks.film().map_err(Failure::Media)
}

impl Tracks {
    fn film(&self) -> Result<Film, Problem> {
        let is_film = |stream: &&Stream| stream.codec_type == "video" && stream.disposition.attached_pic == 0;
        let stream = self.streams.iter().find(is_film);
        let stream =
            stream.ok_or_else(|| Problem::Unsupported { found: "a file without a film".to_owned() })?;
        let sound = self.streams.iter().find(|stream| stream.codec_type == "audio");
        let turned = stream.side_data_list.iter().find_map(|data| data.rotation).unwrap_or(0.0);
        // As ffmpeg turns it: by quarters, or within the same sides.
        let on_its_side = (turned.abs() % 180.0 - 90.0).abs() < 1.0;
        let pixel_width = stream.sample_aspect_ratio.as_deref().and_then(ratio).unwrap_or(1.0);
        let (width, height, pixel_width) = match on_its_side {
            true => (stream.height, stream.width, 1.0 / pixel_width),
            false => (stream.width, stream.height, pixel_width),
        };
        let length = seconds(&stream.duration).or_else(|| seconds(&self.format.duration));
        let name = |stream: &Stream| stream.codec_name.clone().unwrap_or_else(|| "unknown".to_owned());
        Ok(Film {
            width,
            height,
            pixel_width,
            milliseconds: length.map(|seconds| (seconds * 1000.0).round() as u64),
            codec: name(stream),
            sound: sound.map(name),
        })
    }
}

/// Of two numbers with a colon between them; where it is not known, the first is 0.
fn ratio(text: &str) -> Option<f64> {
    let (a, b) = text.split_once(':')?;
    let ratio = a.parse::<f64>().ok()? / b.parse::<f64>().ok()?;
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_is_as_a_player_shows_it_and_a_cover_is_none() {
        let text = r#"{"streams": [
            {"codec_type": "video", "codec_name": "mjpeg", "width": 9, "height": 9, "disposition": {"attached_pic": 1}},
            {"codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080,
             "sample_aspect_ratio": "4:3", "side_data_list": [{"side_data_type": "Display Matrix", "rotation": -90}]},
            {"codec_type": "audio", "codec_name": "aac"}
        ], "format": {"duration": "2.5"}}"#;
        let film = serde_json::from_str::<Tracks>(text).unwrap().film().unwrap();
        let sound = Some("aac".to_owned());
        let milliseconds = Some(2500);
        let (pixel_width, codec) = (0.75, "h264".to_owned());
        assert_eq!(film, Film { width: 1080, height: 1920, pixel_width, milliseconds, codec, sound });
        assert!(serde_json::from_str::<Tracks>("{}").unwrap().film().is_err());
    }
}
