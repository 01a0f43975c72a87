//! The name of a table.

use std::fmt;

use crate::{
    error::Result,
    json::{JsonCursor, Writer},
};

/// A qualified table name: schema and table. Names are case-sensitive on the wire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// Name of the schema.
    pub schema: String,
    /// Name of the table.
    pub table: String,
}

impl TableName {
    /// Creates the name of `table` in `schema`.
    pub fn new(schema: impl Into<String>, table: impl Into<String>) -> Self {
        Self { schema: schema.into(), table: table.into() }
    }
}

/// Writes `schema.table`, without quotes.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

impl TableName {
    pub(crate) fn read(at: JsonCursor<'_>) -> Result<Self> {
        at.object()?;
        Ok(Self {
            schema: at.member("schemaName").string()?,
            table: at.member("tableName").string()?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer) -> Result<()> {
        writer.object(|writer| {
            writer.name("schemaName").text(&self.schema);
            writer.name("tableName").text(&self.table);
            Ok(())
        })
    }
}
