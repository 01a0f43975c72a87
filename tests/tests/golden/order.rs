//! Documents of peers of other versions: members in any order, and unknown members.

use athena_client::canonical;
use athena_protocol::{Request, Response};
use athena_tests::golden::Golden;
use serde_json::{Value, json};

/// Encodes `value` as JSON with the members of every object in random order, and with unknown
/// members.
fn shuffled(value: &Value, seed: &mut u64) -> String {
    match value {
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(|element| shuffled(element, seed)).collect();
            format!("[{}]", elements.join(","))
        }
        Value::Object(members) => {
            let mut written: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", json!(name), shuffled(value, seed)))
                .collect();
            // Not in a map, whose members are data.
            if members.contains_key("@type") {
                written.push(r#""added later":{"@type":7,"deep":[[{}]]}"#.to_owned());
            }
            written.sort_by_cached_key(|_| next(seed));
            format!("{{{}}}", written.join(","))
        }
        other => other.to_string(),
    }
}

/// Returns the next number of a linear congruential generator (Knuth's MMIX).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn the_order_of_members_and_unknown_members_have_no_effect() {
    let golden = Golden::open().unwrap();
    let mut documents = 0;
    for case in
        golden.cases.iter().filter(|case| matches!(case.kind.as_str(), "request" | "response"))
    {
        let bytes = golden.file(case.members["file"].as_str().unwrap()).unwrap();
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        for seed in 1..=4 {
            let changed = shuffled(&document, &mut (seed * 7_919)).into_bytes();
            let decoded = |bytes: &[u8]| match case.kind.as_str() {
                "request" => canonical::request(&Request::decode(bytes).unwrap().0),
                _ => canonical::response(&Response::decode(bytes).unwrap()),
            };
            assert_eq!(decoded(&changed), decoded(&bytes), "{}, seed {seed}", case.id);
            documents += 1;
        }
    }
    assert!(documents > 1_000, "{documents} documents");
}
