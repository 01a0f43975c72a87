//! Tables of `docs/` that code repeats.

use std::fs;

use athena_protocol::timestamp_tz::{TimeZoneKey, unpack};

/// Key of the first named time zone.
const FIRST_NAMED: u16 = 1681;
/// The largest key that a packed value can hold.
const LAST: u16 = 4095;

fn document(name: &str) -> String {
    let path = format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn time_zone_keys_match_appendix_d_of_the_protocol() {
    let protocol = document("protocol.md");
    let (_, appendix) = protocol.split_once("### D. Time zone keys\n").expect("appendix D");
    let (appendix, _) = appendix.split_once("\n### ").expect("a section after appendix D");
    let documented: Vec<(u16, String)> = appendix
        .split_whitespace()
        .filter_map(|entry| entry.split_once('='))
        .filter_map(|(number, name)| Some((number.parse().ok()?, name.to_owned())))
        .collect();
    let implemented: Vec<(u16, String)> = (FIRST_NAMED..=LAST)
        .filter_map(|number| {
            let (_, key) = unpack(i64::from(number));
            Some((number, key.name()?.into_owned()))
        })
        .collect();
    assert_eq!(documented, implemented);
    for (number, name) in documented {
        assert_eq!(TimeZoneKey::from_name(&name).unwrap().number(), number, "{name}");
    }
}
