//! Every kind of finding, by a name that does not change.

use std::fmt;

/// What a check looks at; a report has one line for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Whether legal requests are answered, and by what was asked for.
    Conversation,
    /// Schemas and tables.
    Listing,
    /// What a table is said to look like.
    Definition,
    /// Partitions and splits.
    Planning,
    /// The rows without any predicate, however they are read.
    Reading,
    /// Inline answers, blocks and objects.
    Spilling,
    /// Rows under value sets and expressions.
    Predicates,
    /// Rows under a limit, with and without an order.
    Limits,
    /// What must be refused.
    BadRequests,
}

impl Area {
    /// Every area, in the order of a report.
    pub const ALL: [Self; 9] = [
        Self::Conversation,
        Self::Listing,
        Self::Definition,
        Self::Planning,
        Self::Reading,
        Self::Spilling,
        Self::Predicates,
        Self::Limits,
        Self::BadRequests,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::Listing => "listing",
            Self::Definition => "definition",
            Self::Planning => "planning",
            Self::Reading => "reading",
            Self::Spilling => "spilling",
            Self::Predicates => "predicates",
            Self::Limits => "limits",
            Self::BadRequests => "bad requests",
        }
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal in $area:ident),* $(,)?) => {
        /// What is wrong with a function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name that a report has.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii(),)*
                }
            }

            /// The check that finds it.
            pub fn area(self) -> Area {
                match self {
                    $(Self::$variant => Area::$area,)*
                }
            }
        }
    };
}

