//! The stack, deployed into the rig: synthesised and brought there by `cdk deploy`, as it is into an account. What
//! LocalStack has no service for comes up as nothing at all, with the stack green all the same; so whatever does must be
//! on a list.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{ACCOUNT, REGION};

const STACK: &str = "Lockgate-rig";

/// What no stand-in has: the page's distribution, HTTP APIs and people, budgets, and pictures of what is watched.
const NOT_THERE: [&str; 15] = [
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Budgets::Budget",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Dashboard",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
];

/// Its outputs.
pub type Outputs = BTreeMap<String, String>;

/// Deploys it to `endpoint`, with what `tools` (LocalStack's own environment) and `infra/node_modules` have.
pub fn deploy(endpoint: &str, tools: &Path, folder: &Path) -> Result<Outputs> {
    let aws = |arguments: &[&str]| -> Result<Vec<u8>> {
        let mut command = Command::new(tools.join("bin/aws"));
        let ended = told(&mut command, endpoint).args(arguments).args(["--output", "json"]).output()?;
        ensure!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
        Ok(ended.stdout)
    };
    let assets = format!("cdk-hnb659fds-assets-{ACCOUNT}-{REGION}");
    aws(&["s3api", "create-bucket", "--bucket", &assets])?;
    let version = ["--name", "/cdk-bootstrap/hnb659fds/version", "--type", "String", "--value", "30"];
    aws(&[&["ssm", "put-parameter"], &version[..]].concat())?;

    let infra = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra");
    // The functions run where the rig has the real binary; no stand-in opens what is uploaded as their code.
    let artefact = infra.join("test/artefact");
    let (written, out) = (folder.join("outputs.json"), folder.join("cdk.out"));
    let mut cdk = Command::new(infra.join("node_modules/.bin/cdk"));
    told(&mut cdk, endpoint).current_dir(&infra).args(["deploy", STACK, "--require-approval", "never"]);
    cdk.args(["-c", "stage=rig", "-c", "retain=false", "-c", "workers=true"]);
    // Of what ends well nobody is told by letter, or all tests would have their letters.
    cdk.args(["-c", &format!("mailFrom={}", super::ses::SENDER), "-c", "mailEvents=session.failed"]);
    cdk.arg("-c").arg(format!("artefact={}", artefact.display()));
    let ended = cdk.arg("--output").arg(&out).arg("--outputs-file").arg(&written).output()?;
    ensure!(
        ended.status.success(),
        "cdk deploy: {}\n{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    let resources = aws(&["cloudformation", "describe-stack-resources", "--stack-name", STACK])?;
    check(&serde_json::from_slice(&resources)?)?;
    let mut outputs: BTreeMap<String, Outputs> = serde_json::from_slice(&std::fs::read(written)?)?;
    outputs.remove(STACK).context("the stack has outputs")
}

fn told<'c>(command: &'c mut Command, endpoint: &str) -> &'c mut Command {
    command.envs([
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ENDPOINT_URL_S3", endpoint),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("CI", "true"),
    ])
}

/// Every resource is one, or of a kind that is known to be none here.
fn check(described: &Value) -> Result<()> {
    let resources = described["StackResources"].as_array().context("a stack has resources")?;
    ensure!(resources.len() > 40, "only {} resources are there", resources.len());
    for resource in resources {
        let text = |name: &str| resource[name].as_str().unwrap_or_default();
        let is_none = text("PhysicalResourceId") == "unknown"
            || text("PhysicalResourceId").is_empty()
            || text("ResourceStatusReason").to_lowercase().contains("fallback");
        let known = NOT_THERE.contains(&text("ResourceType"));
        ensure!(!is_none || known, "{} is not there: {resource}", text("LogicalResourceId"));
    }
    Ok(())
}
