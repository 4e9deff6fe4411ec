//! The operations, and the members of their requests: names, lengths and values as AWS's service model has them.
//!
//! A name's form is not among them: a bad name has an error of its own.

use super::shape::{Member, Pattern, Shape, integer, list, may, need, patterned, record, secret, text};

/// An operation and the members of its request.
pub(super) type Operation = (&'static str, &'static [Member]);

/// Longest request, and longest definition, as on AWS.
pub(super) const BODY: usize = 1024 * 1024;

const ARN: Shape = text(1, 256);
const LONG_ARN: Shape = text(1, 2000);
/// Looked at by whoever knows names.
const NAME: Shape = text(0, BODY);
const DEFINITION: Shape = secret(1, BODY);
const DATA: Shape = secret(0, 256 * 1024);
const ERROR: Shape = secret(0, 256);
const CAUSE: Shape = secret(0, 32_768);
const DESCRIPTION: Shape = secret(0, 256);
const TOKEN: Shape = secret(1, 2048);
const STATE_NAME: Shape = secret(1, 80);
const PAGE_TOKEN: Shape = text(1, 1024);
const PAGE_SIZE: Shape = integer(0, 1000);
const COUNT: Shape = integer(0, i64::MAX);
const PERCENTAGE: Shape = Shape::Number { least: 0.0, most: 100.0 };
const TYPE: Shape = Shape::OneOf(&["STANDARD", "EXPRESS"]);
const STATUS: Shape =
    Shape::OneOf(&["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"]);
