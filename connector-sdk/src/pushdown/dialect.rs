//! SQL dialects of sources.

/// Differences between the SQL dialects of sources.
///
/// The defaults follow standard SQL, and assume nothing about the collation of text.
///
/// ```
/// use athena_connector_sdk::SqlDialect;
///
/// /// MySQL, for columns with a `utf8mb4_0900_bin` collation.
/// struct MySql;
///
/// impl SqlDialect for MySql {
///     fn identifier(&self, name: &str) -> String {
///         format!("`{}`", name.replace('`', "``"))
///     }
///
///     fn has_binary_collation(&self) -> bool {
///         true
///     }
/// }
///
/// assert_eq!(MySql.identifier("order"), "`order`");
/// assert_eq!(MySql.placeholder(1), "?");
/// ```
pub trait SqlDialect {
    /// Quotes the name of a column.
    ///
    /// By default in double quotes, with double quotes inside doubled.
    fn identifier(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    /// Returns the placeholder of the parameter with this number, counted from 1.
    ///
    /// By default `?`.
    fn placeholder(&self, number: usize) -> String {
        let _ = number;
        "?".to_owned()
    }

    /// Returns whether the source compares text like Athena: by code point, regardless of locale,
    /// and with case and trailing spaces significant.
    ///
    /// By default `false`: only equality of text is pushed down, as a superset. Returning `true` is
    /// a promise that holds with `COLLATE "C"`, a binary collation, or a source without collations.
    fn has_binary_collation(&self) -> bool {
        false
    }

    /// Returns the maximum number of parameters of a query.
    ///
    /// Conditions that would exceed it are left to the SDK. By default 1,000.
    fn max_parameters(&self) -> usize {
        1_000
    }
}

/// Standard SQL with `?` placeholders, and no assumption about collations.
///
/// ```
/// use athena_connector_sdk::{SqlDialect, StandardSql};
///
/// assert_eq!(StandardSql.identifier(r#"a"b"#), r#""a""b""#);
/// assert!(!StandardSql.has_binary_collation());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StandardSql;

impl SqlDialect for StandardSql {}
