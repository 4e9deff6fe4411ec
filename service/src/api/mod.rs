//! The API, one file per resource. [`routes`] is the contents page; what every answer goes through is in [`edge`].
//!
//! A handler is given what [`extract`] made of the request and who asks ([`caller`]), calls an activity or the store, and
//! answers with a [`view`]. Refusals become answers in [`error`] and nowhere else.

mod caller;
mod cookie;
mod deliveries;
mod edge;
mod error;
mod events;
mod extract;
mod flags;
mod health;
mod history;
mod identify;
mod images;
mod index;
mod intake;
mod keys;
mod library;
mod me;
pub(crate) mod openapi;
mod options;
mod problems;
mod recipes;
mod results;
mod sessions;
mod sign_in;
mod trail;
mod upload;
mod users;
mod view;
mod vocabulary;
mod ways_in;
mod webhooks;
mod xcode;
mod xfer;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Service;

pub use caller::LOCAL;
pub use users::invitation_url;

/// What handlers are given.
type App = Arc<Service>;

/// Rounds of read-and-write before giving up on a store that keeps failing or a record that keeps moving.
const ROUNDS: usize = 8;

/// The whole API, ready to be served.
pub fn router(service: Service) -> Router {
    let service = Arc::new(service);
    let (documented, _) = routes().split_for_parts();
    let router = documented
        .route("/", get(index::show))
        .route("/xfer/", post(xfer::create))
        .fallback(index::otherwise)
        .method_not_allowed_fallback(async || error::Error::MethodNotAllowed);
    edge::around(router, &service).with_state(service)
}

/// Every route that stands in the document.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::Head::openapi())
        .routes(routes!(xfer::create))
        .routes(routes!(images::create))
        .routes(routes!(library::create))
        .routes(routes!(library::show))
        .routes(routes!(xcode::begin))
        .routes(routes!(xcode::call_off))
        .routes(routes!(xcode::again))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::show, sessions::remove))
        .routes(routes!(upload::refresh))
        .routes(routes!(events::stream))
        .routes(routes!(history::show))
        .routes(routes!(results::fetch))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::show, webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::replay))
        .routes(routes!(deliveries::replay_range))
        .routes(routes!(deliveries::test))
        .routes(routes!(flags::show, flags::change))
        .routes(routes!(recipes::list))
        .routes(routes!(problems::show))
        .routes(routes!(ways_in::show, sign_in::with_password))
        .routes(routes!(sign_in::with_invitation))
        .routes(routes!(sign_in::refresh))
        .routes(routes!(sign_in::here))
        .routes(routes!(sign_in::everywhere))
        .routes(routes!(me::show))
        .routes(routes!(me::set_password))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::change))
        .routes(routes!(keys::list, keys::add))
        .routes(routes!(keys::revoke))
        .routes(routes!(health::health))
        .routes(routes!(health::meters))
        .routes(routes!(openapi::show))
}
