//! The eighteen intrinsic functions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};
use sha2::Digest as _;
use std::cell::Cell;

/// The longest text that is encoded, decoded or hashed, as on AWS.
const MAX_TEXT: usize = 10_000;
/// The longest array that `States.ArrayRange` makes, as on AWS.
const MAX_RANGE: i64 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Format,
    Array,
    ArrayPartition,
    ArrayContains,
    ArrayRange,
    ArrayGetItem,
    ArrayLength,
    ArrayUnique,
    Base64Encode,
    Base64Decode,
    Hash,
    JsonMerge,
    StringToJson,
    JsonToString,
    MathRandom,
    MathAdd,
    StringSplit,
    Uuid,
}

use Function as F;

const NAMES: [(&str, Function, usize, usize); 18] = [
    ("States.Format", F::Format, 1, usize::MAX),
    ("States.Array", F::Array, 0, usize::MAX),
    ("States.ArrayPartition", F::ArrayPartition, 2, 2),
    ("States.ArrayContains", F::ArrayContains, 2, 2),
    ("States.ArrayRange", F::ArrayRange, 3, 3),
    ("States.ArrayGetItem", F::ArrayGetItem, 2, 2),
    ("States.ArrayLength", F::ArrayLength, 1, 1),
    ("States.ArrayUnique", F::ArrayUnique, 1, 1),
    ("States.Base64Encode", F::Base64Encode, 1, 1),
    ("States.Base64Decode", F::Base64Decode, 1, 1),
    ("States.Hash", F::Hash, 2, 2),
    ("States.JsonMerge", F::JsonMerge, 3, 3),
    ("States.StringToJson", F::StringToJson, 1, 1),
    ("States.JsonToString", F::JsonToString, 1, 1),
    ("States.MathRandom", F::MathRandom, 2, 3),
    ("States.MathAdd", F::MathAdd, 2, 2),
    ("States.StringSplit", F::StringSplit, 2, 2),
    ("States.UUID", F::Uuid, 0, 0),
];

impl Function {
    pub(super) fn named(name: &str) -> Option<Function> {
        NAMES.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    pub(super) fn takes(self, count: usize) -> bool {
        NAMES.iter().any(|row| row.1 == self && (row.2..=row.3).contains(&count))
    }

    pub(super) fn apply(self, values: &[Value], random: &Cell<u64>) -> Result<Value, String> {
        match self {
            F::Format => fill(text(&values[0])?, &values[1..]),
            F::Array => Ok(values.into()),
            F::ArrayPartition => {
                let size = usize::try_from(integer(&values[1])?).ok().filter(|&size| size > 0);
                let size = size.ok_or("the size of a part must be positive")?;
                Ok(array(&values[0])?.chunks(size).map(<[Value]>::to_vec).collect::<Vec<_>>().into())
            }
            F::ArrayContains => Ok(array(&values[0])?.contains(&values[1]).into()),
            F::ArrayRange => range(integer(&values[0])?, integer(&values[1])?, integer(&values[2])?),
            F::ArrayGetItem => {
                let index = usize::try_from(integer(&values[1])?).map_err(|_| "the index is negative")?;
                array(&values[0])?.get(index).cloned().ok_or_else(|| format!("the array has no item {index}"))
            }
            F::ArrayLength => Ok(array(&values[0])?.len().into()),
            F::ArrayUnique => Ok(array(&values[0])?.iter().fold(Vec::new(), unique).into()),
            F::Base64Encode => Ok(BASE64.encode(short(&values[0])?).into()),
            F::Base64Decode => {
                let bytes = BASE64.decode(short(&values[0])?).map_err(|error| error.to_string())?;
                Ok(String::from_utf8(bytes).map_err(|error| error.to_string())?.into())
            }
            F::Hash => hash(&values[0], text(&values[1])?),
            F::JsonMerge => merge(&values[0], &values[1], &values[2]),
            F::StringToJson => serde_json::from_str(text(&values[0])?).map_err(|error| error.to_string()),
            F::JsonToString => Ok(values[0].to_string().into()),
            F::MathRandom => within(values, random),
            F::MathAdd => {
                let sum = integer(&values[0])?.checked_add(integer(&values[1])?);
                sum.map(Value::from).ok_or_else(|| "the sum is too large".to_owned())
            }
            F::StringSplit => {
                let (text, splitters) = (text(&values[0])?, text(&values[1])?);
                Ok(text
                    .split(|c| splitters.contains(c))
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .into())
            }
            F::Uuid => Ok(draw_uuid(random).into()),
        }
    }
}

/// The next number after the seed. It is a hash, so that whoever sees one number (a UUID in an output) cannot compute the
/// next (a task token).
pub(crate) fn draw(random: &Cell<u64>) -> u64 {
    let state = random.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
    random.set(state);
    let digest = sha2::Sha256::digest(state.to_be_bytes());
    digest.iter().take(8).fold(0, |number, &byte| (number << 8) | u64::from(byte))
}

pub(crate) fn draw_uuid(random: &Cell<u64>) -> String {
    let bits = (u128::from(draw(random)) << 64) | u128::from(draw(random));
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("a string was expected, but was {value}"))
}

