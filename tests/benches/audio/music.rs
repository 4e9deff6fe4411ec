//! Music made by arithmetic: chords and a tune of decaying partials, panned, with drums of filtered noise, a room, and the
//! hiss of a recording. A seed gives a piece, always the same. Nothing in the encoder was tuned on it.

use tests::sound::Noise;

pub(crate) const PIECE_SECONDS: u64 = 180;

const PARTIALS: usize = 10;
const VOICES: usize = 6;

/// A partial tone: a point on a circle that shrinks.
#[derive(Clone, Copy, Default)]
struct Partial {
    at: (f64, f64),
    turn: (f64, f64),
}

impl Partial {
    fn next(&mut self) -> f64 {
        let ((x, y), (cosine, sine)) = (self.at, self.turn);
        self.at = (x * cosine - y * sine, x * sine + y * cosine);
        y
    }
}

struct Voice {
    partials: [Partial; PARTIALS],
    left: f64,
}

pub(crate) struct Music {
    noise: Noise,
    rate: u32,
    voices: Vec<Voice>,
    /// Samples of a beat.
    beat: usize,
    root: f64,
    drum: f64,
    dull: [f64; 2],
    /// What the room gives back, for each side.
    room: [Vec<f64>; 2],
}

impl Music {
    pub(crate) fn new(seed: u64, rate: u32) -> Self {
        let mut noise = Noise::new(seed.wrapping_mul(7919) + 11);
        let voices = (0..VOICES)
            .map(|_| Voice { partials: [Partial::default(); PARTIALS], left: random(&mut noise) })
            .collect();
        let beat = (f64::from(rate) * (0.22 + 0.2 * random(&mut noise))) as usize;
        let root = 80.0 + 60.0 * random(&mut noise);
        let delay = |milliseconds: f64| vec![0.0; (f64::from(rate) * milliseconds / 1000.0) as usize];
        Self { noise, rate, voices, beat, root, drum: 0.0, dull: [0.0; 2], room: [delay(37.1), delay(41.3)] }
    }

    /// The whole piece, as the bytes of a stereo WAV.
    pub(crate) fn render(mut self, bits: u16) -> Vec<u8> {
        let frames = PIECE_SECONDS as usize * self.rate as usize;
        let scale = f64::from((1_u32 << (bits - 1)) - 1);
        let width = usize::from(bits / 8);
        let mut bytes = Vec::with_capacity(frames * 2 * width);
        for frame in 0..frames {
            if frame % self.beat == 0 {
                self.strike(frame / self.beat);
            }
            // Quiet at its beginning and end, and louder in the middle.
            let place = frame as f64 / frames as f64;
            let swell = 0.25 + 0.75 * (place * std::f64::consts::PI).sin();
            for side in self.frame(frame) {
                let dither = random(&mut self.noise) - random(&mut self.noise);
                let sample = (side * swell).clamp(-0.98, 0.98) * scale + dither;
                bytes.extend_from_slice(&(sample.round() as i32).to_le_bytes()[..width]);
            }
        }
        bytes
    }

    /// What begins with a beat.
    fn strike(&mut self, beat: usize) {
        const SCALE: [f64; 7] = [1.0, 9.0 / 8.0, 5.0 / 4.0, 4.0 / 3.0, 3.0 / 2.0, 5.0 / 3.0, 15.0 / 8.0];
        const CHORDS: [usize; 4] = [0, 5, 3, 4];
        let chord = CHORDS[beat / 8 % CHORDS.len()];
        for index in 0..VOICES {
            // Chords once in eight beats, the bass every other, the tune now and then.
            let due = match index {
                0..=2 => beat.is_multiple_of(8),
                3 => beat.is_multiple_of(2),
                _ => random(&mut self.noise) < 0.6,
            };
            if !due {
                continue;
            }
            let step = match index {
                0..=2 => chord + 2 * index,
                3 => chord,
                _ => (random(&mut self.noise) * 14.0) as usize,
            };
            let octave = [1.0, 1.0, 1.0, 0.5, 2.0, 4.0][index] * f64::from(1 << (step / 7));
            let pitch = self.root * SCALE[step % 7] * octave;
            self.pluck(index, pitch);
        }
        self.drum = if beat.is_multiple_of(4) { 0.5 } else { 0.15 };
    }

    fn pluck(&mut self, voice: usize, pitch: f64) {
        let rate = f64::from(self.rate);
        let loud = 0.05 + 0.06 * random(&mut self.noise);
        for (index, partial) in self.voices[voice].partials.iter_mut().enumerate() {
            let number = index as f64 + 1.0;
            // Strings are stiff: their partials are a little sharp.
            let frequency = pitch * number * (1.0 + 0.0004 * number * number);
            let seconds = 2.5 / (1.0 + 0.6 * number);
            let shrink = (-1.0 / (seconds * rate)).exp();
            let (sine, cosine) = (frequency / rate * std::f64::consts::TAU).sin_cos();
            let heard = if frequency < rate * 0.45 { loud / number.powf(1.3) } else { 0.0 };
            partial.at = (partial.at.0 * 0.3 + heard, partial.at.1 * 0.3);
            partial.turn = (cosine * shrink, sine * shrink);
        }
    }

    fn frame(&mut self, frame: usize) -> [f64; 2] {
        let mut sides = [0.0; 2];
        for voice in &mut self.voices {
            let sound: f64 = voice.partials.iter_mut().map(Partial::next).sum();
            sides[0] += sound * voice.left;
            sides[1] += sound * (1.0 - voice.left);
        }
        self.drum *= 1.0 - 12.0 / f64::from(self.rate);
        let hit = (random(&mut self.noise) - 0.5) * self.drum;
        for (index, side) in sides.iter_mut().enumerate() {
            let hiss = (random(&mut self.noise) - 0.5) * 0.002;
            self.dull[index] += (hit + hiss - self.dull[index]) * 0.25;
            let room = &mut self.room[index];
            let place = frame % room.len();
            let heard = *side + self.dull[index];
            *side = heard + room[place] * 0.35;
            room[place] = *side * 0.6;
        }
        sides
    }
}

fn random(noise: &mut Noise) -> f64 {
    noise.draw() as f64 / (1_u64 << 31) as f64
}
