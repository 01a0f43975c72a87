//! Environment variables of a connector, read with all their problems at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    ops::RangeInclusive,
    str::FromStr,
};

use crate::{Error, Result, Secret};

/// Reader of a connector's own settings from environment variables that begin with its prefix.
///
/// Each method reads one variable, and notes what is wrong with it; [`finish`](Self::finish) fails
/// with all problems, so that a deployment is mended once. A variable with the prefix that was not
/// read is a problem, too: it is most likely misspelled. A blank variable counts as not set.
///
/// Make a [`Handler`](crate::Handler) of the result: with problems, it answers every query with
/// them, as it does for the SDK's own [`Setting`](crate::Setting)s.
///
/// ```
/// use athena_connector_sdk::{Result, Secret, Variables};
///
/// struct Shop {
///     url: String,
///     page_size: u32,
///     token: Option<Secret>,
/// }
///
/// impl Shop {
///     fn read(mut variables: Variables) -> Result<Self> {
///         let shop = Self {
///             url: variables.required("shop_url"),
///             page_size: variables.number("shop_page_size", 1..=500).unwrap_or(100),
///             token: variables.secret("shop_token"),
///         };
///         variables.finish(shop)
///     }
/// }
///
/// let shop = Shop::read(Variables::from_vars("shop_", [("shop_url", "https://shop.example")]))?;
/// assert_eq!((shop.url.as_str(), shop.page_size), ("https://shop.example", 100));
/// assert!(shop.token.is_none());
///
/// let wrong = [("shop_page_size", "many"), ("shop_tokn", "tiger")];
/// let error = Shop::read(Variables::from_vars("shop_", wrong)).err().expect("three problems");
/// assert_eq!(
///     error.message(),
///     "the settings of the function are invalid: shop_url is not set; shop_page_size is \"many\", \
///      expected a number from 1 to 500; shop_tokn is not a setting; settings with this prefix: \
///      shop_page_size, shop_token, shop_url"
/// );
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
#[derive(Debug)]
pub struct Variables {
    prefix: String,
    values: BTreeMap<String, Secret>,
    read: BTreeSet<String>,
    problems: Vec<String>,
}

impl Variables {
    /// Creates a reader of the environment of the process, for variables that begin with `prefix`
    /// in its case.
    pub fn from_env(prefix: &str) -> Self {
        // Variables that are not Unicode are skipped: no setting has such a name or value.
        Self::from_vars(
            prefix,
            std::env::vars_os().filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.into_string().ok()?))
            }),
        )
    }

    /// Creates a reader of `variables`.
    pub fn from_vars<N: Into<String>, V: Into<String>>(
        prefix: &str,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables =
            variables.into_iter().map(|(name, value)| (name.into(), Secret::new(value)));
        Self {
            prefix: prefix.to_owned(),
            values: variables.filter(|(_, value)| !value.expose().trim().is_empty()).collect(),
            read: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    /// Returns the variable `name`, or `None` if it is not set. It need not have the prefix.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.secret(name).map(|value| value.expose().to_owned())
    }

    /// Returns the variable `name`; notes a problem, and returns an empty text, if it is not set.
    pub fn required(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.problem(format!("{name} is not set"));
            String::new()
        })
    }

    /// Returns the variable `name`, or `None` if it is not set. Its value is in no problem.
    pub fn secret(&mut self, name: &str) -> Option<Secret> {
        self.read.insert(name.to_owned());
        self.values.get(name).cloned()
    }

    /// Returns the variable `name`, `true` or `false` in any case, or `None` if it is not set.
    /// Anything else is a problem.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.accepted(name, "true or false", |text| match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        })
    }

    /// Returns the variable `name` as a number in `range`, or `None` if it is not set. Anything
    /// else is a problem.
    pub fn number<T: FromStr + PartialOrd + Display>(
        &mut self,
        name: &str,
        range: RangeInclusive<T>,
    ) -> Option<T> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        self.accepted(name, &expected, |text| text.parse().ok().filter(|n| range.contains(n)))
    }

    /// Returns the variable `name` as `parse` reads it, or `None` if it is not set. If `parse`
    /// returns `None`, a problem says that `expected` was expected.
    ///
    /// ```
    /// # use athena_connector_sdk::Variables;
    /// use std::time::Duration;
    ///
    /// let mut variables = Variables::from_vars("shop_", [("shop_timeout", "30 s")]);
    /// let timeout = variables.accepted("shop_timeout", "a number of seconds, such as 30 s", |text| {
    ///     text.strip_suffix(" s")?.parse().ok().map(Duration::from_secs)
    /// });
    /// assert_eq!(timeout, Some(Duration::from_secs(30)));
    /// ```
    pub fn accepted<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.text(name)?;
        let parsed = parse(&value);
        if parsed.is_none() {
            self.problem(format!("{name} is {value:?}, expected {expected}"));
        }
        parsed
    }

    /// Notes a problem, such as two variables that contradict each other. It must not contain a
    /// secret.
    pub fn problem(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    /// Returns `value`, which has been read.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, which lists all problems.
    pub fn finish<T>(mut self, value: T) -> Result<T> {
        let prefix = self.prefix.as_str();
        let unknown: Vec<_> = (self.values.keys())
            .filter(|name| name.starts_with(prefix) && !self.read.contains(*name))
            .cloned()
            .collect();
        let known: Vec<_> = (self.read.iter().map(String::as_str))
            .filter(|name| name.starts_with(prefix))
            .collect();
        let known = known.join(", ");
        for name in unknown {
            self.problems
                .push(format!("{name} is not a setting; settings with this prefix: {known}"));
        }
        if self.problems.is_empty() {
            return Ok(value);
        }
        Err(Error::invalid_input(format!("{INVALID}{}", self.problems.join("; "))))
    }
}

/// Beginning of the error that lists all problems.
const INVALID: &str = "the settings of the function are invalid: ";

/// Returns one error with the problems of both.
#[cfg(feature = "lambda")]
pub(crate) fn join_problems(first: &Error, second: &Error) -> Error {
    let more = second.message().strip_prefix(INVALID).unwrap_or(second.message());
    Error::new(first.kind(), format!("{}; {more}", first.message()))
}
