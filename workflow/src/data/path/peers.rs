//! Our JSONPath beside two implementations of RFC 9535, on what AWS's dialect and the RFC have in common.
//!
//! Where the dialects differ is written down in [`where_awss_dialect_differs`]; the properties keep away from it.

use super::Path;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What each of the three finds; `None` for one that refuses the path.
fn all_three(path: &str, data: &Value) -> [Option<Value>; 3] {
    let ours =
        Path::parse(path).ok().map(|path| path.find(data).map_or(json!([]), |found| found.into_owned()));
    let serde = serde_json_path::JsonPath::parse(path)
        .ok()
        .map(|path| path.query(data).all().into_iter().cloned().collect());
    let rust =
        jsonpath_rust::JsonPath::query(data, path).ok().map(|found| found.into_iter().cloned().collect());
    [ours, serde, rust]
}

/// The RFC always gives a list of nodes. We give the value itself when the path can name only one.
fn agree(path: &str, data: &Value, is_definite: bool) -> Result<(), TestCaseError> {
    let [ours, serde, rust] = all_three(path, data);
    let ours = match ours {
        Some(Value::Array(none)) if is_definite && none.is_empty() && serde == Some(json!([])) => {
            Some(json!([]))
        }
        Some(value) if is_definite => Some(json!([value])),
        other => other,
    };
    prop_assert_eq!(&ours, &serde, "serde_json_path on {} in {}", path, data);
    // It goes through several nodes once for each selector of a bracket, and not through the bracket for each node.
    prop_assert_eq!(in_any_order(ours), in_any_order(rust), "jsonpath-rust on {} in {}", path, data);
    Ok(())
}

fn in_any_order(nodes: Option<Value>) -> Option<Vec<String>> {
    let mut texts: Vec<_> = nodes?.as_array()?.iter().map(Value::to_string).collect();
    texts.sort();
    Some(texts)
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c", "list", "ü", "x y"])
}

fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i32..4).prop_map(Value::from),
        prop::sample::select(vec![0.5, -1.25]).prop_map(Value::from),
        prop::sample::select(vec!["", "a", "b", "text"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map(name(), inner, 0..5).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>()
            )),
        ]
    })
}

/// Steps of a path that can name one value at most.
fn definite() -> impl Strategy<Value = String> {
    prop_oneof![
        name().prop_map(|name| format!("['{name}']")),
        prop::sample::select(vec![".a", ".b", ".list", ".ü"]).prop_map(str::to_owned),
        (0_i32..4).prop_map(|index| format!("[{index}]")),
        (-4_i32..0).prop_map(|index| format!("[{index}]")),
    ]
}

fn literal() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["1", "-2", "0.5", "'a'", "'text'", "true", "null"])
}

fn test() -> impl Strategy<Value = String> {
    let operand = prop::sample::select(vec!["@", "@.a", "@['b']", "@.list[0]", "$.c"]);
    let compare = prop::sample::select(vec!["==", "!="]);
    let order = prop::sample::select(vec!["<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        // What exists is asked of members only: `@` alone always does.
        prop::sample::select(vec!["@.a", "@.b", "@.list[0]"]).prop_map(str::to_owned),
        (operand.clone(), compare, literal())
            .prop_map(|(operand, compare, literal)| format!("{operand} {compare} {literal}")),
        (operand, order, prop::sample::select(vec!["1", "-2", "'a'"]))
            .prop_map(|(operand, order, literal)| format!("{operand} {order} {literal}")),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.prop_map(|test| format!("!({test})")),
        ]
    })
}

/// Steps of a path that can name many.
fn indefinite() -> impl Strategy<Value = String> {
    let bound = || prop::option::of(-4_i32..5);
    let text = |bound: Option<i32>| bound.map_or(String::new(), |bound| bound.to_string());
    prop_oneof![
        Just(".*".to_owned()),
        Just("[*]".to_owned()),
        name().prop_map(|name| format!("..['{name}']")),
        prop::sample::select(vec!["..a", "..list"]).prop_map(str::to_owned),
        (name(), name()).prop_map(|(a, b)| format!("['{a}','{b}']")),
        (0_i32..4, -3_i32..0).prop_map(|(a, b)| format!("[{a},{b}]")),
        (bound(), bound()).prop_map(move |(start, end)| format!("[{}:{}]", text(start), text(end))),
        (bound(), bound(), 1_i32..4).prop_map(move |(start, end, stride)| format!(
            "[{}:{}:{stride}]",
            text(start),
            text(end)
        )),
        test().prop_map(|test| format!("[?({test})]")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn definite_paths_find_what_the_peers_find(steps in prop::collection::vec(definite(), 0..5), data in data()) {
        agree(&format!("${}", steps.concat()), &data, true)?;
    }

    #[test]
    fn indefinite_paths_find_what_the_peers_find(
        before in prop::collection::vec(definite(), 0..3),
        step in indefinite(),
        after in prop::collection::vec(prop_oneof![definite(), indefinite()], 0..3),
        data in data(),
    ) {
        agree(&format!("${}{step}{}", before.concat(), after.concat()), &data, false)?;
    }
}

/// AWS's dialect on the left, and what the RFC makes of the same path: whether it takes it at all.
#[test]
fn where_awss_dialect_differs() {
    let data = json!({"delivery-partner": 1, "list": [3, 1, 2], "it's": 5, "s": "abc"});
    for (path, ours) in [
        // Hyphens in names behind a dot.
        ("$.delivery-partner", json!(1)),
        // Functions at the end of a path.
        ("$.list.length()", json!(3)),
        ("$.list.max()", json!(3)),
        ("$.list.sum()", json!(6)),
        // Operators that are words.
        ("$.list[?(@ in [1, 2])]", json!([1, 2])),
        ("$.list[?(@ nin [1, 2])]", json!([3])),
        // A dot before a bracket.
        ("$.['s']", json!("abc")),
    ] {
        let [found, serde, rust] = all_three(path, &data);
        assert_eq!(found, Some(ours), "{path}");
        assert_eq!((serde, rust), (None, None), "the RFC has {path} now");
    }
    // A path that ends nowhere is an error, where the RFC gives an empty list.
    assert!(Path::parse("$.none").unwrap().find(&data).is_err());
    // The stride of a slice is positive; the RFC walks backwards.
    assert!(Path::parse("$.list[::-1]").is_err());
    assert_eq!(all_three("$.list[::-1]", &data)[1], Some(json!([2, 1, 3])));
    // Filters stand in parentheses.
    assert!(Path::parse("$.list[?@ > 1]").is_err());
    assert_eq!(all_three("$.list[?@ > 1]", &data)[1], Some(json!([3, 2])));
    // Names and indices do not mix in one bracket.
    assert!(Path::parse("$['list',0]").is_err());
}
