//! Order (section 3.15 of the protocol). Version 4 and up.

/// One column to order by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderByField {
    /// Column name; may be null on the wire.
    pub column_name: Option<String>,
    /// Which way, and where nulls go.
    pub direction: Direction,
}

/// A direction and the place of nulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub enum Direction {
    AscNullsFirst,
    AscNullsLast,
    DescNullsFirst,
    DescNullsLast,
}

impl Direction {
    /// The direction that goes up or down, with nulls first or last.
    pub fn new(descending: bool, nulls_first: bool) -> Self {
        match (descending, nulls_first) {
            (false, true) => Self::AscNullsFirst,
            (false, false) => Self::AscNullsLast,
            (true, true) => Self::DescNullsFirst,
            (true, false) => Self::DescNullsLast,
        }
    }

    /// Whether large values come first.
    pub fn descending(self) -> bool {
        matches!(self, Self::DescNullsFirst | Self::DescNullsLast)
    }

    /// Whether nulls come first.
    pub fn nulls_first(self) -> bool {
        matches!(self, Self::AscNullsFirst | Self::DescNullsFirst)
    }
}
