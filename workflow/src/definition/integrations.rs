//! Which services a Task may name, by which actions and patterns. Pure; what a call then does is in [`crate::services`].
//!
//! A service that is listed here and has no endpoint in an engine is refused when it is called, not when the definition is
//! read: the definition is right, and would run elsewhere.

use super::{Pattern, Resource};

/// One service with an integration of its own: its actions, and how each may be awaited.
struct Integration {
    service: &'static str,
    actions: &'static [(&'static str, &'static [Pattern])],
}

use Pattern::{RequestResponse, Sync, Sync2, WaitForTaskToken};

const CALL: &[Pattern] = &[RequestResponse];
const JOB: &[Pattern] = &[RequestResponse, Sync];
const TOKEN: &[Pattern] = &[RequestResponse, WaitForTaskToken];
const ALL: &[Pattern] = &[RequestResponse, Sync, WaitForTaskToken];
const NESTED: &[Pattern] = &[RequestResponse, Sync, Sync2, WaitForTaskToken];

const fn service(
    service: &'static str,
    actions: &'static [(&'static str, &'static [Pattern])],
) -> Integration {
    Integration { service, actions }
}

const INTEGRATIONS: &[Integration] = &[
    service("apigateway", &[("invoke", TOKEN)]),
    service(
        "athena",
        &[
            ("startQueryExecution", JOB),
            ("stopQueryExecution", CALL),
            ("getQueryExecution", CALL),
            ("getQueryResults", CALL),
        ],
    ),
    service("batch", &[("submitJob", JOB)]),
    service("bedrock", &[("invokeModel", CALL), ("createModelCustomizationJob", JOB)]),
    service(
        "codebuild",
        &[
            ("startBuild", JOB),
            ("stopBuild", CALL),
            ("batchDeleteBuilds", CALL),
            ("batchGetReports", CALL),
            ("startBuildBatch", JOB),
            ("stopBuildBatch", CALL),
            ("retryBuildBatch", JOB),
            ("deleteBuildBatch", CALL),
        ],
    ),
    service("databrew", &[("startJobRun", JOB)]),
    service("dynamodb", &[("getItem", CALL), ("putItem", CALL), ("updateItem", CALL), ("deleteItem", CALL)]),
    service("ecs", &[("runTask", ALL)]),
    service(
        "eks",
        &[
            ("call", CALL),
            ("runJob", JOB),
            ("createCluster", JOB),
            ("deleteCluster", JOB),
            ("createFargateProfile", JOB),
            ("deleteFargateProfile", JOB),
            ("createNodegroup", JOB),
            ("deleteNodegroup", JOB),
        ],
    ),
    service(
        "elasticmapreduce",
        &[
            ("createCluster", JOB),
            ("terminateCluster", JOB),
            ("addStep", JOB),
            ("cancelStep", CALL),
            ("setClusterTerminationProtection", CALL),
            ("modifyInstanceFleetByName", CALL),
            ("modifyInstanceGroupByName", CALL),
        ],
    ),
    service(
        "emr-containers",
        &[("createVirtualCluster", CALL), ("deleteVirtualCluster", JOB), ("startJobRun", JOB)],
    ),
    service(
        "emr-serverless",
        &[
            ("createApplication", JOB),
            ("deleteApplication", JOB),
            ("startApplication", JOB),
            ("stopApplication", JOB),
            ("startJobRun", JOB),
            ("cancelJobRun", JOB),
        ],
    ),
    service("events", &[("putEvents", TOKEN)]),
    service("glue", &[("startJobRun", JOB)]),
    service("http", &[("invoke", CALL)]),
    service("lambda", &[("invoke", TOKEN)]),
    service("mediaconvert", &[("createJob", JOB)]),
    service(
        "sagemaker",
        &[
            ("createEndpoint", CALL),
            ("createEndpointConfig", CALL),
            ("createHyperParameterTuningJob", JOB),
            ("createLabelingJob", JOB),
            ("createModel", CALL),
            ("createProcessingJob", JOB),
            ("createTrainingJob", JOB),
            ("createTransformJob", JOB),
            ("updateEndpoint", CALL),
        ],
    ),
    service("sns", &[("publish", TOKEN)]),
    service("sqs", &[("sendMessage", TOKEN)]),
    service("states", &[("startExecution", NESTED)]),
];

