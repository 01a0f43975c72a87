//! Locations of the blocks of a split (section 5.1 of the protocol).

use athena_protocol::S3SpillLocation;

use crate::SpillSettings;

impl SpillSettings {
    /// Returns a location for the blocks of a split: the prefix `<prefix>/<query ID>/<split ID>`.
    ///
    /// The query ID is omitted if it is blank or if the prefix contains it. `split_id` must be
    /// globally unique, such as a random UUID: splits that share a location overwrite each other's
    /// rows. Without a [`bucket`](Self::bucket), the location has none and cannot be spilled to.
    ///
    /// # Examples
    ///
    /// ```
    /// use athena_spill::SpillSettings;
    ///
    /// let settings = SpillSettings::default().with_bucket("my-spill").with_prefix("athena");
    /// let location = settings.split_location("query", "split");
    /// assert_eq!(location.key.as_deref(), Some("athena/query/split"));
    /// assert!(settings.contains(&location));
    /// ```
    pub fn split_location(&self, query_id: &str, split_id: &str) -> S3SpillLocation {
        let prefix = &self.prefix;
        let key = if query_id.trim().is_empty() || prefix.contains(query_id) {
            format!("{prefix}/{split_id}")
        } else {
            format!("{prefix}/{query_id}/{split_id}")
        };
        S3SpillLocation { bucket: self.bucket.clone(), key: Some(key), directory: true }
    }

    /// Returns whether `location` is in the bucket and below the prefix of these settings.
    ///
    /// Requests are not trusted: one with a foreign location could make the function write rows
    /// anywhere its role permits. A key with a `..` segment is always outside: S3 takes it
    /// literally, but tools that copy objects may not.
    pub fn contains(&self, location: &S3SpillLocation) -> bool {
        let (Some(bucket), Some(key), Some(own)) = (&location.bucket, &location.key, &self.bucket)
        else {
            return false;
        };
        let below = key.strip_prefix(self.prefix.as_str()).and_then(|rest| rest.strip_prefix('/'));
        bucket == own
            && below.is_some_and(|below| !below.is_empty())
            && !key.split('/').any(|segment| segment == "..")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(prefix: &str) -> SpillSettings {
        SpillSettings::default().with_bucket("spill").with_prefix(prefix)
    }

    #[test]
    fn a_location_has_prefix_query_and_split() {
        let location = settings("athena").split_location("q-1", "s-1");
        assert_eq!(location.bucket.as_deref(), Some("spill"));
        assert_eq!(location.key.as_deref(), Some("athena/q-1/s-1"));
        assert!(location.directory);
    }

    #[test]
    fn the_query_id_is_omitted_when_blank_or_in_the_prefix() {
        let key = |prefix, query| settings(prefix).split_location(query, "s").key.unwrap();
        assert_eq!(key("athena", ""), "athena/s");
        assert_eq!(key("athena", "  "), "athena/s");
        assert_eq!(key("athena/q-1/x", "q-1"), "athena/q-1/x/s");
        // As in the Java SDK, the prefix is not normalized.
        assert_eq!(key("athena/", "q-1"), "athena//q-1/s");
    }

    #[test]
    fn settings_contain_their_own_locations() {
        for prefix in ["athena", "athena/", "a/b"] {
            for query in ["", "q", "a"] {
                let settings = settings(prefix);
                let location = settings.split_location(query, "s");
                assert!(settings.contains(&location), "{location:?}");
            }
        }
    }

    #[test]
    fn settings_do_not_contain_other_locations() {
        let at = |bucket: Option<&str>, key: Option<&str>| S3SpillLocation {
            bucket: bucket.map(str::to_owned),
            key: key.map(str::to_owned),
            directory: true,
        };
        let settings = settings("athena");
        assert!(settings.contains(&at(Some("spill"), Some("athena/x"))));
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
            assert!(!settings.contains(&location), "{location:?}");
        }
        assert!(!SpillSettings::default().contains(&at(Some("spill"), Some("athena/x"))));
    }
}
