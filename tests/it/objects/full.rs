//! A full disk: the upload is refused with 507, nothing half done stays, and what fits still works.
//!
//! Shown on a real full file system and on a file-size limit, each in a child process of this test binary.

use std::path::Path;
use std::process::{Command, Output};

use activities::objects::Error;
use activities::objects::write::FIRST_PART;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::rig::{BUCKET, Rig, files, noise, until_files};

/// Where the child finds its small disk.
const FOLDER: &str = "LOCKGATE_TEST_SMALL_DISK";

const MIB: usize = 1024 * 1024;

#[tokio::test]
#[ignore = "run by the other tests of this module, on a disk of 3 MiB"]
async fn inside_a_small_disk() {
    let folder = std::env::var(FOLDER).unwrap();
    let folder = Path::new(&folder);
    let rig = Rig::start(folder).await;
    rig.put("before", noise(MIB / 4, 1)).await;
    let kept = files(folder);

    let put = rig.client().put_object().bucket(BUCKET).key("big").body(ByteStream::from(noise(6 * MIB, 2)));
    let refused = put.send().await.unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 507);
    assert_eq!(files(folder), kept, "the refused bytes stay");
    for (length, parts) in [(FIRST_PART - MIB, "one"), (FIRST_PART + MIB, "two")] {
        let mut sink = rig.objects.create(BUCKET, "big", "a/b");
        sink.write(Bytes::from(noise(length, 2))).await.unwrap();
        assert!(matches!(sink.finish().await, Err(Error::Full { .. })), "in {parts}");
        // Of an upload in parts, the abort is on its way.
        until_files(folder, |files| *files == kept, &format!("the refused bytes stay, in {parts}")).await;
    }
    assert_eq!(rig.get("big").await, None);

    rig.put("after", noise(MIB / 4, 3)).await;
    assert_eq!(rig.get("before").await.unwrap(), noise(MIB / 4, 1));
    assert_eq!(rig.get("after").await.unwrap(), noise(MIB / 4, 3));
    rig.stop().await;
    println!("the small disk was survived");
}

/// Runs the test above through `wrapper`, a shell line that ends in `exec "$@"`.
fn child(shell: &[&str], wrapper: &str, folder: &Path) -> Output {
    let inner = ["objects::full::inside_a_small_disk", "--exact", "--ignored", "--nocapture"];
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["-c", wrapper, "sh"]).arg(std::env::current_exe().unwrap()).args(inner);
    command.env(FOLDER, folder).output().unwrap()
}

fn assert_survived(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("the small disk was survived"), "{said}\n{errors}");
}

#[test]
fn a_file_size_limit() {
    let folder = tempfile::tempdir().unwrap();
    // Ignored signals stay ignored: writes beyond the limit fail instead of killing. Blocks have 512 bytes.
    assert_survived(&child(&["sh"], "trap '' XFSZ; ulimit -f 6144; exec \"$@\"", folder.path()));
}

#[test]
fn a_full_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let mount = ["-rm", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs \"$0\""];
    let probe = Command::new("unshare").args(mount).arg(folder.path()).output();
    if !probe.as_ref().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: this machine lets nobody mount a small file system: {probe:?}");
        return;
    }
    let wrapper = format!("mount -t tmpfs -o size=3m tmpfs \"${FOLDER}\" && exec \"$@\"");
    assert_survived(&child(&["unshare", "-rm", "sh"], &wrapper, folder.path()));
}
