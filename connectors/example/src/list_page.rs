//! Completeness of the pages of a list.
//!
//! The client takes a document that ends early for a shorter one, and its paginator takes a page
//! without a usable token for the last: both are lists without some of the keys, and no error.

use athena_connector_sdk::{Error, Result};
use aws_sdk_s3::{operation::list_objects_v2::ListObjectsV2Output, types::Object};

/// Check of the pages of one list, in the order of their arrival.
#[derive(Debug, Default)]
pub struct PageCheck {
    token: Option<String>,
}

impl PageCheck {
    /// Checks that `page` has all of its keys, and leads to another page if there are more keys.
    ///
    /// # Errors
    ///
    /// `InvalidResponse`, which names `folder`.
    pub fn check(&mut self, page: &ListObjectsV2Output, folder: &str) -> Result<()> {
        let invalid = |problem: &str| {
            Error::invalid_response(format!(
                "ListObjectsV2 of {folder} returned a page that {problem}; run the query again, and \
                 check the proxy or the store if the error persists"
            ))
        };
        let entries = page.contents().len() + page.common_prefixes().len();
        // A key that the client cannot read is empty.
        let has_key = |object: &Object| object.key().is_some_and(|key| !key.is_empty());
        let is_complete =
            page.contents().iter().all(|object| object.size().is_some() && has_key(object))
                && page
                    .common_prefixes()
                    .iter()
                    .all(|folder| folder.prefix().is_some_and(|prefix| prefix.ends_with('/')));
        let count = page.key_count().and_then(|count| usize::try_from(count).ok());
        if count != Some(entries) || !is_complete {
            return Err(invalid("does not have as many keys as it says"));
        }
        match page.is_truncated() {
            None => Err(invalid("does not say whether there are more keys")),
            Some(false) => Ok(()),
            Some(true) => {
                let next = page.next_continuation_token().map(str::to_owned);
                if next.is_none() || next == self.token {
                    return Err(invalid(
                        "says that there are more keys, but does not lead to them",
                    ));
                }
                self.token = next;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::ErrorKind;
    use aws_sdk_s3::{
        operation::list_objects_v2::builders::ListObjectsV2OutputBuilder, types::CommonPrefix,
    };

    use super::*;

    fn page(count: i32) -> ListObjectsV2OutputBuilder {
        ListObjectsV2Output::builder()
            .key_count(count)
            .is_truncated(false)
            .contents(Object::builder().key("f/a.csv").size(1).build())
            .common_prefixes(CommonPrefix::builder().prefix("f/b/").build())
    }

    fn kind(pages: impl IntoIterator<Item = ListObjectsV2OutputBuilder>) -> Option<ErrorKind> {
        let mut check = PageCheck::default();
        let mut pages = pages.into_iter().map(ListObjectsV2OutputBuilder::build);
        pages.find_map(|page| check.check(&page, "s3://b/f/").err()).map(|error| error.kind())
    }

    #[test]
    fn pages_with_all_keys_that_lead_on_are_accepted() {
        let first = page(2).is_truncated(true).next_continuation_token("1");
        let second = page(2).is_truncated(true).next_continuation_token("2");
        assert_eq!(kind([first, second, page(2)]), None);
    }

    #[test]
    fn a_page_with_other_than_its_number_of_keys_is_invalid() {
        assert_eq!(kind([page(3)]), Some(ErrorKind::InvalidResponse));
        assert_eq!(kind([page(2).set_key_count(None)]), Some(ErrorKind::InvalidResponse));
    }

    #[test]
    fn a_page_that_ends_within_its_last_entry_is_invalid() {
        let object = page(3).contents(Object::builder().key("f/c").build());
        let unread = page(3).contents(Object::builder().key("").size(1).build());
        let folder = page(3).common_prefixes(CommonPrefix::builder().prefix("f/d").build());
        for page in [object, unread, folder] {
            assert_eq!(kind([page]), Some(ErrorKind::InvalidResponse));
        }
    }

    #[test]
    fn a_page_that_does_not_lead_to_the_next_is_invalid() {
        let without_token = page(2).is_truncated(true);
        let unknown = page(2).set_is_truncated(None);
        let same = || page(2).is_truncated(true).next_continuation_token("1");
        for pages in [vec![without_token], vec![unknown], vec![same(), same()]] {
            assert_eq!(kind(pages), Some(ErrorKind::InvalidResponse));
        }
    }
}
