//! Mapping of lower-case names in requests to the names of a source.

use futures::TryStreamExt;

use crate::{Error, PageStream, Result};

/// Largest number of names that an error lists.
const MAX_LISTED_NAMES: usize = 10;

/// Relation between the names of a source and those in requests, which Athena lower-cases.
///
/// ```
/// # use athena_connector_sdk::NameCase;
/// let columns = ["ID", "Region"];
/// assert_eq!(NameCase::CaseInsensitive.resolve("column", "region", columns)?, "Region");
/// assert_eq!(NameCase::Upper.resolve("column", "id", columns)?, "ID");
/// assert!(NameCase::Exact.resolve("column", "id", columns).is_err());
/// // A query cannot express which of the two is meant.
/// assert!(NameCase::CaseInsensitive.resolve("column", "id", ["id", "ID"]).is_err());
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum NameCase {
    /// Names of the source equal those in requests.
    Exact,
    /// Names of the source are lower case.
    Lower,
    /// Names of the source are upper case.
    Upper,
    /// Names of the source are in any case, and are compared without regard to it. Two names that
    /// differ only in case are ambiguous.
    #[default]
    CaseInsensitive,
}

impl NameCase {
    /// Converts a requested name to that of the source.
    ///
    /// `None` for [`CaseInsensitive`](Self::CaseInsensitive), which needs the list of names: see
    /// [`resolve`](Self::resolve).
    pub fn apply(self, requested: &str) -> Option<String> {
        match self {
            Self::Exact => Some(requested.to_owned()),
            Self::Lower => Some(requested.to_lowercase()),
            Self::Upper => Some(requested.to_uppercase()),
            Self::CaseInsensitive => None,
        }
    }

    /// Returns the one of `names` that `requested` refers to.
    ///
    /// `kind` is the noun for error messages, such as `"table"`.
    ///
    /// # Errors
    ///
    /// `NotFound` if no name matches, `InvalidInput` if several do.
    pub fn resolve<'a>(
        self,
        kind: &str,
        requested: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<&'a str> {
        let mut search = NameSearch::new(self, kind, requested);
        for name in names {
            search.offer(name)?;
        }
        search.finish()
    }

    /// Returns the one of the listed `names` that `requested` refers to, as
    /// [`resolve`](Self::resolve) does.
    ///
    /// Reads the whole list, so that an ambiguous name is an error.
    ///
    /// # Errors
    ///
    /// `NotFound` if no name matches, `InvalidInput` if several do, and any error of the list.
    pub async fn find(
        self,
        kind: &str,
        requested: &str,
        mut names: PageStream<String>,
    ) -> Result<String> {
        let mut search = NameSearch::new(self, kind, requested);
        while let Some((name, _)) = names.try_next().await? {
            search.offer(name)?;
        }
        search.finish()
    }
}

/// Search among names that arrive one by one.
struct NameSearch<'a, N> {
    kind: &'a str,
    requested: &'a str,
    /// Name of the source, where it follows from the requested one.
    exact: Option<String>,
    /// Requested name in lower case.
    folded: String,
    found: Option<N>,
    /// First names that did not match, for the error.
    others: Vec<String>,
}

impl<'a, N: AsRef<str>> NameSearch<'a, N> {
    fn new(case: NameCase, kind: &'a str, requested: &'a str) -> Self {
        Self {
            kind,
            requested,
            exact: case.apply(requested),
            folded: requested.to_lowercase(),
            found: None,
            others: Vec::new(),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match &self.exact {
            Some(exact) => exact == name,
            None => self.folded == name.to_lowercase(),
        }
    }

    fn offer(&mut self, name: N) -> Result<()> {
        if !self.matches(name.as_ref()) {
            if self.others.len() < MAX_LISTED_NAMES {
                self.others.push(name.as_ref().to_owned());
            }
            return Ok(());
        }
        let Some(first) = &self.found else {
            self.found = Some(name);
            return Ok(());
        };
        Err(Error::invalid_input(format!(
            "{} {:?} is ambiguous: it matches {:?} and {:?}, and Athena requests names in lower \
             case; rename or hide one of them",
            self.kind,
            self.requested,
            first.as_ref(),
            name.as_ref()
        )))
    }

    fn finish(self) -> Result<N> {
        let Self { kind, requested, found, others, .. } = self;
        found.ok_or_else(|| {
            let more = if others.len() == MAX_LISTED_NAMES { ", and possibly more" } else { "" };
            Error::not_found(format!(
                "{kind} {requested:?} does not exist; existing names: {others:?}{more}"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn each_variant_finds_only_its_own_case() {
        let names = ["orders", "ITEMS", "Customers"];
        let find = |case: NameCase, requested| case.resolve("table", requested, names).ok();
        assert_eq!(find(NameCase::Exact, "orders"), Some("orders"));
        assert_eq!(find(NameCase::Exact, "items"), None);
        assert_eq!(find(NameCase::Upper, "items"), Some("ITEMS"));
        assert_eq!(find(NameCase::Upper, "orders"), None);
        assert_eq!(find(NameCase::Lower, "ORDERS"), Some("orders"));
        assert_eq!(find(NameCase::Lower, "customers"), None);
        for (requested, name) in
            [("ORDERS", "orders"), ("items", "ITEMS"), ("customers", "Customers")]
        {
            assert_eq!(find(NameCase::CaseInsensitive, requested), Some(name));
        }
        // Case folding is not limited to ASCII.
        assert_eq!(
            NameCase::CaseInsensitive.resolve("table", "größe", ["GRÖßE"]).unwrap(),
            "GRÖßE"
        );
    }

    #[test]
    fn an_ambiguous_name_lists_both_and_a_missing_one_the_others() {
        let error =
            NameCase::CaseInsensitive.resolve("column", "id", ["Id", "region", "ID"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains("\"Id\" and \"ID\""), "{error}");
        let error =
            NameCase::CaseInsensitive.resolve("column", "size", ["id", "region"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.message().contains("\"region\""), "{error}");
    }

    #[tokio::test]
    async fn names_of_a_list_are_resolved_like_those_in_memory() {
        let pages = || PageStream::from_list(["a", "B", "b"].map(str::to_owned), None).unwrap();
        assert_eq!(NameCase::CaseInsensitive.find("table", "A", pages()).await.unwrap(), "a");
        assert_eq!(NameCase::Upper.find("table", "b", pages()).await.unwrap(), "B");
        assert_eq!(
            NameCase::CaseInsensitive.find("table", "b", pages()).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
}
