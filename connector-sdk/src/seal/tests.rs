//! Seals that are edited, foreign or old.

use std::collections::BTreeMap;

use athena_protocol::{EncryptionKey, S3SpillLocation, Split, TableName};

use super::*;

fn keys(secret: &[u8]) -> SealKeys {
    SealKeys::new(secret, None)
}

fn split() -> Split {
    Split {
        spill_location: Some(S3SpillLocation {
            bucket: Some("b".into()),
            key: Some("p/q/s".into()),
            directory: true,
        }),
        encryption_key: Some(EncryptionKey { key: vec![7; 32], nonce: vec![9; 12] }),
        properties: BTreeMap::from([
            ("from".to_owned(), "1".to_owned()),
            ("to".to_owned(), "10".to_owned()),
        ]),
    }
}

fn table() -> TableName {
    TableName::new("s", "t")
}

fn of<'a>(query_id: &'a str, table: &'a TableName, split: &'a Split) -> Subject<'a> {
    Subject::Split { query_id, catalog: "c", table, split }
}

fn verify(keys: &SealKeys, subject: &Subject<'_>, seal: &str) -> Result<(), Refusal> {
    keys.verify(subject, Some(seal), SystemTime::now())
}

#[test]
fn a_seal_covers_every_part_of_a_split() {
    let keys = keys(b"key");
    let table = table();
    let original = split();
    let seal = keys.seal(&of("q", &table, &original));
    assert_eq!(verify(&keys, &of("q", &table, &original), &seal), Ok(()));
    let mut with_seal = split();
    with_seal.properties.insert(SEAL_PROPERTY.to_owned(), seal.clone());
    assert_eq!(verify(&keys, &of("q", &table, &with_seal), &seal), Ok(()));
    let edits: Vec<fn(&mut Split)> = vec![
        |split| split.spill_location = None,
        |split| split.spill_location.as_mut().unwrap().bucket = None,
        |split| split.spill_location.as_mut().unwrap().bucket = Some("other".into()),
        |split| split.spill_location.as_mut().unwrap().key = Some("p/q/t".into()),
        |split| split.spill_location.as_mut().unwrap().directory = false,
        |split| split.encryption_key = None,
        |split| split.encryption_key.as_mut().unwrap().key[31] = 8,
        |split| split.encryption_key.as_mut().unwrap().nonce[0] = 8,
        |split| drop(split.properties.insert("from".into(), "0".into())),
        |split| drop(split.properties.remove("to")),
        |split| drop(split.properties.insert("more".into(), String::new())),
        // The same bytes in other parts.
        |split| {
            split.properties = BTreeMap::from([("from".to_owned(), "1to10".to_owned())]);
        },
        |split| {
            split.properties = BTreeMap::from([
                ("fro".to_owned(), "m1".to_owned()),
                ("to".to_owned(), "10".to_owned()),
            ]);
        },
    ];
    for (index, edit) in edits.iter().enumerate() {
        let mut edited = split();
        edit(&mut edited);
        let refusal = verify(&keys, &of("q", &table, &edited), &seal);
        assert_eq!(refusal, Err(Refusal::Edited), "edit {index}");
    }
    let elsewhere = Subject::Split { query_id: "q", catalog: "d", table: &table, split: &original };
    assert_eq!(verify(&keys, &elsewhere, &seal), Err(Refusal::Edited));
    for table in [TableName::new("s", "u"), TableName::new("st", "")] {
        let refusal = verify(&keys, &of("q", &table, &original), &seal);
        assert_eq!(refusal, Err(Refusal::Edited), "{table}");
    }
}

#[test]
fn a_seal_of_another_query_key_or_kind_is_foreign() {
    let table = table();
    let split = split();
    let seal = keys(b"key").seal(&of("q", &table, &split));
    let foreign = Err(Refusal::Foreign);
    assert_eq!(verify(&keys(b"key"), &of("p", &table, &split), &seal), foreign);
    assert_eq!(verify(&keys(b"kez"), &of("q", &table, &split), &seal), foreign);
    let token = Subject::Token { query_id: "q", request: &[1; 32], cursor: "c" };
    assert_eq!(verify(&keys(b"key"), &token, &seal), Err(Refusal::Edited));
    let seal = keys(b"key").seal(&token);
    assert_eq!(verify(&keys(b"key"), &token, &seal), Ok(()));
    let moved = Subject::Token { query_id: "q", request: &[1; 32], cursor: "d" };
    assert_eq!(verify(&keys(b"key"), &moved, &seal), Err(Refusal::Edited));
}

