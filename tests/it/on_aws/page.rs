//! What `make deploy` does last: the page goes into its bucket.

use std::process::Command;

use anyhow::{Result, ensure};
use aws::connection::Connection;
use serde_json::json;
use tests::generated::root;
use tests::rig::{REGION, Rig};

#[tokio::test]
async fn the_built_page_lies_in_its_bucket_with_its_headers() -> Result<()> {
    let rig = Rig::running()?;
    let folder = tempfile::tempdir()?;
    let page = folder.path().join("page");
    std::fs::create_dir(&page)?;
    for (name, text) in
        [("index.html", "<html></html>"), ("main-ABcdEF-H.js", "1"), ("main-ABcdEF-H.js.br", "x")]
    {
        std::fs::write(page.join(name), text)?;
    }
    let outputs = folder.path().join("outputs.json");
    std::fs::write(&outputs, json!({ "Lockgate-rig": rig.stack }).to_string())?;
    let infra = root().join("infra");
    let mut command = Command::new(infra.join("node_modules/.bin/tsx"));
    command.current_dir(&infra).arg("bin/page.ts").args([&page, &outputs]).arg("Lockgate-rig");
    command.envs([
        ("AWS_ENDPOINT_URL", rig.localstack.as_str()),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);
    let ended = command.output()?;
    ensure!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));

    let client = Connection::new(&rig.account())?.objects().client().clone();
    let bucket = rig.output("PageBucket")?;
    let listed = client.list_objects_v2().bucket(bucket).send().await?;
    let keys: Vec<_> = listed.contents().iter().filter_map(|object| object.key()).collect();
    ensure!(keys == ["index.html", "main-ABcdEF-H.js"], "{keys:?}");
    for (key, kind, cache) in [
        ("index.html", "text/html; charset=utf-8", "no-cache"),
        ("main-ABcdEF-H.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
    ] {
        let head = client.head_object().bucket(bucket).key(key).send().await?;
        ensure!(head.content_type() == Some(kind) && head.cache_control() == Some(cache), "{head:?}");
    }
    Ok(())
}
