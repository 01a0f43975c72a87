//! From the names that Athena asks for to the names that a source has.

use futures::TryStreamExt;

use crate::{Error, PageStream, Result};

/// Most names that an error lists.
const SHOWN: usize = 10;

/// How the names of a source relate to those that Athena asks for, which are lower case whatever
/// the query says.
///
/// ```
/// # use athena_connector_sdk::NameCase;
/// let columns = ["ID", "Region"];
/// assert_eq!(NameCase::CaseInsensitive.resolve("column", "region", columns)?, "Region");
/// assert_eq!(NameCase::Upper.resolve("column", "id", columns)?, "ID");
/// assert!(NameCase::Exact.resolve("column", "id", columns).is_err());
/// // Athena cannot say which of the two is meant.
/// assert!(NameCase::CaseInsensitive.resolve("column", "id", ["id", "ID"]).is_err());
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NameCase {
    /// The source has the names as they are asked for.
    Exact,
    /// The source has lower-case names.
    Lower,
    /// The source has upper-case names.
    Upper,
    /// The source has names in any case: the one that differs in case alone is found among all, and
    /// two such are an error.
    #[default]
    CaseInsensitive,
}

impl NameCase {
    /// The name in the source, where it follows from the name asked for; `None` for
    /// [`CaseInsensitive`](Self::CaseInsensitive), which takes the list of names.
    pub fn apply(self, wanted: &str) -> Option<String> {
        match self {
            Self::Exact => Some(wanted.to_owned()),
            Self::Lower => Some(wanted.to_lowercase()),
            Self::Upper => Some(wanted.to_uppercase()),
            Self::CaseInsensitive => None,
        }
    }

    /// The one of `names` that `wanted` stands for. `what` says what the names are of, as in
    /// `"table"`, for errors.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is none, `InvalidInput` if there are several.
    pub fn resolve<'a>(
        self,
        what: &str,
        wanted: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<&'a str> {
        let mut search = Search::new(self, what, wanted);
        for name in names {
            search.see(name)?;
        }
        search.finish()
    }

    /// As [`resolve`](Self::resolve), among names that are listed page by page. Reads all of them,
    /// so that a collision is seen.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve), and what the list fails with.
    pub async fn find(
        self,
        what: &str,
        wanted: &str,
        mut names: PageStream<String>,
    ) -> Result<String> {
        let mut search = Search::new(self, what, wanted);
        while let Some((name, _)) = names.try_next().await? {
            search.see(name)?;
        }
        search.finish()
    }
}

/// A search among names that come one by one.
struct Search<'a, N> {
    what: &'a str,
    wanted: &'a str,
    exact: Option<String>,
    /// The wanted name without case.
    folded: String,
    found: Option<N>,
    /// The first names seen, for the error.
    seen: Vec<String>,
}

impl<'a, N: AsRef<str>> Search<'a, N> {
    fn new(case: NameCase, what: &'a str, wanted: &'a str) -> Self {
        Self {
            what,
            wanted,
            exact: case.apply(wanted),
            folded: wanted.to_lowercase(),
            found: None,
            seen: Vec::new(),
        }
    }

    fn see(&mut self, name: N) -> Result<()> {
        let is_it = match &self.exact {
            Some(exact) => exact == name.as_ref(),
            None => self.folded == name.as_ref().to_lowercase(),
        };
        if !is_it {
            if self.seen.len() < SHOWN {
                self.seen.push(name.as_ref().to_owned());
            }
            return Ok(());
        }
        match self.found.replace(name) {
            Some(before) => Err(Error::invalid_input(format!(
                "{} {:?} could be {:?} or {:?}, and Athena, which asks in lower case, cannot say which; rename one or leave it \
                 out",
                self.what,
                self.wanted,
                before.as_ref(),
                self.found.as_ref().map(AsRef::as_ref).unwrap_or_default()
            ))),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<N> {
        let Self { what, wanted, found, seen, .. } = self;
        found.ok_or_else(|| {
            let more = if seen.len() == SHOWN { " and maybe more" } else { "" };
            Error::not_found(format!("there is no {what} {wanted:?}; there are {seen:?}{more}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn each_mode_finds_its_own_case_alone() {
        let names = ["orders", "ITEMS", "Customers"];
        let find = |case: NameCase, wanted| case.resolve("table", wanted, names).ok();
        assert_eq!(find(NameCase::Exact, "orders"), Some("orders"));
        assert_eq!(find(NameCase::Exact, "items"), None);
        assert_eq!(find(NameCase::Upper, "items"), Some("ITEMS"));
        assert_eq!(find(NameCase::Upper, "orders"), None);
        assert_eq!(find(NameCase::Lower, "ORDERS"), Some("orders"));
        assert_eq!(find(NameCase::Lower, "customers"), None);
        for (wanted, name) in [("ORDERS", "orders"), ("items", "ITEMS"), ("customers", "Customers")]
        {
            assert_eq!(find(NameCase::CaseInsensitive, wanted), Some(name));
        }
        // Not only ASCII has case.
        assert_eq!(
            NameCase::CaseInsensitive.resolve("table", "größe", ["GRÖßE"]).unwrap(),
            "GRÖßE"
        );
    }

    #[test]
    fn a_collision_names_both_and_an_absence_what_there_is() {
        let error =
            NameCase::CaseInsensitive.resolve("column", "id", ["Id", "region", "ID"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains("\"Id\" or \"ID\""), "{error}");
        let error =
            NameCase::CaseInsensitive.resolve("column", "size", ["id", "region"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.message().contains("\"region\""), "{error}");
    }

    #[tokio::test]
    async fn listed_names_are_found_as_others_are() {
        let pages = || PageStream::from_list(["a", "B", "b"].map(str::to_owned), None).unwrap();
        assert_eq!(NameCase::CaseInsensitive.find("table", "A", pages()).await.unwrap(), "a");
        assert_eq!(NameCase::Upper.find("table", "b", pages()).await.unwrap(), "B");
        assert_eq!(
            NameCase::CaseInsensitive.find("table", "b", pages()).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
}
