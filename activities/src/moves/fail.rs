//! `fail`: Transcoding → Failed with a typed problem; the workflow's catch-all. A late one of an old attempt, or one that
//! comes after a cancel, is superseded, and that is success.

use serde::Deserialize;
use states::session::Change;
use states::{Kind, Problem};

use super::advance::Refusal;
use super::ending::{self, Output};
use crate::ctx::Ctx;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    pub session_id: String,
    pub attempt: u32,
    pub error: Caught,
}

/// What the workflow's Catch hands over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Caught {
    pub error: String,
    #[serde(default)]
    pub cause: String,
}

pub async fn run(ctx: &Ctx, input: Input) -> Result<Output, Refusal> {
    let problem = Problem::new(Kind::of_error_name(&input.error.error), input.error.detail());
    let change = Change::TranscodeFailed(problem);
    let ended = ending::end(ctx, &input.session_id, input.attempt, &change).await?;
    Ok(Output { superseded: ended.is_none() })
}

impl Caught {
    /// A Lambda's cause is a JSON text around the message; ours is the message.
    fn detail(&self) -> String {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct LambdaCause {
            error_message: String,
        }
        match serde_json::from_str::<LambdaCause>(&self.cause) {
            Ok(lambda) => lambda.error_message,
            Err(_) if self.cause.is_empty() => format!("The workflow ended with {}.", self.error),
            Err(_) => self.cause.clone(),
        }
    }
}
