//! What each function of the one artefact does with its event. Which function a process is, its configured handler name
//! says; all of them call what the local binary calls too.

mod activity;
mod api;
mod confirm_upload;
mod sweep;

use lambda_runtime::Error;
use states::Activity;

use crate::assemble;
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
        if handler == "api" {
            return Ok(Self::Api);
        }
        match handler.parse().map_err(|_| none())? {
            Activity::ConfirmUpload => Ok(Self::ConfirmUpload),
            Activity::Sweep => Ok(Self::Sweep),
            Activity::Start | Activity::Cancel | Activity::Redrive => Err(none()), // the API's own
            step => Ok(Self::Step(step)),
        }
    }

    /// Takes events until the sandbox is ended.
    pub async fn serve(self, environment: &Environment) -> Result<(), Error> {
        let ctx = assemble::ctx(environment)?;
        match self {
            Self::Api => api::serve(assemble::service(environment, ctx)).await,
            Self::ConfirmUpload => confirm_upload::serve(ctx).await,
            Self::Sweep => sweep::serve(ctx).await,
            Self::Step(activity) => activity::serve(ctx, activity).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn every_activity_is_a_function_or_the_apis_own() {
        let own = [Activity::Start, Activity::Cancel, Activity::Redrive];
        for &activity in Activity::VARIANTS {
            assert_eq!(
                Function::named(&activity.to_string()).is_ok(),
                !own.contains(&activity),
                "{activity}"
            );
        }
        assert_eq!(Function::named("api").unwrap(), Function::Api);
        assert_eq!(Function::named("bootstrap").unwrap_err().to_string(), "there is no function bootstrap");
    }
}
