//! Kinds of findings, with stable names.

use std::fmt;

/// Part of the protocol that a check covers. A report has one line for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Legal requests and their responses.
    Protocol,
    /// Lists of schemas and tables.
    Listing,
    /// Table definitions.
    Definition,
    /// Partitions and splits.
    Planning,
    /// Rows without a predicate, in all variants of a read.
    Reading,
    /// Inline rows, blocks and spilled objects.
    Spilling,
    /// Rows of reads with value sets and expressions.
    Predicates,
    /// Rows of reads with a limit, with and without an order.
    Limits,
    /// Requests that must be refused.
    BadRequests,
    /// Results of SQL statements, with each kind of pushdown.
    Sql,
}

impl Area {
    /// All areas, in the order of a report.
    pub const ALL: [Self; 10] = [
        Self::Protocol,
        Self::Listing,
        Self::Definition,
        Self::Planning,
        Self::Reading,
        Self::Spilling,
        Self::Predicates,
        Self::Limits,
        Self::BadRequests,
        Self::Sql,
    ];

    /// Returns the name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Listing => "listing",
            Self::Definition => "definition",
            Self::Planning => "planning",
            Self::Reading => "reading",
            Self::Spilling => "spilling",
            Self::Predicates => "predicates",
            Self::Limits => "limits",
            Self::BadRequests => "bad requests",
            Self::Sql => "sql",
        }
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal in $area:ident),* $(,)?) => {
        /// Kind of a finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Kind {
            /// All kinds, in the order of the guide.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the stable name in reports, in kebab case.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns a description of the kind in one sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii(),)*
                }
            }

            /// Returns the area of the check that finds the kind.
            pub fn area(self) -> Area {
                match self {
                    $(Self::$variant => Area::$area,)*
                }
            }
        }
    };
}

