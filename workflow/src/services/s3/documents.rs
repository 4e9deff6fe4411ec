//! The XML documents that requests to S3 carry.

use serde_json::Value;

use super::super::naming;

/// The document that a parameter is; `None` for one that stands elsewhere.
pub(super) fn of(parameter: &str, value: &Value) -> Option<String> {
    let has_fields = value.is_object();
    match parameter {
        "Delete" if has_fields => Some(document("Delete", &deletion(value))),
        "Tagging" if has_fields => {
            let tags = each(&value["TagSet"], |tag| element("Tag", &texts(tag, &["Key", "Value"])));
            Some(document("Tagging", &element("TagSet", &tags)))
        }
        "MultipartUpload" if has_fields => {
            let part = |part: &Value| element("Part", &texts(part, &["PartNumber", "ETag"]));
            Some(document("CompleteMultipartUpload", &each(&value["Parts"], part)))
        }
        "CreateBucketConfiguration" => {
            Some(document("CreateBucketConfiguration", &texts(value, &["LocationConstraint"])))
        }
        _ => None,
    }
}

/// Whether S3 wants to have the sum of this document beside it.
pub(super) fn is_summed(parameter: &str) -> bool {
    matches!(parameter, "Delete" | "Tagging")
}

fn deletion(value: &Value) -> String {
    let object = |object: &Value| element("Object", &texts(object, &["Key", "VersionId"]));
    each(&value["Objects"], object) + &texts(value, &["Quiet"])
}

fn document(name: &str, content: &str) -> String {
    format!("<{name} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{content}</{name}>")
}

fn element(name: &str, content: &str) -> String {
    format!("<{name}>{content}</{name}>")
}

fn each(items: &Value, shown: impl Fn(&Value) -> String) -> String {
    items.as_array().into_iter().flatten().map(shown).collect()
}

/// The fields of these names that the value has.
fn texts(value: &Value, names: &[&str]) -> String {
    let field = |name: &&str| {
        let field = value.get(*name).filter(|field| !field.is_null())?;
        Some(element(name, &escaped(&naming::as_text(field))))
    };
    names.iter().filter_map(field).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_parameter_is_written_as_its_document() {
        let inside = |text: &str, name: &str| {
            let start = format!("<{name} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
            text.strip_prefix(&start).unwrap().strip_suffix(&format!("</{name}>")).unwrap().to_owned()
        };
        let tags = of("Tagging", &json!({"TagSet": [{"Key": "a", "Value": "<1>"}]})).unwrap();
        assert_eq!(
            inside(&tags, "Tagging"),
            "<TagSet><Tag><Key>a</Key><Value>&lt;1&gt;</Value></Tag></TagSet>"
        );
        let parts = json!({"Parts": [{"PartNumber": 1, "ETag": "x"}, {"PartNumber": 2, "ETag": "y"}]});
        assert_eq!(
            inside(&of("MultipartUpload", &parts).unwrap(), "CompleteMultipartUpload"),
            "<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part><Part><PartNumber>2</PartNumber><ETag>y</ETag></Part>"
        );
        let deletion = of("Delete", &json!({"Objects": [{"Key": "k"}], "Quiet": true})).unwrap();
        assert_eq!(inside(&deletion, "Delete"), "<Object><Key>k</Key></Object><Quiet>true</Quiet>");
        assert_eq!(of("Tagging", &json!("a=b")), None, "which is a header");
    }
}
