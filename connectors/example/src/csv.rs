//! CSV objects as record batches, with the partition columns added.

use std::{io::Cursor, sync::Arc};

use athena_connector_sdk::{
    Error, Result,
    arrow::{
        array::{ArrayRef, Int32Array},
        csv::{ReaderBuilder, reader::Format},
        datatypes::{DataType, Field, Schema, SchemaRef},
        error::ArrowError,
        record_batch::RecordBatch,
    },
};

use crate::{day::Day, visits};

/// Reads the rows of `object` batch by batch, and adds the partition columns of `day`.
///
/// Columns are found by the names in the first line, in any order; others are ignored. An object
/// without any text has no rows.
///
/// # Errors
///
/// `InvalidResponse` for text that is not CSV, or a first line without a column of the table; `key`
/// names the object in the message.
pub fn batches(
    object: impl AsRef<[u8]> + Send + 'static,
    key: String,
    day: Day,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send> {
    let header = Format::default()
        .with_header(true)
        .infer_schema(Cursor::new(&object), Some(0))
        .map_err(|error| invalid(&key, error))?
        .0;
    let reader = if header.fields().is_empty() {
        None
    } else {
        let (schema, projection) = columns_of(&header, &key)?;
        let builder = ReaderBuilder::new(schema).with_header(true).with_projection(projection);
        Some(builder.build(Cursor::new(object)).map_err(|error| invalid(&key, error))?)
    };
    Ok(reader.into_iter().flatten().map(move |batch| {
        let batch = batch.and_then(|batch| with_partition_columns(&batch, day));
        batch.map_err(|error| invalid(&key, error))
    }))
}

fn invalid(key: &str, error: ArrowError) -> Error {
    Error::invalid_response(format!(
        "object {key:?} is not CSV with the columns of table {}.{}",
        visits::SCHEMA,
        visits::TABLE
    ))
    .with_source(error)
}

/// Returns the columns of an object with this first line, and the positions of those of the table.
fn columns_of(header: &Schema, key: &str) -> Result<(SchemaRef, Vec<usize>)> {
    let table = visits::csv_schema();
    let names: Vec<&str> = header.fields().iter().map(|field| field.name().as_str()).collect();
    let mut projection = Vec::new();
    for column in table.fields() {
        let mut positions = (0..names.len()).filter(|position| names[*position] == column.name());
        match (positions.next(), positions.next()) {
            (Some(position), None) => projection.push(position),
            (found, _) => {
                let times = if found.is_some() { "more than once" } else { "nowhere" };
                return Err(Error::invalid_response(format!(
                    "object {key:?} has column {:?} {times} in its first line; write the names of \
                     all columns there, each once",
                    column.name()
                )));
            }
        }
    }
    let fields = names.iter().map(|name| match table.field_with_name(name) {
        Ok(field) => field.clone(),
        Err(_) => Field::new(*name, DataType::Utf8, true),
    });
    Ok((Arc::new(Schema::new(fields.collect::<Vec<_>>())), projection))
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
    use athena_connector_sdk::{
        ErrorKind,
        arrow::{array::AsArray, compute::concat_batches, datatypes::Int64Type},
    };

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
    fn columns_are_found_by_name_in_any_order_beside_others() {
        let rows = read("page,more,at,visit_id,seconds,customer_key\n/x,9,,7,3,5\n").unwrap();
        let number = |index: usize| {
            let column = rows.column(index);
            column.as_primitive_opt::<Int64Type>().map(|column| column.value(0))
        };
        assert_eq!((number(0), number(1)), (Some(7), Some(5)));
        assert_eq!(rows.column(2).as_string::<i32>().value(0), "/x");
        assert_eq!(rows.num_columns(), 8);
    }

    #[test]
    fn an_object_without_the_names_of_all_columns_is_refused_and_an_empty_one_has_no_rows() {
        for (csv, problem) in [
            ("1,2,/x,3,2024-01-02T01:02:00\n", "\"visit_id\" nowhere"),
            ("visit_id,customer_key,page,at\n", "\"seconds\" nowhere"),
            ("visit_id,visit_id,customer_key,page,seconds,at\n", "\"visit_id\" more than once"),
        ] {
            let error = read(csv).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            assert!(error.message().contains(problem), "{error}");
        }
        assert_eq!(batches("", "x.csv".to_owned(), DAY).unwrap().count(), 0);
    }

    #[test]
    fn the_error_for_text_in_a_number_column_names_the_object() {
        let error = read("visit_id,customer_key,page,seconds,at\nseven,,,,\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("x.csv"), "{error}");
    }
}