fn short(value: &Value) -> Result<&str, String> {
    let text = text(value)?;
    if text.chars().count() > MAX_TEXT {
        return Err(format!("the text has more than {MAX_TEXT} characters"));
    }
    Ok(text)
}

fn array(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("an array was expected, but was {value}"))
}

/// Whole numbers; fractions are rounded, and halves upwards, as AWS does.
fn integer(value: &Value) -> Result<i64, String> {
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and the range check follows")]
    let rounded = |number: f64| (number.abs() < 9e15).then(|| (number + 0.5).floor() as i64);
    let number = value.as_i64().or_else(|| value.as_f64().and_then(rounded));
    number.ok_or_else(|| format!("a number was expected, but was {value}"))
}

fn fill(template: &str, values: &[Value]) -> Result<Value, String> {
    let (mut out, mut values, mut chars) = (String::new(), values.iter(), template.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some('{' | '}')) => out.extend(chars.next()),
            '{' => {
                chars.next_if_eq(&'}').ok_or("a { is not followed by }")?;
                show(values.next().ok_or("there are more {} than arguments")?, &mut out);
            }
            c => out.push(c),
        }
    }
    if values.next().is_some() { Err("there are more arguments than {}".to_owned()) } else { Ok(out.into()) }
}

/// How `States.Format` writes a value: AWS shows objects and arrays as Java does.
fn show(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                show(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (index, (name, value)) in fields.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                out.push_str(name);
                out.push('=');
                show(value, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn range(first: i64, last: i64, stride: i64) -> Result<Value, String> {
    if stride == 0 {
        return Err("the increment must not be 0".to_owned());
    }
    let distance = i128::from(last) - i128::from(first);
    let steps = distance / i128::from(stride);
    if steps >= i128::from(MAX_RANGE) {
        return Err(format!("the array would have more than {MAX_RANGE} items"));
    }
    Ok((0..=steps)
        .filter(|_| steps >= 0 && distance.signum() * i128::from(stride.signum()) >= 0)
        .filter_map(|step| i64::try_from(i128::from(first) + step * i128::from(stride)).ok())
        .collect::<Vec<i64>>()
        .into())
}

fn unique(mut seen: Vec<Value>, value: &Value) -> Vec<Value> {
    if !seen.contains(value) {
        seen.push(value.clone());
    }
    seen
}

fn hash(value: &Value, algorithm: &str) -> Result<Value, String> {
    let data = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if data.chars().count() > MAX_TEXT {
        return Err(format!("the data has more than {MAX_TEXT} characters"));
    }
    digest(&data, algorithm).map(Value::from).ok_or_else(|| format!("the algorithm {algorithm} is unknown"))
}

/// The digest in hexadecimal; `None` when there is no such algorithm.
pub(crate) fn digest(data: &str, algorithm: &str) -> Option<String> {
    let digest: Vec<u8> = match algorithm {
        "MD5" => md5::Md5::digest(data).to_vec(),
        "SHA-1" => sha1::Sha1::digest(data).to_vec(),
        "SHA-256" => sha2::Sha256::digest(data).to_vec(),
        "SHA-384" => sha2::Sha384::digest(data).to_vec(),
        "SHA-512" => sha2::Sha512::digest(data).to_vec(),
        _ => return None,
    };
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn merge(first: &Value, second: &Value, deep: &Value) -> Result<Value, String> {
    if deep != &json!(false) {
        return Err("only a shallow merge is supported".to_owned());
    }
    let fields = |value: &Value| {
        value.as_object().cloned().ok_or_else(|| format!("an object was expected, but was {value}"))
    };
    let mut merged: Map<String, Value> = fields(first)?;
    merged.extend(fields(second)?);
    Ok(merged.into())
}

fn within(values: &[Value], random: &Cell<u64>) -> Result<Value, String> {
    let (low, high) = (integer(&values[0])?, integer(&values[1])?);
    let span = high.checked_sub(low).and_then(|span| u64::try_from(span).ok()).filter(|&span| span > 0);
    let span = span.ok_or("the end must be above the start")?;
    let drawn = match values.get(2) {
        #[expect(clippy::cast_sign_loss, reason = "only the bits of the seed matter")]
        Some(seed) => draw(&Cell::new(integer(seed)? as u64)),
        None => draw(random),
    };
    let offset = i64::try_from(drawn % span).map_err(|_| "the span is too large")?;
    Ok((low + offset).into())
}
