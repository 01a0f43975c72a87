//! Decoding of requests that were made to exhaust memory.

use athena_protocol::{MAX_PAYLOAD_BYTES, Request};

use super::exclusive;

/// Peak of a function of 128 MB, the smallest, in bytes.
const BOUND: usize = 128 << 20;

/// Repeats what `entry` makes of 0, 1, ... between `start` and `end`, up to the largest payload.
fn fill(start: &str, end: &str, entry: impl Fn(usize) -> String) -> String {
    let mut text = start.to_owned();
    for number in 0.. {
        let entry = entry(number);
        if text.len() + entry.len() + end.len() + 1 > MAX_PAYLOAD_BYTES {
            break;
        }
        if number > 0 {
            text.push(',');
        }
        text.push_str(&entry);
    }
    text + end
}

fn hostile_requests() -> Vec<(&'static str, Vec<u8>)> {
    let ping = r#""@type":"PingRequest","identity":null,"catalogName":"c","queryId":"q"}"#;
    let layout = r#""@type":"GetTableLayoutRequest","catalogName":"c","queryId":"q""#;
    let unknown = |open: &str, close: &str, entry: &str| {
        fill(&format!(r#"{{"x":{open}"#), &format!("{close},{ping}"), |_| entry.to_owned())
    };
    let identity = |member: &str, entry: fn(usize) -> String| {
        let (open, close) = if member == "groups" { ('[', ']') } else { ('{', '}') };
        let start = format!(
            r#"{{"@type":"PingRequest","catalogName":"c","queryId":"q","identity":{{"{member}":{open}"#
        );
        fill(&start, &format!("{close}}}}}"), entry)
    };
    let numbered = |number: usize| format!(r#""p{number}":"x""#);
    let zeros = unknown("[", "]", "0");
    let utf16 = zeros[..MAX_PAYLOAD_BYTES / 2].encode_utf16().flat_map(u16::to_be_bytes).collect();
    vec![
        ("an unknown list", zeros.into_bytes()),
        ("an unknown object", unknown("{", "}", r#""":0"#).into_bytes()),
        ("unknown lists", unknown("[", "]", "[]").into_bytes()),
        ("escapes", unknown("[", "]", r#""\n""#).into_bytes()),
        ("halves of surrogates", unknown("[", "]", r#""\ud800""#).into_bytes()),
        ("UTF-16, cut off", utf16),
        ("configuration options", identity("configOptions", numbered).into_bytes()),
        ("tags", identity("tags", |number| format!(r#""{number}":0"#)).into_bytes()),
        ("groups", identity("groups", |_| "0".to_owned()).into_bytes()),
        ("groups of numbers", identity("groups", |_| "1e308".to_owned()).into_bytes()),
        (
            "partition columns",
            fill(&format!(r#"{{{layout},"partitionColumns":["#), "]}", |_| "0".to_owned()).into(),
        ),
    ]
}

#[test]
fn any_request_of_the_largest_size_decodes_within_the_memory_of_the_smallest_function() {
    let _exclusive = exclusive();
    for (name, request) in hostile_requests() {
        assert!(request.len() > MAX_PAYLOAD_BYTES * 9 / 10, "{name}: {}", request.len());
        let profiler = dhat::Profiler::builder().testing().build();
        let decoded = Request::decode(&request);
        let peak = dhat::HeapStats::get().max_bytes + request.len();
        drop(profiler);
        let outcome = decoded.map_or_else(|error| error.to_string(), |_| "decoded".to_owned());
        println!("{name}: {} MB at most, {outcome}", peak >> 20);
        assert!(peak < BOUND, "{name}: {peak} bytes");
    }
}
