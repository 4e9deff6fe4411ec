//! S3, as `aws-sdk:s3:ACTION`. Its parameters are spread over path, query, headers and body, and so are its results; where
//! each stands is in [`fields`], and what they are written as in [`documents`]. [`objects`] is what map runs need of it.

mod documents;
mod fields;
mod objects;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use md5::{Digest, Md5};
use serde_json::{Map, Value};
use url::Url;

use super::Services;
use super::failure::{Refusal, nowhere, odd, unreachable};
use super::http::{Answer, Request};
use super::naming;
use super::parameters::Parameters;
use super::sign::encode;
use super::xml::{Element, Forms};
use crate::tasks::TaskError;
use fields::{
    ACTIONS, Action, FLAGS, HEADERS, INSTANTS, LISTS, MEMBERS, MODELLED, NEEDS, NUMBERS, OF_OBJECTS, Outcome,
    PLURALS, QUERY,
};

const NAME: &str = "S3";
const META: &str = "x-amz-meta-";
const FORMS: Forms = Forms { lists: &LISTS, members: &MEMBERS, rename: field };

/// What the field of this element is called.
fn field(element: &str) -> String {
    let list = PLURALS.iter().find(|(one, _)| *one == element);
    list.map_or_else(|| naming::shown(element), |(_, many)| (*many).to_owned())
}

/// Whether this engine does an action.
pub(super) fn has(action: &str) -> bool {
    ACTIONS.iter().any(|known| known.name == action)
}

pub(super) async fn sdk(services: &Services, action: &str, input: &str) -> Result<String, TaskError> {
    let parameters = Parameters::read(input)?;
    let action = ACTIONS.iter().find(|known| known.name == action);
    let action = action.ok_or_else(|| parameters.unusable("The action is not supported"))?;
    let endpoint = services.endpoints.s3.as_ref().ok_or_else(|| nowhere(NAME, "--s3-endpoint"))?;
    let mut request = request(action, endpoint, &parameters)?;
    services.sign(&mut request, "s3");
    let answer = services.http.send(request, services.patience.answer).await;
    let answer = answer.map_err(|silence| unreachable(NAME, &silence))?;
    if !answer.is_success() {
        return Err(refused(action, &answer));
    }
    result(action, &answer).map(|fields| Value::from(naming::sorted(fields)).to_string())
}

fn request(action: &Action, endpoint: &Url, parameters: &Parameters) -> Result<Request, TaskError> {
    for (_, needed) in NEEDS.iter().filter(|(name, _)| *name == action.name) {
        for field in *needed {
            parameters.need(field)?;
        }
    }
    let mut url = endpoint.clone();
    url.set_path(&path(action, endpoint, parameters)?);
    url.set_query((!action.query.is_empty()).then_some(action.query));
    let (mut headers, mut body) = (HeaderMap::new(), Bytes::new());
    for (name, value) in &parameters.0 {
        let text = naming::as_text(value);
        match name.as_str() {
            "Bucket" | "Key" => {}
            "Body" => body = text.into(),
            "Metadata" => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    let key =
                        HeaderName::try_from(format!("{META}{key}")).map_err(|_| parameters.odd(name))?;
                    headers.insert(key, header(parameters, name, &naming::as_text(value))?);
                }
            }
            _ => {
                if let Some(document) = documents::of(name, value) {
                    body = document.into();
                    if documents::is_summed(name) {
                        let sum = BASE64.encode(Md5::digest(&body));
                        headers.insert("content-md5", header(parameters, name, &sum)?);
                    }
                } else if let Some((_, query)) = QUERY.iter().find(|(field, _)| field == name) {
                    url.query_pairs_mut().append_pair(query, &text);
                } else if let Some((_, key)) = HEADERS.iter().find(|(field, _)| field == name) {
                    headers.insert(*key, header(parameters, name, &text)?);
                } else {
                    return Err(parameters
                        .unusable(&format!("The field \"{name}\" is not supported by Step Functions")));
                }
            }
        }
    }
    let method = Method::from_bytes(action.method.as_bytes()).unwrap_or_default();
    Ok(Request { method, url, headers, body })
}

fn header(parameters: &Parameters, field: &str, value: &str) -> Result<HeaderValue, TaskError> {
    HeaderValue::from_str(value).map_err(|_| parameters.odd(field))
}

