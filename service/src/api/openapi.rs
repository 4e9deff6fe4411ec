//! `GET /openapi.json`: the OpenAPI document, made of the handlers and of the types they answer with.

use axum::response::IntoResponse;
use http::header;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::view::ProgressView;

/// What no handler says: the document's head, and what only event streams carry.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lockgate",
        version = env!("CARGO_PKG_VERSION"),
        description = "Drop a media file in; get it back in the form you need; see every step in between.",
        license(name = "MIT", identifier = "MIT"),
    ),
    components(schemas(ProgressView)),
    security(("bearer" = [])),
    modifiers(&Bearer),
    tags(
        (name = "sessions", description = "One file and what becomes of it"),
        (name = "webhooks", description = "Who is told what became of a session"),
        (name = "recipes", description = "What can be made"),
        (name = "people", description = "Who may do what; where a server has accounts"),
        (name = "operations", description = "For whoever looks after the server"),
    )
)]
pub(super) struct Head;

/// How a request says whose it is, where a server has accounts; routes that name no other way ask for it.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// The document, as it is served and committed.
pub fn document() -> String {
    let (_, document) = super::routes().split_for_parts();
    let mut text = document.to_pretty_json().expect("a document holds nothing that JSON does not");
    text.push('\n');
    text
}

/// Read this document
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "document",
    tag = "operations",
    security(()),
    responses((status = 200, body = Object, content_type = "application/json"))
)]
pub(crate) async fn show() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document())
}
