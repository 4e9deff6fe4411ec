//! The media worker by itself, for tests: what `lockgate` becomes when it starts itself as a child, or as ffmpeg.

fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(first) if first == activities::ffmpeg::ARGUMENT => activities::ffmpeg::confined_main(arguments),
        _ => activities::child::child_main(),
    }
}
