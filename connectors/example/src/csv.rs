//! An object of CSV as record batches, with the columns of its folder.

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

use crate::{objects::Day, visits};

/// The rows of `object`, a batch at a time. `key` names it in errors; the day comes from its
/// folder, not from its text.
pub fn batches(
    object: impl AsRef<[u8]> + Send + 'static,
    key: String,
    day: Day,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send> {
    let schema = visits::csv_schema();
    let unreadable = move |error: ArrowError| {
        Error::invalid_response(format!("object {key:?} is not CSV of this table"))
            .with_source(error)
    };
    let reader = ReaderBuilder::new(schema)
        .with_header(true)
        .build(Cursor::new(object))
        .map_err(&unreadable)?;
    Ok(reader
        .map(move |batch| batch.and_then(|batch| with_folder(&batch, day)).map_err(&unreadable)))
}

/// Adds the columns that stand in the name of the folder, the same in every row.
fn with_folder(batch: &RecordBatch, day: Day) -> std::result::Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let folder = [day.year, day.month, day.day]
        .map(|value| -> ArrayRef { Arc::new(Int32Array::from_value(value, batch.num_rows())) });
    let columns = batch.columns().iter().cloned().chain(folder);
    RecordBatch::try_from_iter_with_nullable(
        names
            .chain(visits::PARTITION_COLUMNS)
            .zip(columns)
            .map(|(name, column)| (name, column, true)),
    )
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::{ErrorKind, arrow::compute::concat_batches};

    use super::*;

    const DAY: Day = Day { year: 2024, month: 2, day: 3 };

    fn rows(csv: &str) -> Result<RecordBatch> {
        let batches =
            batches(csv.to_owned(), "x.csv".to_owned(), DAY)?.collect::<Result<Vec<_>>>()?;
        Ok(concat_batches(&batches[0].schema(), &batches).unwrap())
    }

    #[test]
    fn the_columns_of_the_table_are_those_of_the_object_and_of_its_folder() {
        let rows = rows(&visits::sample_csv(DAY)).unwrap();
        let schema = rows.schema();
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let definition = visits::definition();
        let expected: Vec<_> =
            definition.schema.fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, expected);
        assert_eq!(rows.num_rows(), 50);
        assert_eq!(rows.column(7).as_ref(), &Int32Array::from_value(3, 50));
        assert!(rows.column(1).null_count() > 0, "strangers have no key");
    }

    #[test]
    fn text_where_a_number_belongs_names_the_object() {
        let error = rows("visit_id,customer_key,page,seconds,at\nseven,,,,\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("x.csv"), "{error}");
    }
}