#[test]
fn every_edit_of_one_character_of_a_seal_is_refused() {
    let keys = keys(b"key");
    let table = table();
    let split = split();
    let seal = keys.seal(&of("q", &table, &split));
    assert!(seal.len() < MAX_SEAL_LEN, "{seal}");
    for index in 0..seal.len() {
        for other in "0123456789ABCXYZabcxyz-_.+/= ".chars() {
            let mut edited: Vec<char> = seal.chars().collect();
            if edited[index] == other {
                continue;
            }
            edited[index] = other;
            let edited: String = edited.into_iter().collect();
            assert!(verify(&keys, &of("q", &table, &split), &edited).is_err(), "{edited}");
        }
    }
    for text in ["", ".", "..", "1.2.3", "x", &format!("+{seal}"), &format!("0{seal}")] {
        assert_eq!(verify(&keys, &of("q", &table, &split), text), Err(Refusal::Unsealed), "{text}");
    }
    let none = keys.verify(&of("q", &table, &split), None, SystemTime::now());
    assert_eq!(none, Err(Refusal::Unsealed));
}

#[test]
fn a_seal_lasts_a_day_and_one_of_the_former_key_an_hour() {
    let table = table();
    let split = split();
    let subject = of("q", &table, &split);
    let seal = keys(b"old").seal_at(&subject, UNIX_EPOCH + Duration::from_hours(1_000));
    let at = |keys: &SealKeys, minutes| {
        let now = UNIX_EPOCH + Duration::from_hours(1_000) + Duration::from_mins(minutes);
        keys.verify(&subject, Some(&seal), now)
    };
    let rotated = SealKeys::new(b"new", Some(b"old"));
    assert_eq!(at(&keys(b"old"), 24 * 60), Ok(()));
    assert_eq!(at(&keys(b"old"), 24 * 60 + 1), Err(Refusal::Expired));
    assert_eq!(at(&rotated, 60), Ok(()));
    assert_eq!(at(&rotated, 61), Err(Refusal::Expired));
    assert_eq!(at(&keys(b"new"), 0), Err(Refusal::Foreign));
    assert!(rotated.seal(&subject) != keys(b"old").seal(&subject));
    let future = |hours: u64| {
        let made = UNIX_EPOCH + Duration::from_hours(1_000 + hours);
        let seal = keys(b"old").seal_at(&subject, made);
        let now = UNIX_EPOCH + Duration::from_hours(1_000) - Duration::from_mins(1);
        keys(b"old").verify(&subject, Some(&seal), now)
    };
    assert_eq!((future(0), future(1)), (Ok(()), Err(Refusal::Expired)));
    let codes = Codes::new(&keys(b"old").current, &subject, u64::MAX);
    let text = |code: &[u8]| URL_SAFE_NO_PAD.encode_to_string(code);
    let endless = format!("{}.{}.{}", u64::MAX, text(&codes.subject), text(&codes.query));
    assert_eq!(verify(&keys(b"old"), &subject, &endless), Err(Refusal::Expired));
}

#[test]
fn a_caller_learns_nothing_from_the_answer() {
    let keys = keys(b"key");
    let context = Context::default();
    let table = table();
    let original = split();
    let seal = keys.seal(&of("q", &table, &original));
    let old = keys.seal_at(&of("q", &table, &original), UNIX_EPOCH);
    let mut edited = split();
    edited.properties.clear();
    let answers: std::collections::BTreeSet<String> = [
        keys.check(&of("q", &table, &original), None, &context),
        keys.check(&of("q", &table, &original), Some(&old), &context),
        keys.check(&of("q", &table, &edited), Some(&seal), &context),
        keys.check(&of("p", &table, &original), Some(&seal), &context),
    ]
    .into_iter()
    .map(|answer| answer.unwrap_err().to_string())
    .collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
}
