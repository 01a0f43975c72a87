//! CSV objects as record batches, with the partition columns added.

use std::{io::Cursor, sync::Arc};

use athena_connector_sdk::{
    Error, Result,
    arrow::{
        array::{ArrayRef, Int32Array},
        csv::ReaderBuilder,
        error::ArrowError,
        record_batch::RecordBatch,
    },
};

use crate::{day::Day, visits};

/// Reads the rows of `object` batch by batch, and adds the partition columns of `day`.
///
/// # Errors
///
/// `InvalidResponse` for text that is not CSV with the columns of the table; `key` names the
/// object in the message.
pub fn batches(
    object: impl AsRef<[u8]> + Send + 'static,
    key: String,
    day: Day,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send> {
    let schema = visits::csv_schema();
    let invalid = move |error: ArrowError| {
        Error::invalid_response(format!(
            "object {key:?} is not CSV with the columns of table {}.{}",
            visits::SCHEMA,
            visits::TABLE
        ))
        .with_source(error)
    };
    let reader = ReaderBuilder::new(schema)
        .with_header(true)
        .build(Cursor::new(object))
        .map_err(&invalid)?;
    Ok(reader.map(move |batch| {
        batch.and_then(|batch| with_partition_columns(&batch, day)).map_err(&invalid)
    }))
}

/// Adds the partition columns, which have the same value in every row.
fn with_partition_columns(
    batch: &RecordBatch,
    day: Day,
) -> std::result::Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let names = names.chain(visits::PARTITION_COLUMNS);
    let constant =
        |value| -> ArrayRef { Arc::new(Int32Array::from_value(value, batch.num_rows())) };
    let partition_columns = [day.year, day.month, day.day].map(constant);
    let columns = batch.columns().iter().cloned().chain(partition_columns);
    RecordBatch::try_from_iter_with_nullable(
        names.zip(columns).map(|(name, column)| (name, column, true)),
    )
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::{ErrorKind, arrow::compute::concat_batches};

    use super::*;

    const DAY: Day = Day { year: 2024, month: 2, day: 3 };

    fn read(csv: &str) -> Result<RecordBatch> {
        let batches =
            batches(csv.to_owned(), "x.csv".to_owned(), DAY)?.collect::<Result<Vec<_>>>()?;
        Ok(concat_batches(&batches[0].schema(), &batches).unwrap())
    }

    #[test]
    fn the_table_has_the_columns_of_the_object_and_the_partition_columns() {
        let rows = read(&visits::sample_csv(DAY)).unwrap();
        let schema = rows.schema();
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let definition = visits::definition();
        let expected: Vec<_> =
            definition.schema.fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, expected);
        assert_eq!(rows.num_rows(), 50);
        assert_eq!(rows.column(7).as_ref(), &Int32Array::from_value(3, 50));
        assert!(rows.column(1).null_count() > 0, "anonymous visitors have no key");
    }

    #[test]
    fn the_error_for_text_in_a_number_column_names_the_object() {
        let error = read("visit_id,customer_key,page,seconds,at\nseven,,,,\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("x.csv"), "{error}");
    }
}
