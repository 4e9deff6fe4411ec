//! What samples are, as the headers state it and as they come out of the decoder.

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::{AudioCodecParameters, well_known as codec};

use crate::Format;

pub(super) fn has_format(buffer: &GenericAudioBufferRef<'_>, format: Format) -> bool {
    buffer.spec().rate() == format.sample_rate && buffer.num_planes() == format.channels()
}

pub(super) fn is_float(buffer: &GenericAudioBufferRef<'_>) -> bool {
    matches!(buffer, GenericAudioBufferRef::F32(_) | GenericAudioBufferRef::F64(_))
}

/// The depth that the headers state. ALAC and FLAC samples are always handed out as 32 bits, whatever they are.
pub(super) fn stated_depth(params: &AudioCodecParameters) -> Option<u8> {
    const ALAC_DEPTH: usize = 5;
    const FLAC_DEPTH: std::ops::Range<usize> = 12..14;
    let header = params.extra_data.as_deref().unwrap_or_default();
    let from_header = match params.codec {
        codec::CODEC_ID_ALAC => header.get(ALAC_DEPTH).copied(),
        // Five bits across two bytes of STREAMINFO, less one.
        codec::CODEC_ID_FLAC => header.get(FLAC_DEPTH).map(|bytes| ((bytes[0] & 1) << 4 | bytes[1] >> 4) + 1),
        _ => None,
    };
    let depth = from_header.or_else(|| u8::try_from(params.bits_per_sample?).ok());
    depth.filter(|depth| (1..=32).contains(depth))
}

pub(super) fn depth_of(buffer: &GenericAudioBufferRef<'_>) -> Option<u8> {
    match buffer {
        GenericAudioBufferRef::U8(_) | GenericAudioBufferRef::S8(_) => Some(8),
        GenericAudioBufferRef::U16(_) | GenericAudioBufferRef::S16(_) => Some(16),
        GenericAudioBufferRef::U24(_) | GenericAudioBufferRef::S24(_) => Some(24),
        GenericAudioBufferRef::U32(_) | GenericAudioBufferRef::S32(_) => Some(32),
        GenericAudioBufferRef::F32(_) | GenericAudioBufferRef::F64(_) => None,
    }
}
