//! Whom a container is to AWS: what ECS or Kubernetes has given it, asked for again before it expires.

use aws_config::BehaviorVersion;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sfn::config::Region;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::environment::Missing;

/// From the task's role on ECS, the pod's on Kubernetes, or wherever else AWS's own tools look.
pub(super) async fn renewed(
    region: &str,
    http: &SharedHttpClient,
) -> Result<SharedCredentialsProvider, Missing> {
    let told = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .http_client(http.clone())
        .load()
        .await;
    told.credentials_provider().ok_or(Missing("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
}