/// The bucket stands in the path, as every stand-in understands it.
fn path(action: &Action, endpoint: &Url, parameters: &Parameters) -> Result<String, TaskError> {
    let mut path = endpoint.path().trim_end_matches('/').to_owned();
    if action.name == "listBuckets" {
        return Ok(format!("{path}/"));
    }
    path = format!("{path}/{}", encode(parameters.need_text("Bucket")?, b""));
    if action.has_key {
        let key = parameters.need_text("Key")?;
        if key.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(parameters.unusable("A key with the part '.' or '..' cannot be asked for"));
        }
        path = format!("{path}/{}", encode(key, b"/"));
    }
    Ok(path)
}

fn refused(action: &Action, answer: &Answer) -> TaskError {
    let mut refusal = Refusal::of_xml(answer);
    // The answer to HEAD has no body that could say more.
    if answer.status == 404 && refusal.code.is_none() {
        refusal.code = Some(if action.has_key { "NoSuchKey" } else { "NoSuchBucket" }.to_owned());
    }
    refusal.in_new_words(NAME, |code| MODELLED.contains(&code))
}

fn result(action: &Action, answer: &Answer) -> Result<Map<String, Value>, TaskError> {
    let of_object = matches!(action.result, Outcome::Object | Outcome::Content);
    let mut fields = Map::new();
    for (field, name) in HEADERS.iter().filter(|(field, _)| of_object || !OF_OBJECTS.contains(field)) {
        if let Some(value) = answer.header(name) {
            fields.insert((*field).to_owned(), typed(field, value));
        }
    }
    if of_object {
        let metadata = answer.headers.iter().filter_map(|(name, value)| {
            Some((name.as_str().strip_prefix(META)?.to_owned(), value.to_str().ok()?.into()))
        });
        fields.insert("Metadata".to_owned(), Value::Object(metadata.collect()));
    }
    match action.result {
        Outcome::Content => {
            let text = std::str::from_utf8(&answer.body).map_err(|_| odd(NAME))?;
            fields.insert("Body".to_owned(), text.into());
        }
        Outcome::Document => {
            let document = Element::parse(&answer.body).ok_or_else(|| odd(NAME))?;
            if document.name == "Error" {
                // What takes long is answered before it is known what becomes of it.
                return Err(refused(action, answer));
            }
            let document = with_types(document.to_value(&FORMS));
            match document {
                Value::Object(document) if action.name == "copyObject" => {
                    fields.insert("CopyObjectResult".to_owned(), document.into());
                }
                Value::Object(document) => fields.extend(document),
                Value::String(place) if action.name == "getBucketLocation" => {
                    fields.insert("LocationConstraint".to_owned(), place.into());
                }
                _ => {}
            }
        }
        Outcome::Headers | Outcome::Object => {}
    }
    Ok(fields)
}

/// A document whose texts are what their fields mean.
fn with_types(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let value = match &value {
                    Value::String(text) => typed(&name, text),
                    _ => with_types(value),
                };
                (name, value)
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(items) => items.into_iter().map(with_types).collect(),
        other => other,
    }
}

