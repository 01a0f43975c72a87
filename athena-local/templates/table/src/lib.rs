//! One table: numbers and their squares. Replace the columns and the rows by those of your source.

use std::sync::Arc;

use athena_connector_sdk::{
    Context, RecordBatchStream, Result, Scan, Table, TableDef,
    arrow::{
        array::{ArrayRef, Int64Array},
        datatypes::{DataType, Field},
        record_batch::RecordBatch,
    },
    async_trait,
};

/// Rows of a batch: enough that the cost of a batch does not matter.
const BATCH: i64 = 8_192;

/// Rows of the table.
const ROWS: i64 = 10_000;

/// Table of the numbers from 0 to 9,999 and their squares.
#[derive(Debug)]
pub struct Squares;

#[async_trait]
impl Table for Squares {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        Ok(TableDef::new([
            Field::new("n", DataType::Int64, false),
            Field::new("square", DataType::Int64, false),
        ])
        .with_comment("square", "n times n"))
    }

    /// Returns the rows batch by batch. The SDK selects the columns, and applies the predicate,
    /// order and limit of the query: more rows than asked for are correct, fewer are not.
    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        let starts = (0..ROWS).step_by(usize::try_from(BATCH).unwrap_or(1));
        let batches = starts.map(|start| batch(start, (start + BATCH).min(ROWS)));
        Ok(RecordBatchStream::from_blocking(batches))
    }
}

fn batch(start: i64, end: i64) -> Result<RecordBatch> {
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(start..end));
    let square: ArrayRef = Arc::new(Int64Array::from_iter_values((start..end).map(|n| n * n)));
    Ok(RecordBatch::try_from_iter([("n", n), ("square", square)])?)
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::{Handler, StaticConnector, testing::Harness};

    use super::*;

    #[tokio::test]
    async fn a_query_gets_the_rows_that_it_asks_for() {
        let connector = StaticConnector::new().table("math", "squares", Squares);
        let squares = Harness::new(Handler::new(connector)).table("math", "squares");
        assert_eq!(
            squares.clone().limit(3).text().await.unwrap(),
            "+---+--------+\n\
             | n | square |\n\
             +---+--------+\n\
             | 0 | 0      |\n\
             | 1 | 1      |\n\
             | 2 | 4      |\n\
             +---+--------+"
        );
        assert_eq!(squares.rows().await.unwrap().num_rows(), 10_000);
    }
}
