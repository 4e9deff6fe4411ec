//! What a child of a test build can be told to do wrong, so that tests can prove what becomes of it. A release build has
//! none of this.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Misbehaviour {
    Panic,
    Abort,
    /// Waits for something that never comes.
    Hang,
    /// Computes without end.
    Spin,
    /// Allocates without end.
    Hoard,
    /// Sends bytes that are no frame.
    Babble,
    /// Sends a frame that announces a body of 4 GiB.
    Announce,
    /// Leaves without a word.
    Leave,
    /// Tries what it must not be able to do, and says what it could do all the same. At this port somebody listens.
    Escape {
        port: u16,
    },
}

type Way = fn(u16) -> io::Result<()>;

const WAYS: &[(&str, Way)] = &[
    ("read", |_| File::open("/etc/passwd").map(drop)),
    ("write", |_| File::create("/tmp/lockgate-escaped").map(drop)),
    ("connect", |port| TcpStream::connect(("127.0.0.1", port)).map(drop)),
    ("listen", |_| TcpListener::bind("127.0.0.1:0").map(drop)),
    ("talk", |_| UnixStream::pair().map(drop)),
    ("start", |_| Command::new("/bin/true").spawn().map(drop)),
];

impl Misbehaviour {
    pub(super) fn misbehave(self, socket: &mut UnixStream) -> io::Result<()> {
        match self {
            Self::Panic => panic!("told to"),
            Self::Abort => std::process::abort(),
            Self::Hang => loop {
                std::thread::park();
            },
            Self::Spin => loop {
                black_box(());
            },
            Self::Hoard => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(black_box(vec![1_u8; 1 << 20]));
                }
            }
            Self::Babble => socket.write_all(&[4, 0, 0, 0, 0, 0, 0, 0, 250, 251, 252, 253]),
            Self::Announce => socket.write_all(&[1, 0, 0, 0, 255, 255, 255, 255, 1]),
            Self::Leave => Ok(()),
            Self::Escape { port } => {
                let could: Vec<_> =
                    WAYS.iter().filter(|(_, way)| way(port).is_ok()).map(|(what, _)| what).collect();
                panic!("of all ways out, these are open: {could:?}")
            }
        }
    }
}