fn typed(field: &str, text: &str) -> Value {
    if NUMBERS.contains(&field)
        && let Ok(number) = text.parse::<i64>()
    {
        return number.into();
    }
    if FLAGS.contains(&field) {
        return (text == "true").into();
    }
    if INSTANTS.contains(&field) {
        let at = text.parse::<jiff::Timestamp>().ok().or_else(|| {
            let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
            at.ok()
        });
        return at.map_or_else(|| text.into(), |at| at.to_string().into());
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(action: &str, parameters: &str) -> Result<Request, TaskError> {
        let action = ACTIONS.iter().find(|known| known.name == action).unwrap();
        request(action, &"http://127.0.0.1:9000".parse().unwrap(), &Parameters::read(parameters).unwrap())
    }

    #[test]
    fn parameters_stand_where_the_protocol_has_them() {
        let put = r#"{"Bucket":"b","Key":"a b/ü","Body":{"x":1},"ContentType":"text/plain","Metadata":{"who":"me"}}"#;
        let put = asked("putObject", put).unwrap();
        assert_eq!((put.method.as_str(), put.url.path()), ("PUT", "/b/a%20b/%C3%BC"));
        assert_eq!(put.body, r#"{"x":1}"#);
        assert_eq!(
            (&put.headers["content-type"], &put.headers["x-amz-meta-who"]),
            (&"text/plain".parse().unwrap(), &"me".parse().unwrap())
        );
        let list = asked("listObjectsV2", r#"{"Bucket":"b","Prefix":"a&b","MaxKeys":7}"#).unwrap();
        assert_eq!(list.url.as_str(), "http://127.0.0.1:9000/b?list-type=2&prefix=a%26b&max-keys=7");
    }

    #[test]
    fn an_upload_in_parts_is_begun_made_and_completed() {
        let begin =
            asked("createMultipartUpload", r#"{"Bucket":"b","Key":"k","ContentType":"a/b"}"#).unwrap();
        assert_eq!(
            (begin.method.as_str(), begin.url.as_str()),
            ("POST", "http://127.0.0.1:9000/b/k?uploads")
        );
        let part = r#"{"Bucket":"b","Key":"k","UploadId":"u","PartNumber":2,"Body":"x"}"#;
        let part = asked("uploadPart", part).unwrap();
        assert_eq!((part.method.as_str(), part.url.path()), ("PUT", "/b/k"));
        for pair in ["uploadId=u", "partNumber=2"] {
            assert!(part.url.query().unwrap().split('&').any(|given| given == pair), "{}", part.url);
        }
        let whole = r#"{"Bucket":"b","Key":"k","UploadId":"u","MultipartUpload":{"Parts":[]}}"#;
        let whole = asked("completeMultipartUpload", whole).unwrap();
        assert!(whole.body.starts_with(b"<CompleteMultipartUpload "), "{:?}", whole.body);
        for action in ["uploadPart", "abortMultipartUpload", "listParts"] {
            let of_the_object = asked(action, r#"{"Bucket":"b","Key":"k"}"#);
            assert_eq!(of_the_object.err().unwrap().error, "States.Runtime", "{action}");
        }
    }

    #[test]
    fn tags_are_a_header_of_an_object_and_a_document_of_their_own() {
        let put = asked("putObject", r#"{"Bucket":"b","Key":"k","Tagging":"a=1"}"#).unwrap();
        assert_eq!(put.headers["x-amz-tagging"], "a=1");
        let tags = r#"{"Bucket":"b","Tagging":{"TagSet":[{"Key":"a","Value":"1"}]}}"#;
        let tags = asked("putBucketTagging", tags).unwrap();
        assert_eq!(tags.url.as_str(), "http://127.0.0.1:9000/b?tagging");
        assert!(tags.headers.contains_key("content-md5") && tags.body.starts_with(b"<Tagging "));
    }

    #[test]
    fn lists_are_named_after_all_that_is_in_them() {
        let answer =
            |body: &str| Answer { status: 200, headers: HeaderMap::new(), body: body.to_owned().into() };
        let of = |name: &str, body: &str| {
            let action = ACTIONS.iter().find(|known| known.name == name).unwrap();
            result(action, &answer(body)).map(Value::Object)
        };
        let parts =
            "<ListPartsResult><Part><PartNumber>1</PartNumber><Size>5</Size></Part></ListPartsResult>";
        let listed = serde_json::json!({"Parts": [{"PartNumber": 1, "Size": 5}]});
        assert_eq!(of("listParts", parts).unwrap(), listed);
        let deleted = "<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code></Error></DeleteResult>";
        let failed = serde_json::json!({"Errors": [{"Key": "k", "Code": "AccessDenied"}]});
        assert_eq!(of("deleteObjects", deleted).unwrap(), failed);
        let late = "<Error><Code>InternalError</Code><Message>no</Message></Error>";
        assert!(of("completeMultipartUpload", late).is_err());
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        for parameters in [
            r#"{"Bucket":"b"}"#,
            r#"{"Bucket":"b","Key":"a/../../c"}"#,
            r#"{"Bucket":"b","Key":"k","Nope":1}"#,
        ] {
            assert_eq!(asked("getObject", parameters).err().unwrap().error, "States.Runtime", "{parameters}");
        }
    }

    #[test]
    fn fields_of_answers_have_their_types() {
        assert_eq!(typed("Size", "12"), 12);
        assert_eq!(typed("IsTruncated", "false"), false);
        assert_eq!(typed("LastModified", "Wed, 12 Oct 2022 17:50:00 GMT"), "2022-10-12T17:50:00Z");
        assert_eq!(typed("LastModified", "2022-10-12T17:50:00.000Z"), "2022-10-12T17:50:00Z");
    }
}
