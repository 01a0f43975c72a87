//! Where the blocks of a split go (section 5.1 of the protocol).

use athena_protocol::S3SpillLocation;

use crate::SpillSettings;

/// The place for the blocks of one split: `<prefix>/<query id>/<split id>`, a prefix of keys.
///
/// The query id is left out if it is blank, or if the prefix has it already. `split_id` must be
/// another for every split ever made, such as a random UUID: two splits of one place would
/// overwrite each other's rows. Without a bucket in `settings` the location has none, and nothing
/// can be spilled to it.
pub fn split_location(settings: &SpillSettings, query_id: &str, split_id: &str) -> S3SpillLocation {
    let prefix = &settings.prefix;
    let key = if query_id.trim().is_empty() || prefix.contains(query_id) {
        format!("{prefix}/{split_id}")
    } else {
        format!("{prefix}/{query_id}/{split_id}")
    };
    S3SpillLocation { bucket: settings.bucket.clone(), key: Some(key), directory: true }
}

/// Whether `location` is in the bucket of `settings` and below its prefix.
///
/// A request is not trusted: one with another location could make the function write rows wherever
/// its role lets it. A key with a segment `..` is outside, whatever it resolves to: S3 takes it
/// literally, and tools that copy objects do not.
pub fn contains(location: &S3SpillLocation, settings: &SpillSettings) -> bool {
    let (Some(bucket), Some(key), Some(own)) = (&location.bucket, &location.key, &settings.bucket)
    else {
        return false;
    };
    let below = key.strip_prefix(settings.prefix.as_str()).and_then(|rest| rest.strip_prefix('/'));
    bucket == own
        && below.is_some_and(|below| !below.is_empty())
        && !key.split('/').any(|segment| segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(prefix: &str) -> SpillSettings {
        SpillSettings::default().with_bucket("spill").with_prefix(prefix)
    }

    #[test]
    fn a_location_has_prefix_query_and_split() {
        let location = split_location(&settings("athena"), "q-1", "s-1");
        assert_eq!(location.bucket.as_deref(), Some("spill"));
        assert_eq!(location.key.as_deref(), Some("athena/q-1/s-1"));
        assert!(location.directory);
    }

    #[test]
    fn the_query_id_is_left_out_when_blank_or_in_the_prefix() {
        let key = |prefix, query| split_location(&settings(prefix), query, "s").key.unwrap();
        assert_eq!(key("athena", ""), "athena/s");
        assert_eq!(key("athena", "  "), "athena/s");
        assert_eq!(key("athena/q-1/x", "q-1"), "athena/q-1/x/s");
        // As the Java SDK has it: nothing is tidied.
        assert_eq!(key("athena/", "q-1"), "athena//q-1/s");
    }

    #[test]
    fn every_location_that_is_made_is_inside() {
        for prefix in ["athena", "athena/", "a/b"] {
            for query in ["", "q", "a"] {
                let settings = settings(prefix);
                let location = split_location(&settings, query, "s");
                assert!(contains(&location, &settings), "{location:?}");
            }
        }
    }

    #[test]
    fn other_places_are_outside() {
        let at = |bucket: Option<&str>, key: Option<&str>| S3SpillLocation {
            bucket: bucket.map(str::to_owned),
            key: key.map(str::to_owned),
            directory: true,
        };
        let settings = settings("athena");
        assert!(contains(&at(Some("spill"), Some("athena/x")), &settings));
        for location in [
            at(Some("other"), Some("athena/x")),
            at(None, Some("athena/x")),
            at(Some("spill"), None),
            at(Some("spill"), Some("athena")),
            at(Some("spill"), Some("athena/")),
            at(Some("spill"), Some("athenaeum/x")),
            at(Some("spill"), Some("/athena/x")),
            at(Some("spill"), Some("athena/../x")),
            at(Some("spill"), Some("athena/x/..")),
        ] {
            assert!(!contains(&location, &settings), "{location:?}");
        }
        assert!(!contains(&at(Some("spill"), Some("athena/x")), &SpillSettings::default()));
    }
}
