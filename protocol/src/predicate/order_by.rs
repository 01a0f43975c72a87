//! Sort order (section 3.15 of the protocol). Version 4 and up.

use crate::{
    error::Result,
    json::{JsonCursor, Writer},
};

/// A sort column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderByField {
    /// Column name; may be null on the wire.
    pub column_name: Option<String>,
    /// Direction and placement of nulls.
    pub direction: Direction,
}

/// A sort direction and the placement of nulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub enum Direction {
    AscNullsFirst,
    AscNullsLast,
    DescNullsFirst,
    DescNullsLast,
}

impl Direction {
    const ALL: [Self; 4] =
        [Self::AscNullsFirst, Self::AscNullsLast, Self::DescNullsFirst, Self::DescNullsLast];

    /// Returns the name on the wire, such as `ASC_NULLS_FIRST`.
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::AscNullsFirst => "ASC_NULLS_FIRST",
            Self::AscNullsLast => "ASC_NULLS_LAST",
            Self::DescNullsFirst => "DESC_NULLS_FIRST",
            Self::DescNullsLast => "DESC_NULLS_LAST",
        }
    }

    /// Creates a direction from the two options of a sort, named as in Arrow's `SortOptions`.
    pub fn new(descending: bool, nulls_first: bool) -> Self {
        match (descending, nulls_first) {
            (false, true) => Self::AscNullsFirst,
            (false, false) => Self::AscNullsLast,
            (true, true) => Self::DescNullsFirst,
            (true, false) => Self::DescNullsLast,
        }
    }

    /// Returns whether large values come first.
    pub fn descending(self) -> bool {
        matches!(self, Self::DescNullsFirst | Self::DescNullsLast)
    }

    /// Returns whether nulls come first, which does not depend on the direction.
    pub fn nulls_first(self) -> bool {
        matches!(self, Self::AscNullsFirst | Self::DescNullsFirst)
    }
}

impl OrderByField {
    pub(crate) fn read(at: JsonCursor<'_>) -> Result<Self> {
        at.object()?;
        let direction = at.member("direction");
        let name = direction.text()?;
        let known = Direction::ALL.into_iter().find(|direction| direction.wire_name() == name);
        Ok(Self {
            column_name: at.member("columnName").optional_string()?,
            direction: known.ok_or_else(|| {
                direction.unexpected("ASC or DESC, then _NULLS_FIRST or _NULLS_LAST")
            })?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer) -> Result<()> {
        writer.object(|writer| {
            writer.name("columnName").optional_text(self.column_name.as_deref());
            writer.name("direction").text(self.direction.wire_name());
            Ok(())
        })
    }
}
