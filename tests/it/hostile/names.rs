//! Names that mean harm: too long a one, and one that is no line, is refused, and any other is a name and nothing else.

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use serde_json::json;
use tests::flow::{Flow, expect};
use tests::server::Server;
use tests::sound::wav;

const LONGEST: usize = 255;

/// Ways up and out, quotes, an option, and what shells and pages take for more.
const BAD: &str = "../..%2f\"'`$(id)`;--<script>\\C:\\";

#[tokio::test]
async fn a_name_of_four_kilobytes_or_two_lines_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let long = BAD.repeat(4096 / BAD.len() + 1);
    let longer = format!("{}.wav", "ä".repeat(LONGEST - 3));
    for name in
        [long.as_str(), &longer, "a\nb.wav", "a\r\nSet-Cookie: a=b.wav", "a\0.wav", "\u{1b}[2J.wav", ""]
    {
        let mut body = json!({ "fileName": name, "size": 9, "contentType": "video/mp4" });
        let announced = flow.http.post(format!("{}/xfer", flow.url)).json(&body).send().await?;
        body["userId"] = "ada".into();
        let of_library = flow.http.post(format!("{}/upload", flow.url)).json(&body).send().await?;
        for answer in [announced, of_library] {
            let refused = expect(answer, 400).await?;
            ensure!(refused.to_string().contains("/fileName"), "{name:?}: {refused:#}");
        }
        let images = Url::parse_with_params(&format!("{}/images", flow.url), [("fileName", name)])?;
        let picture = flow.http.post(images).body(b"\xFF\xD8\xFF\xE0".to_vec());
        let status = picture.send().await?.status().as_u16();
        // The address may be too long before the name is.
        ensure!([400, 414].contains(&status), "{name:?}: {status}");
    }
    Ok(())
}

#[tokio::test]
async fn a_name_is_no_path_no_option_and_no_header() -> Result<()> {
    let outer = tempfile::tempdir()?;
    let data = outer.path().join("data");
    std::fs::create_dir(&data)?;
    let server = Server::start_well(&data)?;
    let flow = Flow::new(&server.url);
    let stem: String = BAD.chars().cycle().take(LONGEST - ".wav".len()).collect();
    let name = format!("{stem}.wav");
    let session = flow.run(&name, &wav(4410, 1), "k").await?;
    ensure!(session["state"] == "Done" && session["source"]["fileName"] == name, "{session:#}");
    let output = &session["outputs"][0];
    ensure!(output["name"] == format!("{stem}.flac"), "{output:#}");
    let answer = flow.http.get(output["url"].as_str().context("an output has a URL")?).send().await?;
    let dispositions: Vec<_> = answer.headers().get_all("content-disposition").iter().collect();
    ensure!(answer.status() == 200 && dispositions.len() == 1, "{answer:?}");
    ensure!(dispositions[0].to_str()?.starts_with("attachment; filename="), "{dispositions:?}");
    let beside = std::fs::read_dir(outer.path())?.count();
    ensure!(beside == 1, "{beside} things lie where only the folder did");
    Ok(())
}
