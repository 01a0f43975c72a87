//! Reader of the recorded wire data in `tests/golden`, which the README there describes.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Number, Value};

/// Environment variable that names another folder of the same layout.
pub const FOLDER: &str = "ATHENA_GOLDEN";

/// Folder of recorded wire data.
#[derive(Debug)]
pub struct Golden {
    folder: PathBuf,
    /// Cases in the order of the manifest.
    pub cases: Vec<Case>,
}

/// Recorded case.
#[derive(Debug)]
pub struct Case {
    /// Unique name.
    pub id: String,
    /// Kind of the case: `request`, `response`, `spill`, ...
    pub kind: String,
    /// Serde version of the writer, if it has one.
    pub serde: Option<i64>,
    /// All members of the case in the manifest.
    pub members: Value,
}

impl Golden {
    /// Opens the folder in [`FOLDER`], or the one of this package.
    ///
    /// # Errors
    ///
    /// If the manifest cannot be read, or is not valid.
    pub fn open() -> io::Result<Self> {
        let folder = match env::var_os(FOLDER) {
            Some(folder) => PathBuf::from(folder),
            None => Path::new(env!("CARGO_MANIFEST_DIR")).join("golden"),
        };
        let manifest: Vec<Value> = serde_json::from_slice(&read(&folder.join("manifest.json"))?)?;
        let cases = manifest.into_iter().map(|members| {
            let text = |name: &str| {
                let text = members[name].as_str();
                text.map(str::to_owned).ok_or_else(|| {
                    io::Error::other(format!("a case lacks the member {name}: {members}"))
                })
            };
            Ok(Case {
                id: text("id")?,
                kind: text("kind")?,
                serde: members["serde"].as_i64(),
                members,
            })
        });
        Ok(Self { cases: cases.collect::<io::Result<_>>()?, folder })
    }

    /// Reads a file that a case names.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn file(&self, name: &str) -> io::Result<Vec<u8>> {
        read(&self.folder.join(name))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Describes the first difference between two values by its path and both values.
///
/// Objects are compared by member names, arrays in order.
pub fn difference(expected: &Value, found: &Value) -> Option<String> {
    fn descend(at: &str, expected: &Value, found: &Value) -> Option<String> {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                let absent = found.keys().find(|name| !expected.contains_key(*name));
                let mut inner = expected.iter().map(|(name, value)| match found.get(name) {
                    Some(other) => descend(&format!("{at}.{name}"), value, other),
                    None => Some(format!("{at}.{name} is missing, expected {value}")),
                });
                inner.find_map(|difference| difference).or_else(|| {
                    absent.map(|name| {
                        format!("{at}.{name} is {}, expected no such member", found[name])
                    })
                })
            }
            (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
                expected.iter().zip(found).enumerate().find_map(|(index, (expected, found))| {
                    descend(&format!("{at}[{index}]"), expected, found)
                })
            }
            (Value::Number(expected), Value::Number(found)) if same_number(expected, found) => None,
            _ if expected == found => None,
            _ => Some(format!("{at} is {}, expected {}", short(found), short(expected))),
        }
    }
    descend("$", expected, found)
}

/// Returns true if two numbers are equal, or differ by one unit in the last place, which reading
/// JSON may cause.
fn same_number(left: &Number, right: &Number) -> bool {
    match (left.is_f64(), right.is_f64(), left.as_f64(), right.as_f64()) {
        (true, true, Some(left), Some(right)) => left.to_bits().abs_diff(right.to_bits()) <= 1,
        _ => left == right,
    }
}

fn short(value: &Value) -> String {
    const LIMIT: usize = 300;
    let text = value.to_string();
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_names_the_path_and_both_values() {
        let expected = json!({ "a": [1, { "b": "-0.0" }], "c": null });
        assert_eq!(difference(&expected, &json!({ "c": null, "a": [1, { "b": "-0.0" }] })), None);
        for (found, difference_is) in [
            (json!({ "a": [1, { "b": 0.0 }], "c": null }), "$.a[1].b is 0.0, expected \"-0.0\""),
            (json!({ "a": [1, { "b": "-0.0" }] }), "$.c is missing, expected null"),
            (
                json!({ "a": [1, { "b": "-0.0" }], "c": null, "d": 1 }),
                "$.d is 1, expected no such member",
            ),
            (json!({ "a": [1], "c": null }), "$.a is [1], expected [1,{\"b\":\"-0.0\"}]"),
        ] {
            assert_eq!(difference(&expected, &found).as_deref(), Some(difference_is));
        }
    }
}