const INCLUDED: Shape = Shape::OneOf(&["ALL_DATA", "METADATA_ONLY"]);
const TRACE: Shape = patterned(0, 256, Pattern { text: r"\p{ASCII}*", matches: str::is_ascii });
const CLIENT_TOKEN: Shape = patterned(1, 64, Pattern { text: "[!-~]+", matches: is_graphic });
const ALIAS: Shape =
    patterned(1, 80, Pattern { text: r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$", matches: is_alias });

const ENCRYPTION: Shape = record(
    "EncryptionConfiguration",
    &[
        may("kmsKeyId", text(1, 2048)),
        may("kmsDataKeyReusePeriodSeconds", integer(60, 900)),
        need("type", Shape::OneOf(&["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"])),
    ],
);
const DESTINATION: Shape = record(
    "LogDestination",
    &[may("cloudWatchLogsLogGroup", record("CloudWatchLogsLogGroup", &[may("logGroupArn", ARN)]))],
);
const LOGGING: Shape = record(
    "LoggingConfiguration",
    &[
        may("level", Shape::OneOf(&["ALL", "ERROR", "FATAL", "OFF"])),
        may("includeExecutionData", Shape::Flag),
        may("destinations", list(&DESTINATION, 0, usize::MAX)),
    ],
);
const TRACING: Shape = record("TracingConfiguration", &[may("enabled", Shape::Flag)]);
const TAG: Shape = record("Tag", &[may("key", text(1, 128)), may("value", text(0, 256))]);
const TAGS: Shape = list(&TAG, 0, usize::MAX);
const ROUTE: Shape = record(
    "RoutingConfigurationListItem",
    &[need("stateMachineVersionArn", ARN), need("weight", integer(0, 100))],
);
const ROUTES: Shape = list(&ROUTE, 1, 2);
const MOCK: Shape = record(
    "MockInput",
    &[
        may("result", DATA),
        may("errorOutput", record("MockErrorOutput", &[may("error", ERROR), may("cause", CAUSE)])),
        may("fieldValidationMode", Shape::OneOf(&["STRICT", "PRESENT", "NONE"])),
    ],
);
const STATE_CONFIGURATION: Shape = record(
    "TestStateConfiguration",
    &[
        may("retrierRetryCount", COUNT),
        may("errorCausedByState", STATE_NAME),
        may("mapIterationFailureCount", COUNT),
        may("mapItemReaderData", DATA),
    ],
);

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateActivity", &[need("name", NAME), may("tags", TAGS), may("encryptionConfiguration", ENCRYPTION)]),
    (
        "CreateStateMachine",
        &[
            need("name", NAME),
            need("definition", DEFINITION),
            need("roleArn", ARN),
            may("type", TYPE),
            may("loggingConfiguration", LOGGING),
            may("tags", TAGS),
            may("tracingConfiguration", TRACING),
            may("publish", Shape::Flag),
            may("versionDescription", DESCRIPTION),
            may("encryptionConfiguration", ENCRYPTION),
        ],
    ),
    (
        "CreateStateMachineAlias",
        &[may("description", DESCRIPTION), need("name", ALIAS), need("routingConfiguration", ROUTES)],
    ),
    ("DeleteActivity", &[need("activityArn", ARN)]),
    ("DeleteStateMachine", &[need("stateMachineArn", ARN)]),
    ("DeleteStateMachineAlias", &[need("stateMachineAliasArn", ARN)]),
    ("DeleteStateMachineVersion", &[need("stateMachineVersionArn", LONG_ARN)]),
    ("DescribeActivity", &[need("activityArn", ARN)]),
    ("DescribeExecution", &[need("executionArn", ARN), may("includedData", INCLUDED)]),
    ("DescribeMapRun", &[need("mapRunArn", LONG_ARN)]),
    ("DescribeStateMachine", &[need("stateMachineArn", ARN), may("includedData", INCLUDED)]),
    ("DescribeStateMachineAlias", &[need("stateMachineAliasArn", ARN)]),
    ("DescribeStateMachineForExecution", &[need("executionArn", ARN), may("includedData", INCLUDED)]),
    ("GetActivityTask", &[need("activityArn", ARN), may("workerName", text(1, 80))]),
    (
        "GetExecutionHistory",
        &[
            need("executionArn", ARN),
            may("maxResults", PAGE_SIZE),
            may("reverseOrder", Shape::Flag),
            may("nextToken", PAGE_TOKEN),
            may("includeExecutionData", Shape::Flag),
        ],
    ),
    ("ListActivities", &[may("maxResults", PAGE_SIZE), may("nextToken", PAGE_TOKEN)]),
    (
        "ListExecutions",
        &[
            may("stateMachineArn", ARN),
            may("statusFilter", STATUS),
            may("maxResults", PAGE_SIZE),
            may("nextToken", text(1, 3096)),
            may("mapRunArn", LONG_ARN),
            may("redriveFilter", Shape::OneOf(&["REDRIVEN", "NOT_REDRIVEN"])),
        ],
    ),
    ("ListMapRuns", &[need("executionArn", ARN), may("maxResults", PAGE_SIZE), may("nextToken", PAGE_TOKEN)]),
    (
        "ListStateMachineAliases",
        &[need("stateMachineArn", ARN), may("nextToken", PAGE_TOKEN), may("maxResults", PAGE_SIZE)],
    ),
    (
        "ListStateMachineVersions",
        &[need("stateMachineArn", ARN), may("nextToken", PAGE_TOKEN), may("maxResults", PAGE_SIZE)],
    ),
    ("ListStateMachines", &[may("maxResults", PAGE_SIZE), may("nextToken", PAGE_TOKEN)]),
    ("ListTagsForResource", &[need("resourceArn", ARN)]),
    (
        "PublishStateMachineVersion",
        &[need("stateMachineArn", ARN), may("revisionId", text(0, BODY)), may("description", DESCRIPTION)],
    ),
    ("RedriveExecution", &[need("executionArn", ARN), may("clientToken", CLIENT_TOKEN)]),
    ("SendTaskFailure", &[need("taskToken", TOKEN), may("error", ERROR), may("cause", CAUSE)]),
    ("SendTaskHeartbeat", &[need("taskToken", TOKEN)]),
    ("SendTaskSuccess", &[need("taskToken", TOKEN), need("output", DATA)]),
    (
        "StartExecution",
        &[need("stateMachineArn", ARN), may("name", NAME), may("input", DATA), may("traceHeader", TRACE)],
    ),
    (
        "StartSyncExecution",
        &[
            need("stateMachineArn", ARN),
            may("name", NAME),
            may("input", DATA),
            may("traceHeader", TRACE),
            may("includedData", INCLUDED),
        ],
    ),
    ("StopExecution", &[need("executionArn", ARN), may("error", ERROR), may("cause", CAUSE)]),
    ("TagResource", &[need("resourceArn", ARN), need("tags", TAGS)]),
    (
        "TestState",
        &[
            need("definition", DEFINITION),
            may("roleArn", ARN),
            may("input", DATA),
            may("inspectionLevel", Shape::OneOf(&["INFO", "DEBUG", "TRACE"])),
            may("revealSecrets", Shape::Flag),
            may("variables", DATA),
            may("stateName", STATE_NAME),
            may("mock", MOCK),
            may("context", DATA),
            may("stateConfiguration", STATE_CONFIGURATION),
        ],
    ),
    ("UntagResource", &[need("resourceArn", ARN), need("tagKeys", list(&text(1, 128), 0, usize::MAX))]),
    (
        "UpdateMapRun",
        &[
            need("mapRunArn", LONG_ARN),
            may("maxConcurrency", COUNT),
            may("toleratedFailurePercentage", PERCENTAGE),
            may("toleratedFailureCount", COUNT),
        ],
    ),
    (
        "UpdateStateMachine",
        &[
            need("stateMachineArn", ARN),
            may("definition", DEFINITION),
            may("roleArn", ARN),
            may("loggingConfiguration", LOGGING),
            may("tracingConfiguration", TRACING),
            may("publish", Shape::Flag),
            may("versionDescription", DESCRIPTION),
            may("encryptionConfiguration", ENCRYPTION),
        ],
    ),
    (
        "UpdateStateMachineAlias",
        &[
            need("stateMachineAliasArn", ARN),
            may("description", DESCRIPTION),
            may("routingConfiguration", ROUTES),
        ],
    ),
    (
        "ValidateStateMachineDefinition",
        &[
            need("definition", DEFINITION),
            may("type", TYPE),
            may("severity", Shape::OneOf(&["ERROR", "WARNING"])),
            may("maxResults", integer(0, 100)),
        ],
    ),
];

fn is_graphic(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_alias(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    name.chars().all(allowed) && name.chars().any(|c| !c.is_ascii_digit())
}
