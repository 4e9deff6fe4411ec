//! How a call failed, named and worded as Step Functions names and words it.
//!
//! The optimised integrations of old call through version 1 of the Java SDK, `aws-sdk:` through version 2. Both name an
//! error after the exception's class, which for errors that the service's model does not know is the service's base class.

use serde_json::Value;

use super::http::{Answer, Silence};
use super::xml::Element;
use crate::errors::DATA_LIMIT_EXCEEDED;
use crate::tasks::TaskError;

/// Errors that any service may answer and hardly a model knows.
const COMMON: [&str; 16] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidAction",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "NotAuthorized",
    "SerializationException",
    "SignatureDoesNotMatch",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationError",
];

pub(super) fn failed(error: impl Into<String>, cause: impl Into<String>) -> TaskError {
    TaskError { error: error.into(), cause: cause.into() }
}

/// The service gave no answer that can be read.
pub(super) fn unreachable(service: &str, silence: &Silence) -> TaskError {
    if *silence == Silence::TooLong {
        return too_large(service);
    }
    failed(format!("{service}.SdkClientException"), silence.to_string())
}

pub(super) fn too_large(service: &str) -> TaskError {
    let cause = format!(
        "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit.",
        service.to_ascii_lowercase()
    );
    failed(DATA_LIMIT_EXCEEDED, cause)
}

/// The answer is none of this service.
pub(super) fn odd(service: &str) -> TaskError {
    unreachable(service, &Silence::Broken("the answer cannot be read".to_owned()))
}

/// No endpoint was configured for the service.
pub(super) fn nowhere(service: &str, flag: &str) -> TaskError {
    unable(service, &format!("was started without {flag}"))
}

/// The service, or this action of it, cannot be called by this engine, whatever endpoint it has.
pub(super) fn unknown(service: &str, resource: &str) -> TaskError {
    unable(service, &format!("does not know the action {resource}"))
}

fn unable(service: &str, why: &str) -> TaskError {
    failed(
        format!("{service}.SdkClientException"),
        format!("Unable to execute HTTP request: this engine {why}"),
    )
}

/// What a service said when it refused.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) status: u16,
    pub(super) request_id: Option<String>,
}

impl Refusal {
    /// From an answer of one of the JSON protocols.
    pub(super) fn of_json(answer: &Answer) -> Self {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let said = |names: &[&str]| names.iter().find_map(|name| body[*name].as_str()).map(ToOwned::to_owned);
        let code = answer
            .header("x-amzn-errortype")
            .map(ToOwned::to_owned)
            .or_else(|| said(&["__type", "code", "Code"]));
        Self {
            code: code.as_deref().map(bare).map(ToOwned::to_owned),
            message: said(&["message", "Message", "errorMessage"]),
            status: answer.status,
            request_id: request_id(answer),
        }
    }

    /// From an answer in XML, whose error stands at the root or inside it.
    pub(super) fn of_xml(answer: &Answer) -> Self {
        let document = Element::parse(&answer.body).unwrap_or_default();
        let error = document.child("Error").unwrap_or(&document);
        let said = |name: &str| error.text_of(name).map(ToOwned::to_owned);
        let id = document.text_of("RequestId").map(ToOwned::to_owned);
        Self {
            code: said("Code"),
            message: said("Message"),
            status: answer.status,
            request_id: id.or_else(|| request_id(answer)),
        }
    }

    /// As the optimised integrations say it: `sdk` is the client's name in messages, `base` its base class, and
    /// `is_modelled` says whether the service's model knows a code that is not common to all.
    pub(super) fn in_old_words(
        self,
        service: &str,
        sdk: &str,
        base: &str,
        is_modelled: impl Fn(&str) -> bool,
    ) -> TaskError {
        let Self { code, message, status, request_id } = self;
        let null = || "null".to_owned();
        let known = code.as_deref().filter(|code| !COMMON.contains(code) && is_modelled(code));
        let class = known.map_or_else(|| base.to_owned(), class);
        let (message, code, id) =
            (message.unwrap_or_else(null), code.unwrap_or_else(null), request_id.unwrap_or_else(null));
        failed(
            format!("{service}.{class}"),
            format!(
                "{message} (Service: {sdk}; Status Code: {status}; Error Code: {code}; Request ID: {id}; Proxy: null)"
            ),
        )
    }

    /// As `aws-sdk:` says it.
    pub(super) fn in_new_words(self, service: &str, is_modelled: impl Fn(&str) -> bool) -> TaskError {
        let Self { code, message, status, request_id } = self;
        let known = code.as_deref().filter(|code| !COMMON.contains(code) && is_modelled(code));
        let class = known.map_or_else(|| format!("{service}Exception"), class);
        let null = || "null".to_owned();
        let (message, id) = (message.unwrap_or_else(null), request_id.unwrap_or_else(null));
        failed(
            format!("{service}.{class}"),
            format!(
                "{message} (Service: {service}, Status Code: {status}, Request ID: {id}) (SDK Attempt Count: 1)"
            ),
        )
    }
}

/// The model knows every error that is not common to all services.
pub(super) fn all(_code: &str) -> bool {
    true
}

/// The class of an error code: dots separate a name space, and every class is an exception.
fn class(code: &str) -> String {
    let name = code.rsplit('.').next().unwrap_or(code);
    if name.ends_with("Exception") { name.to_owned() } else { format!("{name}Exception") }
}

/// A code without the name space before it and the address behind it.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code)
}

pub(super) fn request_id(answer: &Answer) -> Option<String> {
    ["x-amzn-requestid", "x-amz-request-id"]
        .iter()
        .find_map(|name| answer.header(name))
        .map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str) -> Refusal {
        Refusal {
            code: Some(code.to_owned()),
            message: Some("No".to_owned()),
            status: 400,
            request_id: Some("r".to_owned()),
        }
    }

    #[test]
    fn an_error_is_named_after_its_class() {
        let error =
            |code: &str| refusal(code).in_old_words("Lambda", "AWSLambda", "AWSLambdaException", all).error;
        assert_eq!(error("ResourceNotFoundException"), "Lambda.ResourceNotFoundException");
        assert_eq!(error("ExecutionAlreadyExists"), "Lambda.ExecutionAlreadyExistsException");
        assert_eq!(error("AccessDeniedException"), "Lambda.AWSLambdaException");
        let new = refusal("InvalidToken").in_new_words("Sfn", all);
        assert_eq!(new.error, "Sfn.InvalidTokenException");
        assert_eq!(new.cause, "No (Service: Sfn, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)");
        assert_eq!(refusal("AccessDenied").in_new_words("S3", all).error, "S3.S3Exception");
    }

    #[test]
    fn a_code_comes_without_what_stands_around_it() {
        assert_eq!(bare("com.amazon.coral.service#X:http://internal.amazon.com/"), "X");
        assert_eq!(bare("ResourceNotFoundException"), "ResourceNotFoundException");
    }
}
