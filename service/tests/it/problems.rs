//! The pages of problems: one for each `type` that an answer or a session can have.

use std::collections::BTreeSet;
use std::path::PathBuf;

use http::StatusCode;
use states::Kind;
use strum::VariantArray;

use crate::app::App;

/// What is written between quotes in `source`, from `begin` to `end`, and could be the end of a `type`: titles have capitals.
fn slugs_in(source: &str, begin: &str, end: &str) -> BTreeSet<String> {
    let (_, from) = source.split_once(begin).expect("the place where slugs stand begins so");
    let (part, _) = from.split_once(end).expect("and ends so");
    let is_slug = |text: &&str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let slugs: BTreeSet<_> = part.split('"').skip(1).step_by(2).filter(is_slug).map(str::to_owned).collect();
    assert!(!slugs.is_empty());
    slugs
}

/// The ends of the `type` of whatever is refused. They stand in these two places and nowhere else.
fn refusals() -> BTreeSet<String> {
    let mut slugs = slugs_in(include_str!("../../src/api/error.rs"), "fn kind(&self)", "\n    }\n");
    slugs.extend(slugs_in(
        include_str!("../../src/serve/refusal.rs"),
        "let (slug, detail, limit)",
        "let request_id",
    ));
    assert!(slugs.contains("wrong-state") && slugs.contains("uri-too-long"), "{slugs:?}");
    slugs
}

fn kinds() -> BTreeSet<String> {
    Kind::VARIANTS.iter().map(|kind| kind.slug()).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/problems"))
}

fn page(slug: &str) -> String {
    std::fs::read_to_string(folder().join(format!("{slug}.md"))).expect("it is in the folder")
}

/// What the folder holds, without the endings.
fn pages() -> BTreeSet<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let files = std::fs::read_dir(folder()).expect("there is such a folder").map(name);
    files.map(|file| file.strip_suffix(".md").unwrap_or(&file).to_owned()).collect()
}

#[test]
fn every_problem_has_a_page() {
    let problems = &refusals() | &kinds();
    let missing = &problems - &pages();
    assert!(missing.is_empty(), "write docs/problems/NAME.md, and its line in api/problems.rs: {missing:?}");
}

#[tokio::test]
async fn every_page_is_served() {
    let app = App::new();
    for slug in pages() {
        let answer = app.get(&format!("/problems/{slug}")).await;
        assert_eq!((answer.status, answer.text), (StatusCode::OK, page(&slug)), "{slug}");
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    }
    let answer = app.get("/problems/none-of-these").await;
    assert_eq!(
        (answer.status, answer.json()["type"].as_str()),
        (StatusCode::NOT_FOUND, Some("/problems/not-found"))
    );
}

#[tokio::test]
async fn the_type_of_a_refusal_leads_to_its_page() {
    let app = App::new();
    for refused in ["/nowhere.html", "/api/sessions/none", "/api/sessions?limit=0"] {
        let problem = app.get(refused).await.json();
        let address = problem["type"].as_str().expect("a refusal has a type");
        let explained = app.get(address).await;
        assert_eq!(explained.status, StatusCode::OK, "{address}");
        let slug = address.rsplit('/').next().unwrap();
        assert!(explained.text.contains(&format!("`{slug}`")), "{address}: {}", explained.text);
    }
}

/// The line under a page's title says of what it is.
#[test]
fn a_page_says_whether_a_session_can_be_redriven() {
    for kind in Kind::VARIANTS {
        let page = page(&kind.slug());
        let says = if kind.can_be_redriven() { "it can be redriven" } else { "it cannot be redriven" };
        assert!(page.contains(says), "{}: {page}", kind.slug());
    }
    for slug in &refusals() - &kinds() {
        assert!(!page(&slug).contains("redriven ·"), "{slug} is of no session");
        assert!(page(&slug).contains("a request was refused, "), "{slug}");
    }
}