kinds! {
    /// A request that Athena may send is answered by an error, or not at all.
    LegalRequestRefused = "legal-request-refused" in Conversation,
    /// An answer is not a message of the protocol, or is the answer to another question.
    AnswerUnreadable = "answer-unreadable" in Conversation,
    /// Asked once more, the function answers something else.
    AnswerChanges = "answer-changes" in Conversation,

    /// The schemas or tables come in another order, or are others, when they are listed again.
    ListUnstable = "list-unstable" in Listing,
    /// A name is listed twice.
    NameListedTwice = "name-listed-twice" in Listing,
    /// A page holds more tables than were asked for.
    PageTooLarge = "page-too-large" in Listing,
    /// Pages leave out tables that the whole list has.
    PagesSkip = "pages-skip" in Listing,
    /// Pages hold a table more than once.
    PagesRepeat = "pages-repeat" in Listing,
    /// A token leads back to a page that was there before, so that the list never ends.
    PagesNeverEnd = "pages-never-end" in Listing,
    /// A table is not found under its name in lower case, which is all that SQL can ask for.
    NameNotInLowerCase = "name-not-in-lower-case" in Listing,

    /// A listed table cannot be described.
    ListedTableUnknown = "listed-table-unknown" in Definition,
    /// The description is of another table than was asked for.
    TableNameChanged = "table-name-changed" in Definition,
    /// A table has no columns, a column without a name, or two whose names differ in case at most.
    ColumnsIllegal = "columns-illegal" in Definition,
    /// A column has a type that Athena does not take.
    TypeIllegal = "type-illegal" in Definition,
    /// A partition column is not a column of the table, or is named twice.
    PartitionColumnUnknown = "partition-column-unknown" in Definition,
    /// Described again, the table looks different.
    DefinitionUnstable = "definition-unstable" in Definition,

    /// Partitions lack a partition column, or have it in another type.
    PartitionsWithoutColumn = "partitions-without-column" in Planning,
    /// The partitions are others when they are asked for again.
    LayoutUnstable = "layout-unstable" in Planning,
    /// A partition that the predicate can match is not in the layout.
    PartitionPrunedWrongly = "partition-pruned-wrongly" in Planning,
    /// The splits are others when they are asked for again.
    SplitsUnstable = "splits-unstable" in Planning,
    /// A page of splits is another one when it is asked for again with its token.
    SplitsPageChanges = "splits-page-changes" in Planning,
    /// The token of a page of splits leads back to a page that was there before.
    SplitsNeverEnd = "splits-never-end" in Planning,
    /// Rows are in more than one split.
    SplitsOverlap = "splits-overlap" in Planning,
    /// Planned whole, a table has fewer or other rows than planned partition by partition.
    SplitsIncomplete = "splits-incomplete" in Planning,
    /// Two splits, or all of them, spill to one place, so that one would overwrite the other.
    SplitsShareLocation = "splits-share-location" in Planning,

    /// The answer has other columns than were asked for, or in another order.
    AnswerColumnsWrong = "answer-columns-wrong" in Reading,
    /// A value is not one of its column: a decimal with too many digits, null in a column without
    /// nulls, an unknown zone.
    ValueIllegal = "value-illegal" in Reading,
    /// Read again, a split has other rows.
    RowsDifferOnRepetition = "rows-differ-on-repetition" in Reading,
    /// Read in another order, splits have other rows.
    RowsDifferBySplitOrder = "rows-differ-by-split-order" in Reading,
    /// Asked for some columns only, or in another order, the function answers other values.
    RowsDifferByColumns = "rows-differ-by-columns" in Reading,
    /// Asked for no columns, the function does not answer as many rows as there are.
    RowCountLost = "row-count-lost" in Reading,

    /// Spilled, the rows are others than inline.
    RowsDifferWhenSpilled = "rows-differ-when-spilled" in Spilling,
    /// Cut into smaller blocks, the rows are others.
    RowsDifferByBlockSize = "rows-differ-by-block-size" in Spilling,
    /// An object of the answer is not there, does not open with the key, or is not a block.
    ObjectUnreadable = "object-unreadable" in Spilling,
    /// An object is larger than the request allows.
    BlockTooLarge = "block-too-large" in Spilling,
    /// Rows come inline that had to be spilled.
    InlineTooLarge = "inline-too-large" in Spilling,
    /// An object is outside of the place that its split names.
    SpilledElsewhere = "spilled-elsewhere" in Spilling,
    /// The objects of an answer are not numbered from 0 without a gap.
    ObjectsMisnumbered = "objects-misnumbered" in Spilling,
    /// The answer names another key than its split.
    KeyChanged = "key-changed" in Spilling,

    /// Rows that the predicate lets pass are missing.
    RowsLost = "rows-lost" in Predicates,
    /// Rows with a null that the predicate lets pass are missing.
    NullsLost = "nulls-lost" in Predicates,
    /// Rows with NaN that the predicate lets pass are missing.
    NanLost = "nan-lost" in Predicates,
    /// Rows come back that a read without the predicate does not have, or more often than it has
    /// them.
    RowsInvented = "rows-invented" in Predicates,
    /// The function announced filters, and rows come back that they do not let pass.
    FilterNotApplied = "filter-not-applied" in Predicates,
    /// The function announced filters with nulls, and rows with a null come back that they do not
    /// let pass.
    NullsKept = "nulls-kept" in Predicates,
    /// The function announced filters, and rows with NaN come back that they do not let pass.
    NanKept = "nan-kept" in Predicates,
    /// The function announced expressions, and rows come back for which they are not true.
    ExpressionNotApplied = "expression-not-applied" in Predicates,
    /// A whole query, from partitions to rows, has lost rows that the predicate lets pass.
    QueryLosesRows = "query-loses-rows" in Predicates,

    /// Fewer rows come back than a limit asks for, although there are more that the predicate lets
    /// pass.
    LimitShort = "limit-short" in Limits,
    /// The function announced limits and answers more rows.
    LimitNotApplied = "limit-not-applied" in Limits,
    /// Fewer rows come back than an order and a limit ask for.
    TopNShort = "top-n-short" in Limits,
    /// The rows are the first ones of the opposite order.
    TopNOpposite = "top-n-opposite" in Limits,
    /// The rows are the first ones of an order that has nulls at its other end.
    TopNNullsMisplaced = "top-n-nulls-misplaced" in Limits,
    /// The rows are not the first ones of the order.
    TopNWrongRows = "top-n-wrong-rows" in Limits,
    /// The function announced top-N and answers more rows.
    TopNNotApplied = "top-n-not-applied" in Limits,

    /// A table that is not there is described or read.
    UnknownTableAccepted = "unknown-table-accepted" in BadRequests,
    /// A column that is not there is read.
    UnknownColumnAccepted = "unknown-column-accepted" in BadRequests,
    /// Something that is no request is answered.
    DamagedRequestAccepted = "damaged-request-accepted" in BadRequests,
    /// A page token that the function never made is taken.
    ForeignTokenAccepted = "foreign-token-accepted" in BadRequests,
    /// Rows are spilled to a place that the function never named.
    ForeignSpillAccepted = "foreign-spill-accepted" in BadRequests,
    /// A bad request is refused with the code of another fault.
    WrongErrorCode = "wrong-error-code" in BadRequests,
    /// After a bad request, a good one is not answered as before.
    DiesAfterBadRequest = "dies-after-bad-request" in BadRequests,
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
        let guide = include_str!("../../../docs/conformance.md");
        for kind in Kind::ALL {
            let line = format!("| `{kind}` | {} |", kind.meaning());
            assert!(guide.contains(&line), "docs/conformance.md has no line {line}");
        }
    }
}
