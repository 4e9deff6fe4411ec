//! What expressions give, what they are refused, and that hostile ones end within their bounds.

use super::*;
use crate::data::context::in_bare_scope;
use proptest::prelude::*;
use serde_json::json;

fn eval(text: &str, input: &Value) -> Result<Value, String> {
    let query = Query::parse(text, Place::State).map_err(|refusal| refusal.to_string())?;
    in_bare_scope(input, |scope| query.eval(scope)).map_err(|none| none.to_string())
}

#[test]
fn expressions_give_values() {
    let input = json!({"a": [1, 2, 3], "o": {"k": "v"}, "nil": null, "n": 7});
    for (text, expected) in [
        ("$states.input.n + 1", json!(8)),
        ("$states.input.a[$ > 1]", json!([2, 3])),
        ("$states.input.a.{'v': $}", json!([{"v": 1}, {"v": 2}, {"v": 3}])),
        ("$states.input.nil", json!(null)),
        ("{'all': $states.input.a, 'sum': $sum($states.input.a)}", json!({"all": [1, 2, 3], "sum": 6})),
        ("$map($states.input.a, function($v, $i) { $v * $i })", json!([0, 2, 6])),
        ("$states.input.a ~> $map(function($v) { $string($v) }) ~> $join('-')", json!("1-2-3")),
        ("($f := function($n) { $n = 0 ? 'done' : $f($n - 1) }; $f(20000))", json!("done")),
        ("$reduce($states.input.a, function($x, $y) { $x + $y })", json!(6)),
        ("$states.input.o.k & '!'", json!("v!")),
        ("[1..3]", json!([1, 2, 3])),
        ("[[1, 2], [3]]", json!([[1, 2], [3]])),
        ("$distinct([1, 2, 1, 3])", json!([1, 2, 3])),
        ("$map(['b', 'a'], $string)", json!(["b", "a"])),
        ("$split('a,b', ',')", json!(["a", "b"])),
        ("$pad('x', 3, '-')", json!("x--")),
        ("$states.input.a^(>$)", json!([3, 2, 1])),
        ("$states.input.a{$string($): $ * 2}", json!({"1": 2, "2": 4, "3": 6})),
        ("1 / 0", json!("Infinity")),
        ("[-1 / 0]", json!(["-Infinity"])),
        ("$now()", json!("1970-01-01T00:00:00.000Z")),
        ("$now('[Y]')", json!("1970")),
        ("$millis()", json!(0)),
        ("$string(1e21)", json!("1e+21")),
    ] {
        assert_eq!(eval(text, &input), Ok(expected), "{text}");
    }
}

#[test]
fn what_step_functions_adds() {
    for (text, expected) in [
        ("$partition([1, 2, 3, 4, 5], 2)", json!([[1, 2], [3, 4], [5]])),
        ("$partition([1, 2, 3], 2.9)", json!([[1, 2], [3]])),
        ("$range(0, 10, 5)", json!([0, 5, 10])),
        ("$range(-1.7, 2, 1)", json!([-1, 0, 1, 2])),
        ("$range(3, 1, -1)", json!([3, 2, 1])),
        ("$range(1, 1, 1)", json!(1)),
        ("$parse('{\"a\": [1, null]}')", json!({"a": [1, null]})),
        ("$hash('abc', 'SHA-1')", json!("a9993e364706816aba3e25717850c26c9cd0d89d")),
        ("$hash('abc', 'MD5')", json!("900150983cd24fb0d6963f7d28e17f72")),
        // The first number of Java's generator for these seeds.
        ("$random(0)", json!(0.730_967_787_376_657)),
        ("$random(42)", json!(0.727_563_680_032_868_1)),
        ("$random(3) = $random(3)", json!(true)),
        ("$random() = $random()", json!(false)),
        ("$length($uuid())", json!(36)),
        ("$map([1, 2], $random)[0] < 1", json!(true)),
    ] {
        assert_eq!(eval(text, &json!({})), Ok(expected), "{text}");
    }
    for text in
        ["$partition([1], 0)", "$partition([], 1)", "$range(1, 3, -1)", "$range(1, 3)", "$hash('abc')"]
    {
        assert_eq!(eval(text, &json!({})), Err("returned nothing (undefined).".to_owned()), "{text}");
    }
}

