//! Stands in for ffmpeg where its confinement is tried: it tries every way out, and says of each whether it was open.
//! Arguments: the one file it may read, one that it may not, the folder that it may write to, and a port that listens.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::Command;

fn main() -> io::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [own, other, folder, port] = arguments.as_slice() else {
        return Err(io::Error::other("usage: prober FILE FILE FOLDER PORT"));
    };
    let port: u16 = port.to_string_lossy().parse().map_err(io::Error::other)?;
    say("read its file", File::open(own));
    say("write its file", OpenOptions::new().write(true).open(own));
    say("read another file", File::open(other));
    say("read /etc/passwd", File::open("/etc/passwd"));
    say("list /", std::fs::read_dir("/"));
    say("write elsewhere", File::create("/tmp/lockgate-escaped"));
    say("connect", TcpStream::connect(("127.0.0.1", port)));
    say("listen", TcpListener::bind("127.0.0.1:0"));
    say("send", UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"x", ("127.0.0.1", port))));
    say("look into another process", File::open("/proc/1/environ"));
    // Without end, if it were let.
    let started = (0..2000).map_while(|_| Command::new("/bin/sleep").arg("60").spawn().ok()).count();
    say("start a process", if started > 0 { Ok(started) } else { Err(io::Error::other("none was started")) });
    for (what, bytes) in [("take 4 GiB", 4 << 30), ("take 512 MiB", 512 << 20), ("take 128 MiB", 128 << 20)] {
        say(what, Vec::<u8>::new().try_reserve_exact(bytes).map_err(io::Error::other));
    }
    let threads = std::thread::Builder::new()
        .spawn(|| ())
        .and_then(|thread| thread.join().map_err(|_| io::Error::other("it panicked")));
    say("start a thread", threads);
    let environment = std::env::vars_os().filter(|(name, _)| name != "SVT_LOG").count();
    say(
        "read the environment",
        if environment > 0 { Ok(environment) } else { Err(io::Error::other("it is empty")) },
    );
    say("write a result", File::create(folder.join("result")).and_then(|mut file| file.write_all(b"x")));
    // The last, as it ends by a signal.
    let mut file = File::create(folder.join("large"))?;
    let portion = vec![0; 1 << 20];
    say("write 10 GiB", (0..10 << 10).try_for_each(|_| file.write_all(&portion)));
    Ok(())
}

fn say<T>(what: &str, tried: io::Result<T>) {
    match tried {
        Ok(_) => println!("{what}: yes"),
        Err(error) => println!("{what}: no ({error})"),
    }
}
