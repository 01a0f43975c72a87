//! Members may stand in any order, and unknown ones beside them: peers of other versions have both.

use athena_client::canonical;
use athena_protocol::{Request, Response};
use athena_tests::golden::Golden;
use serde_json::{Value, json};

/// `value` as JSON with the members of every object in another order, and with some that nobody
/// knows.
fn shuffled(value: &Value, seed: &mut u64) -> String {
    match value {
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(|element| shuffled(element, seed)).collect();
            format!("[{}]", elements.join(","))
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}:{}", json!(name), shuffled(value, seed))
            };
            let mut written: Vec<_> = members.iter().map(member).collect();
            // Not in a map, whose members are its data.
            if members.contains_key("@type") {
                written.push(r#""added later":{"@type":7,"deep":[[{}]]}"#.to_owned());
            }
            written.sort_by_cached_key(|_| next(seed));
            format!("{{{}}}", written.join(","))
        }
        other => other.to_string(),
    }
}

/// Numbers that look like chance and are the same every time (the generator of Knuth's MMIX).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn members_in_any_order_with_unknown_ones_among_them_mean_the_same() {
    let golden = Golden::open().unwrap();
    let mut documents = 0;
    for case in
        golden.cases.iter().filter(|case| matches!(case.kind.as_str(), "request" | "response"))
    {
        let bytes = golden.file(case.members["file"].as_str().unwrap()).unwrap();
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        for seed in 1..=4 {
            let again = shuffled(&document, &mut (seed * 7_919)).into_bytes();
            let meaning = |bytes: &[u8]| match case.kind.as_str() {
                "request" => canonical::request(&Request::decode(bytes).unwrap().0),
                _ => canonical::response(&Response::decode(bytes).unwrap()),
            };
            assert_eq!(meaning(&again), meaning(&bytes), "{}, seed {seed}", case.id);
            documents += 1;
        }
    }
    assert!(documents > 1_000, "{documents} documents");
}