#[test]
fn what_has_no_value_says_why() {
    for (text, expected) in [
        ("$nope", "returned nothing (undefined)."),
        ("$states.input.nope", "returned nothing (undefined)."),
        ("function($x) { $x }", "returned an unsupported result type."),
        ("$nope()", "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
        ("$eval('1')", "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
        (
            "($e := $eval; $e('1'))",
            "threw an error during evaluation. T1006: Attempted to invoke a non-function",
        ),
        ("$map(['1'], $eval)", "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
    ] {
        assert_eq!(eval(text, &json!({})), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn a_document_may_not_say_everything() {
    for text in [
        "phone",
        "$map($states.input.a, function($x) { b })",
        "$",
        "$$.a",
        "a[1,2)",
        "'open",
        "$states.errorOutput.Cause",
    ] {
        assert!(Query::parse(text, Place::State).is_err(), "{text}");
    }
    assert!(Query::parse("$states.errorOutput.Cause", Place::Catch).is_ok());
    for text in [
        "$states.input.items[value > 3]",
        "$states.input.a.{'x': y}",
        "$sort($x, function($l, $r) { $l.a > $r.a })",
    ] {
        assert!(Query::parse(text, Place::State).is_ok(), "{text}");
    }
}

#[test]
fn variables_are_those_that_it_does_not_bind() {
    let query = Query::parse("($a := $b; $map($c, function($d) { $d + $a + $e }))", Place::State).unwrap();
    let names: Vec<&str> = query.variables().collect();
    assert_eq!(names, ["b", "c", "e"]);
}

/// Each of these would run for ever, or take all memory, or the whole stack.
#[test]
fn hostile_expressions_end_within_their_bounds() {
    let long = "x".repeat(100_000);
    for text in [
        "($f := function() { $f() }; $f())",
        "($f := function($n) { 1 + $f($n + 1) }; $f(0))",
        "($f := function($x) { $f($x & $x) }; $f('x'))",
        "$reduce([1..60], function($a, $b) { $a & $a }, 'x')",
        "$reduce([1..60], function($a, $b) { [[$a, $a]] }, 1)",
        "$reduce([1..60], function($a, $b) { {'l': $a, 'r': $a} }, 1)",
        "$string($reduce([1..60], function($a, $b) { $zip($a, $a) }, [1]))",
        "$reduce([1..60], function($a, $b) { $append($a, $a) }, [1])",
        "[1..1000].([1..1000].([1..1000].(1)))",
        "$count([1..1000].($count([1..1000].($count([1..1000])))))",
        "[1..1000]{$string($): [1..1000]{$string($): [1..1000]}}",
        "[1..1000][[1..1000][[1..1000][$ > 2000]]]",
        "$map([1..10000], function($i) { [1..800000] })",
        "[1..9999999]",
        "$pad('x', 1000000000)",
        "($p := $pad; $p('x', 1000000000))",
        "$range(1, 100000000, 1)",
        "$distinct([1..800000].($string($)))",
        "$join($map([1..100000], function() { $states.input.long }))",
        "($j := $join; $j($map([1..100000], function() { $states.input.long })))",
        "$split($states.input.long & $states.input.long, '') ~> $map(function($c) { $states.input.long & $c })",
        "(function($x) { $x($x) })(function($x) { $x($x) })",
        "$match($states.input.long, /(x+x+)+y/)",
        "$replace($states.input.long, /(x*)*/, '$1$1')",
    ] {
        let ended = eval(text, &json!({ "long": long }));
        let expected_value = ["$match", "$replace", "$distinct"].iter().any(|name| text.starts_with(name));
        assert!(ended.is_err() || expected_value, "{text} gave a value");
    }
    for nested in ["(", "[", "-", "$f(", "{'a':", "$states.input["] {
        let _refused = eval(&nested.repeat(30_000), &json!({}));
    }
    let deep = format!("{}1{}", "(".repeat(900), ")".repeat(900));
    assert!(eval(&deep, &json!({})).is_err());
}

#[test]
fn nesting_ends_where_aws_ends_it() {
    let chain = |terms: usize| vec!["1"; terms].join("+");
    assert_eq!(eval(&chain(100), &json!({})), Ok(json!(100)));
    assert!(eval(&chain(110), &json!({})).is_err());
    let recursion =
        |depth: u32| format!("($f := function($n) {{ $n = 0 ? 0 : 1 + $f($n - 1) }}; $f({depth}))");
    assert_eq!(eval(&recursion(31), &json!({})), Ok(json!(31)));
    assert!(eval(&recursion(40), &json!({})).unwrap_err().contains("Stack overflow"));
}

#[test]
fn what_takes_too_long_is_no_overflow_of_a_stack() {
    for text in
        ["($f := function($n) { $f($n) }; $f(1))", "$count($map([1..300000], function($i) { 'aaaa' }))"]
    {
        assert!(
            eval(text, &json!({})).unwrap_err().contains("U1001: Expression evaluation timeout"),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-z$.()\\[\\]{}:=+&'\"~>|^@#%*?!0-9, -]{0,40}") {
        let _ = eval(&text, &json!({"a": [1, {"b": 2}]}));
    }

    #[test]
    fn the_input_passes_unchanged(numbers in prop::collection::vec(any::<i32>(), 0..5), text in ".{0,20}") {
        let input = json!({"numbers": numbers, "text": text, "nested": [{"k": null}, [true]]});
        prop_assert_eq!(eval("$states.input", &input), Ok(input));
    }
}

#[test]
fn what_makes_the_crate_panic_is_an_error_of_the_expression() {
    for text in ["$now('[Y000000000000000000000000000]')", "$fromMillis(0, '[Y0*4611686018427387904]')"] {
        assert!(eval(text, &json!({})).unwrap_err().contains(BEYOND), "{text}");
    }
}