/// Step Functions' own actions, which `aws-sdk:sfn` names.
const OWN: [&str; 37] = [
    "createActivity",
    "createStateMachine",
    "createStateMachineAlias",
    "deleteActivity",
    "deleteStateMachine",
    "deleteStateMachineAlias",
    "deleteStateMachineVersion",
    "describeActivity",
    "describeExecution",
    "describeMapRun",
    "describeStateMachine",
    "describeStateMachineAlias",
    "describeStateMachineForExecution",
    "getActivityTask",
    "getExecutionHistory",
    "listActivities",
    "listExecutions",
    "listMapRuns",
    "listStateMachineAliases",
    "listStateMachineVersions",
    "listStateMachines",
    "listTagsForResource",
    "publishStateMachineVersion",
    "redriveExecution",
    "sendTaskFailure",
    "sendTaskHeartbeat",
    "sendTaskSuccess",
    "startExecution",
    "startSyncExecution",
    "stopExecution",
    "tagResource",
    "testState",
    "untagResource",
    "updateMapRun",
    "updateStateMachine",
    "updateStateMachineAlias",
    "validateStateMachineDefinition",
];

/// Why a Task may not name this resource, in AWS's words; `None` when it may.
pub(crate) fn refusal(resource: &Resource) -> Option<String> {
    let Resource::Service { arn, service, action, pattern } = resource else { return None };
    let allowed: &[Pattern] = match service.strip_prefix("aws-sdk:") {
        Some("sfn") if !OWN.contains(&action.as_str()) => &[],
        Some(name) if is_name(name) && starts_small(action) => TOKEN,
        Some(_) => &[],
        None => patterns(service, action),
    };
    (!allowed.contains(pattern)).then(|| {
        format!(
            "The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is \
             not available in this region."
        )
    })
}

fn patterns(service: &str, action: &str) -> &'static [Pattern] {
    let integration = INTEGRATIONS.iter().find(|integration| integration.service == service);
    let action =
        integration.and_then(|integration| integration.actions.iter().find(|(name, _)| *name == action));
    action.map_or(&[], |(_, patterns)| patterns)
}

fn is_name(service: &str) -> bool {
    !service.is_empty() && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Actions of the SDKs are written like Java's methods.
fn starts_small(action: &str) -> bool {
    action.starts_with(|letter: char| letter.is_ascii_lowercase())
        && action.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_known_by_service_action_and_pattern() {
        for (resource, known) in [
            ("lambda:invoke", true),
            ("lambda:invoke.waitForTaskToken", true),
            ("lambda:invoke.sync", false),
            ("lambda:create", false),
            ("states:startExecution.sync:2", true),
            ("ecs:runTask.sync", true),
            ("sqs:sendMessage.sync", false),
            ("nobody:knows", false),
            ("aws-sdk:s3:getObject", true),
            ("aws-sdk:s3:GetObject", false),
            ("aws-sdk:dynamodb:getItem.sync", false),
            ("aws-sdk:sfn:sendTaskSuccess", true),
            ("aws-sdk:sfn:sendNothing", false),
        ] {
            let arn = format!("arn:aws:states:::{resource}");
            let refused = refusal(&Resource::parse(&arn).unwrap());
            assert_eq!(refused.is_none(), known, "{resource}");
            assert!(refused.is_none_or(|why| why.contains(&arn)));
        }
        let function = Resource::parse("arn:aws:lambda:us-east-1:123456789012:function:f").unwrap();
        assert_eq!(refusal(&function), None);
    }
}