kinds! {
    /// A legal request is refused or not answered.
    ValidRequestRejected = "valid-request-rejected" in Protocol,
    /// A response is not a message of the protocol, or answers another request.
    InvalidResponse = "invalid-response" in Protocol,
    /// A repeated request is answered differently.
    ResponseChanges = "response-changes" in Protocol,

    /// A repeated list of schemas or tables has other items or another order.
    ListUnstable = "list-unstable" in Listing,
    /// A name is listed twice.
    NameListedTwice = "name-listed-twice" in Listing,
    /// A page holds more tables than the page size.
    PageTooLarge = "page-too-large" in Listing,
    /// Tables of the unpaginated list are missing from its pages.
    PagesSkip = "pages-skip" in Listing,
    /// Pages hold a table more than once.
    PagesRepeat = "pages-repeat" in Listing,
    /// A page token repeats an earlier one, so that the list never ends.
    PagesNeverEnd = "pages-never-end" in Listing,
    /// A table is not found under its name in lower case, the only one that SQL uses.
    NameNotInLowerCase = "name-not-in-lower-case" in Listing,

    /// A listed table cannot be described.
    ListedTableUnknown = "listed-table-unknown" in Definition,
    /// The definition is that of another table.
    TableNameChanged = "table-name-changed" in Definition,
    /// A table has no columns, an unnamed column, or two columns whose names differ only in case.
    ColumnsIllegal = "columns-illegal" in Definition,
    /// A column has a type that Athena does not support.
    TypeIllegal = "type-illegal" in Definition,
    /// A partition column is not a column of the table, or is listed twice.
    PartitionColumnUnknown = "partition-column-unknown" in Definition,
    /// A repeated request returns another definition.
    DefinitionUnstable = "definition-unstable" in Definition,

    /// Partitions lack a partition column, or have it in another type.
    PartitionsWithoutColumn = "partitions-without-column" in Planning,
    /// A repeated request returns other partitions.
    LayoutUnstable = "layout-unstable" in Planning,
    /// A partition that the predicate can match is not in the layout.
    PartitionPrunedWrongly = "partition-pruned-wrongly" in Planning,
    /// A repeated plan has other splits with other rows.
    SplitsUnstable = "splits-unstable" in Planning,
    /// A page of splits differs when it is requested again with its token.
    SplitsPageChanges = "splits-page-changes" in Planning,
    /// A page token of splits repeats an earlier one, so that the list never ends.
    SplitsNeverEnd = "splits-never-end" in Planning,
    /// Rows are in more than one split.
    SplitsOverlap = "splits-overlap" in Planning,
    /// The plan of the whole table has other rows than the plans of its partitions.
    SplitsIncomplete = "splits-incomplete" in Planning,
    /// Two splits have the same spill location, so that one overwrites the other.
    SplitsShareLocation = "splits-share-location" in Planning,

    /// A response has other columns than requested, or another order of columns.
    AnswerColumnsWrong = "answer-columns-wrong" in Reading,
    /// A value is illegal in its column: a decimal with too many digits, a null in a column that is
    /// not nullable, an unknown time zone.
    InvalidValue = "invalid-value" in Reading,
    /// A repeated read of a split returns other rows.
    RowsDifferOnRepetition = "rows-differ-on-repetition" in Reading,
    /// Reading the splits in another order returns other rows.
    RowsDifferBySplitOrder = "rows-differ-by-split-order" in Reading,
    /// A read of some columns, or of columns in another order, returns other values.
    RowsDifferByColumns = "rows-differ-by-columns" in Reading,
    /// A read without columns returns another number of rows.
    RowCountLost = "row-count-lost" in Reading,

    /// Spilled rows differ from inline rows.
    RowsDifferWhenSpilled = "rows-differ-when-spilled" in Spilling,
    /// Rows differ when they are spilled in smaller blocks.
    RowsDifferByBlockSize = "rows-differ-by-block-size" in Spilling,
    /// A spilled object is missing, cannot be decrypted with its key, or is not a block.
    ObjectUnreadable = "object-unreadable" in Spilling,
    /// A spilled object is larger than the request allows.
    BlockTooLarge = "block-too-large" in Spilling,
    /// Rows are returned inline that must be spilled.
    InlineTooLarge = "inline-too-large" in Spilling,
    /// A spilled object is outside the location of its split.
    SpilledElsewhere = "spilled-elsewhere" in Spilling,
    /// The spilled objects of a response are not numbered consecutively from 0.
    ObjectsMisnumbered = "objects-misnumbered" in Spilling,
    /// A response has another encryption key than its split.
    KeyChanged = "key-changed" in Spilling,

    /// Rows that pass the predicate are missing.
    RowsLost = "rows-lost" in Predicates,
    /// Rows with a null that pass the predicate are missing.
    NullsLost = "nulls-lost" in Predicates,
    /// Rows with NaN that pass the predicate are missing.
    NanLost = "nan-lost" in Predicates,
    /// Rows are returned that a read without the predicate does not return, or not as often.
    UnexpectedRows = "unexpected-rows" in Predicates,
    /// Rows are returned that do not pass a filter that the function announced to apply.
    FilterNotApplied = "filter-not-applied" in Predicates,
    /// Rows with a null are returned that do not pass a filter, although the function announced
    /// filters on nulls.
    NullsKept = "nulls-kept" in Predicates,
    /// Rows with NaN are returned that do not pass a filter that the function announced to apply.
    NanKept = "nan-kept" in Predicates,
    /// Rows are returned for which an expression is not true, although the function announced to
    /// apply it.
    ExpressionNotApplied = "expression-not-applied" in Predicates,
    /// A whole query, from partitions to rows, misses rows that pass the predicate.
    QueryLosesRows = "query-loses-rows" in Predicates,

    /// A limit returns too few rows, although more of them pass the predicate.
    LimitShort = "limit-short" in Limits,
    /// A limit that the function announced to apply returns too many rows.
    LimitNotApplied = "limit-not-applied" in Limits,
    /// A top-N returns too few rows.
    TopNShort = "top-n-short" in Limits,
    /// A top-N returns the first rows of the opposite order.
    TopNOpposite = "top-n-opposite" in Limits,
    /// A top-N returns the first rows of an order with the nulls at the other end.
    TopNNullsMisplaced = "top-n-nulls-misplaced" in Limits,
    /// A top-N returns rows that are not the first ones.
    TopNWrongRows = "top-n-wrong-rows" in Limits,
    /// A top-N that the function announced to apply returns too many rows.
    TopNNotApplied = "top-n-not-applied" in Limits,

    /// An unknown table is described or read.
    UnknownTableAccepted = "unknown-table-accepted" in BadRequests,
    /// An unknown column is read.
    UnknownColumnAccepted = "unknown-column-accepted" in BadRequests,
    /// A damaged request is answered.
    DamagedRequestAccepted = "damaged-request-accepted" in BadRequests,
    /// A page token that the function did not issue is accepted.
    ForeignTokenAccepted = "foreign-token-accepted" in BadRequests,
    /// Rows are spilled to a location that the function did not issue.
    ForeignSpillAccepted = "foreign-spill-accepted" in BadRequests,
    /// A bad request is refused with the error code of another problem.
    WrongErrorCode = "wrong-error-code" in BadRequests,
    /// After a bad request, a valid one is not answered as before.
    FailsAfterBadRequest = "fails-after-bad-request" in BadRequests,

    /// A statement that Athena accepts fails.
    SqlRefused = "sql-refused" in Sql,
    /// A statement returns other columns or types than the definition of the table has.
    SqlColumnsWrong = "sql-columns-wrong" in Sql,
    /// A statement returns rows that the table lacks, or has less often.
    SqlValuesDiffer = "sql-values-differ" in Sql,
    /// A statement misses rows that pass its condition.
    SqlRowsLost = "sql-rows-lost" in Sql,
    /// A statement returns rows that do not pass its condition.
    SqlRowsKept = "sql-rows-kept" in Sql,
    /// A statement with a limit returns too few or too many rows.
    SqlLimitWrong = "sql-limit-wrong" in Sql,
    /// A statement returns rows that are not the first ones of its order, or not in order.
    SqlOrderWrong = "sql-order-wrong" in Sql,
    /// A statement returns wrong counts, extremes or groups.
    SqlAggregateWrong = "sql-aggregate-wrong" in Sql,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_in_kebab_case() {
        let names: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        assert!(
            names
                .iter()
                .all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
        );
    }

    #[test]
    fn the_guide_explains_every_kind() {
        let guide = include_str!("../docs/conformance.md");
        for kind in Kind::ALL {
            let line = format!("| `{kind}` | {} |", kind.meaning());
            assert!(guide.contains(&line), "the guide lacks the line {line}");
        }
    }
}
