//! Pictures: any bytes, as a JPEG or a PNG. They are refused with a problem, or become proxies that decode.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use media::picture::{Limits, Order};
use media::{Answer, Job, Sink, run as do_job};

use crate::job;

/// Small, so that a picture of a few bytes takes no long time to fill.
const LIMITS: Limits =
    Limits { bytes: 1 << 20, pixels: 1 << 20, side: 4096, whole_bytes: 8 << 20, scans: 20 };
const SIDES: [u32; 2] = [64, 16];
const GROUND: [u8; 3] = [255, 255, 255];

pub(crate) fn run(file: &[u8]) {
    let mut made = Files::default();
    // Each coder and each number of decoders has its turn, by the last byte.
    let turn = file.last().copied().unwrap_or_default();
    let is = |bit: u8| turn >> bit & 1 == 1;
    let order = Order {
        sides: SIDES.to_vec(),
        quality: 80,
        progressive: is(0),
        halve_colour: !is(1),
        ground: GROUND,
    };
    let processors = if is(2) { NonZeroUsize::MIN } else { NonZeroUsize::MIN.saturating_add(1) };
    let job = Job::Proxies { limits: LIMITS, order };
    let answer = do_job(&job, processors, &file, &mut made, &mut |_| ControlFlow::Continue(()));
    let Ok(Answer::Proxies(proxies)) = answer else { return };
    assert_eq!(proxies.proxies.len(), made.0.len());
    for (proxy, file) in proxies.proxies.iter().zip(&made.0) {
        let (width, height) = (proxy.width, proxy.height);
        let verified = job::done(&Job::VerifyProxy { width, height }, file, &mut Vec::new());
        assert!(matches!(verified, Ok(Answer::VerifiedProxy(_))), "{width} × {height}: {verified:?}");
    }
}

/// Each output a file.
struct Files(Vec<Vec<u8>>);

impl Default for Files {
    fn default() -> Self {
        Self(vec![Vec::new()])
    }
}

impl Files {
    fn last(&mut self) -> &mut Vec<u8> {
        self.0.last_mut().expect("there is always one")
    }
}

impl Sink for Files {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.last().write(bytes)
    }

    fn next(&mut self) -> io::Result<()> {
        self.0.push(Vec::new());
        Ok(())
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.last().patch(offset, bytes)
    }
}
