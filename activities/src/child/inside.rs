//! The child's side: a blocking loop on one socket, which is its standard input.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard};

use media::{ReadAt, Report, Sink};

use crate::confinement::{Allowance, Calls, Reach, address_space, confine};

use super::wire::{self, Ask, LARGEST_BODY, PREFIX, Tell, Work};

/// The whole life of a child. Everything it has to say goes through the socket; the exit code only says whether it
/// could say it.
pub fn child_main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the media worker gives up: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let mut socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let (Tell::Start { work, source_length, has_file, memory_bytes, cpu_seconds, processors }, 0) =
        receive(&mut socket)?
    else {
        return Err(wire::garbled("a start was expected"));
    };
    give_up(memory_bytes, cpu_seconds)?;

    let parent = Parent { socket: Mutex::new(socket) };
    let job = match work {
        Work::Media(job) => job,
        #[cfg(debug_assertions)]
        Work::Misbehave(how) => return how.misbehave(&mut parent.lock()),
    };
    let asked = Source { parent: &parent, length: source_length };
    let file = SourceFile { length: source_length };
    let source: &dyn ReadAt = if has_file { &file } else { &asked };
    let mut sink = Output { parent: &parent };
    let mut broken = None;
    let progress = &mut |report: Report| match parent.send(&Ask::Progress(report), &[]) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            broken = Some(error);
            ControlFlow::Break(())
        }
    };
    let outcome = media::run(&job, processors, source, &mut sink, progress);
    broken.map_or(Ok(()), Err)?;
    parent.send(&Ask::End(outcome), &[])
}

/// All but memory and time; it cannot even open anything any more.
fn give_up(memory_bytes: u64, cpu_seconds: u64) -> io::Result<()> {
    let address_space = address_space()?.saturating_add(memory_bytes);
    let allowance = Allowance {
        address_space,
        data: address_space,
        stack: None,
        open_files: 0,
        largest_file: 0,
        cpu_seconds,
    };
    confine(&Reach::Nothing, allowance, Calls::Computing).map(drop)
}

/// The socket, as the one thing that source, sink and progress share.
struct Parent {
    socket: Mutex<UnixStream>,
}

impl Parent {
    fn lock(&self) -> MutexGuard<'_, UnixStream> {
        self.socket.lock().expect("nothing panics while it holds the socket")
    }

    fn send(&self, ask: &Ask, body: &[u8]) -> io::Result<()> {
        send(&mut self.lock(), ask, body)
    }
}

fn send(socket: &mut UnixStream, ask: &Ask, body: &[u8]) -> io::Result<()> {
    socket.write_all(&wire::frame(ask, body.len())?)?;
    socket.write_all(body)
}

/// The next frame's head, and how long the body is that follows it.
fn receive(socket: &mut UnixStream) -> io::Result<(Tell, usize)> {
    let mut prefix = [0; PREFIX];
    socket.read_exact(&mut prefix)?;
    let (head_length, body_length) = wire::lengths(prefix)?;
    let mut head = vec![0; head_length];
    socket.read_exact(&mut head)?;
    Ok((wire::head(&head)?, body_length))
}

/// The source as a plain file, which is open where standard output would be.
struct SourceFile {
    length: u64,
}

impl ReadAt for SourceFile {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(wire::left_of(self.length, offset));
        let read = rustix::io::pread(io::stdout().as_fd(), &mut buffer[..length], offset)?;
        if read == 0 && length > 0 {
            return Err(wire::source_is_shorter());
        }
        Ok(read)
    }
}

/// The source as the parent has it.
struct Source<'p> {
    parent: &'p Parent,
    length: u64,
}

impl ReadAt for Source<'_> {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(wire::left_of(self.length, offset)).min(LARGEST_BODY);
        if length == 0 {
            return Ok(0);
        }
        let mut socket = self.parent.lock();
        send(&mut socket, &Ask::ReadAt { offset, length: length as u32 }, &[])?;
        let (Tell::Data, body_length) = receive(&mut socket)? else {
            return Err(wire::garbled("data were expected"));
        };
        if body_length > length {
            return Err(wire::garbled("more data than asked for"));
        }
        socket.read_exact(&mut buffer[..body_length])?;
        Ok(body_length)
    }
}

struct Output<'p> {
    parent: &'p Parent,
}

impl Sink for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        bytes.chunks(LARGEST_BODY).try_for_each(|portion| self.parent.send(&Ask::Write, portion))
    }

    fn next(&mut self) -> io::Result<()> {
        self.parent.send(&Ask::Next, &[])
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.parent.send(&Ask::Patch { offset }, bytes)
    }
}
