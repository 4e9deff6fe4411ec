//! What each function of the one artefact does with its event. Which function a process is, its configured handler name
//! says; all of them call what the local binary calls too.

mod activity;
mod api;
mod batch;
mod confirm_upload;
mod sweep;
mod transcribe_callback;

use lambda_runtime::Error;
use states::Activity;
use states::recipe::{By, RECIPES};

use crate::assemble;
use crate::connection::Connection;
use crate::emf::Meters;
use crate::environment::Environment;

/// One function of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The whole HTTP API.
    Api,
    /// Takes the uploads' notices from their queue.
    ConfirmUpload,
    /// Finds what is overdue.
    Sweep,
    /// Takes what Transcribe tells of its jobs.
    TranscribeCallback,
    /// A step of the workflow.
    Step(Activity),
}

#[derive(Debug, thiserror::Error)]
#[error("there is no function {0}")]
pub struct NoFunction(String);

impl Function {
    /// The function that a handler's name means.
    pub fn named(handler: &str) -> Result<Self, NoFunction> {
        let none = || NoFunction(handler.to_owned());
        match handler {
            "api" => return Ok(Self::Api),
            "transcribe-callback" => return Ok(Self::TranscribeCallback),
            _ => {}
        }
        match handler.parse().map_err(|_| none())? {
            Activity::ConfirmUpload => Ok(Self::ConfirmUpload),
            Activity::Sweep => Ok(Self::Sweep),
            worked if worked_by(worked) == Some(By::Worker) => Err(none()),
            Activity::Start | Activity::Cancel | Activity::Redrive => Err(none()), // the API's own
            step => Ok(Self::Step(step)),
        }
    }

    /// Takes events until the sandbox is ended.
    pub async fn serve(self, environment: &Environment) -> Result<(), Error> {
        let connection = Connection::new(&environment.account)?;
        let transcribe = assemble::transcribe(environment, &connection);
        let flags = assemble::flags(environment, &connection);
        let ctx = assemble::function(environment, &connection, transcribe.clone(), flags.clone())?;
        let meters = Meters::installed(&environment.stage);
        match self {
            Self::Api => api::serve(assemble::service(environment, ctx), &flags, meters).await,
            Self::ConfirmUpload => confirm_upload::serve(ctx, &flags, meters).await,
            Self::Sweep => sweep::serve(ctx, meters).await,
            Self::TranscribeCallback => transcribe_callback::serve(ctx, transcribe, meters).await,
            Self::Step(activity) => activity::serve(ctx, activity, meters).await,
        }
    }
}

/// Who does the work of a recipe whose activity this is.
fn worked_by(activity: Activity) -> Option<By> {
    RECIPES.iter().find(|row| row.work == activity).map(|row| row.by)
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn every_activity_is_a_function_or_a_worker_s_or_the_api_s_own() {
        let own = [Activity::Start, Activity::Cancel, Activity::Redrive];
        let workers = [Activity::Thumbnails, Activity::Video];
        for &activity in Activity::VARIANTS {
            assert_eq!(
                Function::named(&activity.to_string()).is_ok(),
                !own.contains(&activity) && !workers.contains(&activity),
                "{activity}"
            );
        }
        assert_eq!(Function::named("api").unwrap(), Function::Api);
        assert_eq!(Function::named("transcribe-callback").unwrap(), Function::TranscribeCallback);
        assert_eq!(Function::named("bootstrap").unwrap_err().to_string(), "there is no function bootstrap");
    }
}
