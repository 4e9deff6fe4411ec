//! Where in a document a problem lies, in the two forms there are: AWS's, which a [`Problem`] carries, and RFC 6901's.

use super::Problem;
use serde_json::Value;

impl Problem {
    /// The place as a JSON pointer into `document`, the one the problem was found in; empty for all of it. AWS writes an
    /// index in brackets behind the list's name, as a name could be written too: only the document tells which it is.
    pub fn json_pointer(&self, document: &Value) -> String {
        let mut at = Some(document);
        let mut pointer = String::new();
        for segment in self.pointer.split('/').skip(1).filter(|_| self.pointer != "/") {
            let list = at.and_then(|value| element(value, segment));
            let (written, next) = match list {
                Some((name, index)) => {
                    (format!("{name}/{index}"), at.and_then(|value| value.get(plain(name))?.get(index)))
                }
                None => (segment.to_owned(), at.and_then(|value| value.get(plain(segment)))),
            };
            pointer.push('/');
            pointer.push_str(&written);
            at = next;
        }
        pointer
    }
}

/// Name and index, where `segment` names an element of a list in `value`.
fn element<'s>(value: &Value, segment: &'s str) -> Option<(&'s str, usize)> {
    if value.get(plain(segment)).is_some() {
        return None;
    }
    let (name, index) = segment.strip_suffix(']')?.rsplit_once('[')?;
    value.get(plain(name))?.is_array().then(|| index.parse().ok().map(|index| (name, index)))?
}

fn plain(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn brackets_are_an_index_only_where_a_list_is() {
        let document = json!({ "States": {
            "A[0]": { "Retry": [{}, { "ErrorEquals": [] }] },
            "B": { "Branches": [{ "States": { "x/y": {} } }] },
        } });
        for (place, pointer) in [
            ("/", ""),
            ("/StartAt", "/StartAt"),
            ("/States/A[0]/Retry[1]/ErrorEquals", "/States/A[0]/Retry/1/ErrorEquals"),
            ("/States/B/Branches[0]/States/x~1y/Next", "/States/B/Branches/0/States/x~1y/Next"),
            ("/States/B/Nothing[0]", "/States/B/Nothing[0]"),
        ] {
            assert_eq!(Problem::new(place, "").json_pointer(&document), pointer);
        }
    }
}
