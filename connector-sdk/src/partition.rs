//! Partition values: encoded into a split, and added to the batches that are read from it.

use std::{collections::BTreeMap, str::FromStr, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BinaryArray, StringArray, UInt32Array, new_null_array},
    compute::{CastOptions, cast_with_options, take},
    datatypes::{DataType, Field, Schema, SchemaRef},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use base64_simd::URL_SAFE_NO_PAD;

use crate::{Error, GetSplits, Result, Split, column_index::ColumnIndex, compact::visible_bytes};

/// Property of a split that holds its partition values, as a JSON object of strings and nulls.
const PROPERTY: &str = "$partition";

impl GetSplits {
    /// Creates a split of the partition in row `row` of [`partitions`](Self::partitions), with the
    /// values of its partition columns.
    ///
    /// Batches read from the split may omit the partition columns: the SDK adds them. A column that
    /// a batch has takes precedence. The values are in the reserved property `$partition`, as plain
    /// text.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use athena_connector_sdk::{GetSplits, TableName, arrow};
    /// # use arrow::{array::{ArrayRef, StringArray}, record_batch::RecordBatch};
    /// let day: ArrayRef = Arc::new(StringArray::from(vec!["2024-02-29"]));
    /// let partitions = RecordBatch::try_from_iter([("day", day)]).expect("one column");
    /// let request = GetSplits::new(TableName::new("web", "visits"), partitions)
    ///     .with_partition_columns(vec!["day".into()]);
    /// let split = request.split_for_partition(0)?.with("object", "visits/2024-02-29.csv");
    /// # let _ = split;
    /// # Ok::<(), athena_connector_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partitions lack a partition column; `Unsupported` for a value that has
    /// no exact text form, such as one of a nested type.
    ///
    /// # Panics
    ///
    /// Panics if `row` is out of bounds.
    pub fn split_for_partition(&self, row: usize) -> Result<Split> {
        let columns = ColumnIndex::new(self.partitions.schema_ref().fields());
        let mut values = BTreeMap::new();
        for name in &self.partition_columns {
            let (index, _) = columns.find(name).ok_or_else(|| {
                Error::invalid_input(format!("the partitions lack the partition column {name:?}"))
            })?;
            let value = self.partitions.column(index).slice(row, 1);
            values.insert(name.as_str(), exact_text(name, &value)?);
        }
        let json = serde_json::to_string(&values).expect("strings and nulls make a JSON object");
        Ok(Split::new().with(PROPERTY, json))
    }
}

impl GetSplits {
    /// Returns the value in column `name` of the partition in row `row`; `None` for null.
    ///
    /// The column is a partition column or one of the connector's own. Its text form is that of
    /// [`Split::partition`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use athena_connector_sdk::{GetSplits, TableName, arrow};
    /// # use arrow::{array::{ArrayRef, Int32Array}, record_batch::RecordBatch};
    /// # let year: ArrayRef = Arc::new(Int32Array::from(vec![2024]));
    /// # let partitions = RecordBatch::try_from_iter([("year", year)]).expect("one column");
    /// # let request = GetSplits::new(TableName::new("web", "visits"), partitions);
    /// assert_eq!(request.partition::<u32>(0, "year")?, Some(2024));
    /// # Ok::<(), athena_connector_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidInput` if there is no such column, or its value is no `T`; `Unsupported` for a value
    /// without a text form, such as one of a nested type.
    ///
    /// # Panics
    ///
    /// Panics if `row` is out of bounds.
    pub fn partition<T: FromStr>(&self, row: usize, name: &str) -> Result<Option<T>> {
        let columns = ColumnIndex::new(self.partitions.schema_ref().fields());
        let (index, _) = columns.find(name).ok_or_else(|| {
            Error::invalid_input(format!("the partitions have no column {name:?}"))
        })?;
        let text = exact_text(name, &self.partitions.column(index).slice(row, 1))?;
        text.map(|text| text.parse()).transpose().map_err(|_| {
            let expected = std::any::type_name::<T>();
            Error::invalid_input(format!("the value of column {name:?} is no {expected}"))
        })
    }
}

impl Split {
    /// Returns the value of the partition column `name`, as
    /// [`split_for_partition`](GetSplits::split_for_partition) got it; `None` for null.
    ///
    /// Dates are days since 1970-01-01, times the ticks of their unit since then, binary values
    /// base64 without padding, with `-` and `_`.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use athena_connector_sdk::{GetSplits, TableName, arrow};
    /// # use arrow::{array::{ArrayRef, StringArray}, record_batch::RecordBatch};
    /// # let month: ArrayRef = Arc::new(StringArray::from(vec!["2024-08"]));
    /// # let partitions = RecordBatch::try_from_iter([("month", month)]).expect("one column");
    /// # let request = GetSplits::new(TableName::new("web", "visits"), partitions)
    /// #     .with_partition_columns(vec!["month".into()]);
    /// let split = request.split_for_partition(0)?;
    /// assert_eq!(split.partition::<String>("month")?.as_deref(), Some("2024-08"));
    /// # Ok::<(), athena_connector_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the split has no value of this column, or one that is no `T`.
    pub fn partition<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        let invalid = || {
            Error::invalid_input(format!(
                "the split has no value of the partition column {name:?}, or none of type {}; it \
                 may come from another build of the connector: run the query again",
                std::any::type_name::<T>()
            ))
        };
        let json = self.get_str(PROPERTY).ok_or_else(invalid)?;
        let texts: BTreeMap<String, Option<String>> =
            serde_json::from_str(json).map_err(|error| invalid().with_source(error))?;
        let text = texts.get(name).ok_or_else(invalid)?;
        text.as_ref().map(|text| text.parse().map_err(|_| invalid())).transpose()
    }
}

/// Encodes the value of column `name` as text; `None` for null.
///
/// Whatever the encoding, only a value that decodes to itself is encoded.
fn exact_text(name: &str, value: &ArrayRef) -> Result<Option<String>> {
    let text = encode_value(value).filter(|text| {
        decode_value(text.as_deref(), value.data_type())
            .is_some_and(|decoded| decoded.as_ref() == value.as_ref())
    });
    text.ok_or_else(|| {
        Error::unsupported(format!(
            "partition column {name:?} has type {}, and its value cannot be encoded in a split; \
             put it into a property of the split, and into the batches",
            value.data_type()
        ))
    })
}

/// Encodes a value as text: `None` if it has no text form, `Some(None)` for null.
#[expect(clippy::option_option, reason = "a missing text form is not null")]
fn encode_value(value: &ArrayRef) -> Option<Option<String>> {
    if value.logical_null_count() > 0 {
        return Some(None);
    }
    if let Some(bytes) = value.as_binary_opt::<i32>() {
        return Some(Some(URL_SAFE_NO_PAD.encode_to_string(bytes.value(0))));
    }
    let number = match integer_type(value.data_type()) {
        Some(integer) => cast_exactly(value, &integer)?,
        None => Arc::clone(value),
    };
    let text = cast_exactly(&number, &DataType::Utf8)?;
    Some(Some(text.as_string::<i32>().value(0).to_owned()))
}

/// Returns the integer type in which dates and times are encoded; their text form depends on the
/// time zone.
fn integer_type(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Date32 => Some(DataType::Int32),
        DataType::Date64 | DataType::Timestamp(_, _) => Some(DataType::Int64),
        _ => None,
    }
}

fn cast_exactly(value: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(value, to, &options).ok()
}

/// Decodes a value of `data_type`; `None` if the text is not the encoding of one.
fn decode_value(text: Option<&str>, data_type: &DataType) -> Option<ArrayRef> {
    // Nested and fixed-size types are never encoded. Their nulls are as large as the type, so an
    // edited split could allocate without bound.
    let is_encodable = data_type.is_primitive()
        || matches!(data_type, DataType::Boolean | DataType::Utf8 | DataType::Binary);
    if !is_encodable {
        return None;
    }
    let Some(text) = text else { return Some(new_null_array(data_type, 1)) };
    if *data_type == DataType::Binary {
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(text).ok()?;
        return Some(Arc::new(BinaryArray::from(vec![bytes.as_slice()])));
    }
    let text: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let number = match integer_type(data_type) {
        Some(integer) => cast_exactly(&text, &integer)?,
        None => text,
    };
    cast_exactly(&number, data_type)
}

/// Partition values of one split.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartitionValues {
    /// Arrays of one row, by column name.
    values: BTreeMap<String, ArrayRef>,
}

impl PartitionValues {
    /// Decodes the values of a split for the columns of `schema`; none if the split has none.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if [`GetSplits::split_for_partition`] did not encode them, or for a column of
    /// another type.
    pub(crate) fn from_split(split: &Split, schema: &SchemaRef) -> Result<Self> {
        let Some(json) = split.get_str(PROPERTY) else { return Ok(Self::default()) };
        let invalid = || {
            Error::invalid_input(format!(
                "split property {PROPERTY:?} was not encoded by this connector"
            ))
        };
        let texts: BTreeMap<String, Option<String>> =
            serde_json::from_str(json).map_err(|e| invalid().with_source(e))?;
        let columns = ColumnIndex::new(schema.fields());
        let mut values = BTreeMap::new();
        for (name, text) in texts {
            if let Some((_, field)) = columns.find(&name) {
                let value = decode_value(text.as_deref(), field.data_type()).ok_or_else(invalid)?;
                values.insert(name, value);
            }
        }
        Ok(Self { values })
    }

    /// Returns the values as a batch of one row; `None` if there are none.
    pub(crate) fn as_row(&self) -> Option<RecordBatch> {
        let columns = self.values.iter().map(|(name, value)| (name, Arc::clone(value), true));
        RecordBatch::try_from_iter_with_nullable(columns).ok().filter(|row| row.num_columns() > 0)
    }

    /// Iterates over the values of columns that `batch` lacks, in order of their names.
    fn missing_from(&self, batch: &RecordBatch) -> Vec<(&String, &ArrayRef)> {
        if self.values.is_empty() {
            return Vec::new();
        }
        let columns = ColumnIndex::new(batch.schema_ref().fields());
        self.values.iter().filter(|(name, _)| columns.find(name).is_none()).collect()
    }

    /// Returns the bytes that [`add_to`](Self::add_to) adds to each row of `batch`.
    pub(crate) fn added_row_bytes(&self, batch: &RecordBatch) -> usize {
        self.missing_from(batch).iter().map(|(_, value)| visible_bytes(&value.to_data())).sum()
    }

    /// Adds the partition columns that the batch lacks.
    pub(crate) fn add_to(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let values = self.missing_from(&batch);
        if values.is_empty() {
            return Ok(batch);
        }
        let rows = batch.num_rows();
        let mut fields: Vec<_> = batch.schema_ref().fields().iter().cloned().collect();
        let mut columns = batch.columns().to_vec();
        for (name, value) in values {
            fields.push(Arc::new(Field::new(name, value.data_type().clone(), true)));
            let repeated = take(value, &UInt32Array::from_value(0, rows), None);
            columns.push(repeated.map_err(|e| {
                Error::internal("a partition value cannot be repeated").with_source(e)
            })?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(
            |e| Error::internal("partition values cannot be added to a batch").with_source(e),
        )
    }
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{
            BooleanArray, Date32Array, Date64Array, Decimal128Array, Float64Array, Int8Array,
            Int64Array, ListArray, TimestampMillisecondArray,
        },
        datatypes::Int32Type,
    };

    use super::*;
    use crate::{ErrorKind, TableName};

    fn request(columns: Vec<(&str, ArrayRef)>) -> GetSplits {
        let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let partitions = columns.into_iter().map(|(name, column)| (name, column, true));
        let partitions =
            RecordBatch::try_from_iter_with_nullable(partitions).expect("columns of one length");
        GetSplits::new(TableName::new("s", "t"), partitions).with_partition_columns(names)
    }

    #[test]
    fn every_scalar_value_round_trips_into_the_rows() {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("bool", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
            ("tiny", Arc::new(Int8Array::from(vec![i8::MIN, 0, i8::MAX]))),
            ("big", Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)]))),
            ("double", Arc::new(Float64Array::from(vec![0.1, f64::MAX, -0.0]))),
            (
                "text",
                Arc::new(StringArray::from(vec![Some(""), None, Some("a \"quoted\" \u{1F600}")])),
            ),
            ("bytes", Arc::new(BinaryArray::from(vec![&b""[..], b"\xFF\x00", b"plain"]))),
            ("day", Arc::new(Date32Array::from(vec![-25_567, 0, 19_783]))),
            ("at", Arc::new(Date64Array::from(vec![-1, 0, 1_709_294_400_123]))),
            (
                "zoned",
                Arc::new(
                    TimestampMillisecondArray::from(vec![-1, 0, 1_709_294_400_123])
                        .with_timezone("Asia/Tokyo"),
                ),
            ),
            (
                "exact",
                Arc::new(
                    Decimal128Array::from(vec![-1, 0, 10_i128.pow(37)])
                        .with_precision_and_scale(38, 2)
                        .unwrap(),
                ),
            ),
        ];
        let request = request(columns);
        let read = request.partitions.schema();
        for row in 0..3 {
            let split = request.split_for_partition(row).unwrap();
            let values = PartitionValues::from_split(&split, &read).unwrap();
            let n: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
            let filled = values.add_to(RecordBatch::try_from_iter([("n", n)]).unwrap()).unwrap();
            for field in read.fields() {
                let expected =
                    request.partitions.column_by_name(field.name()).unwrap().slice(row, 1);
                for at in 0..2 {
                    let found = filled.column_by_name(field.name()).unwrap().slice(at, 1);
                    assert_eq!(&found, &expected, "{} of row {row}", field.name());
                }
            }
        }
    }

    #[test]
    fn columns_of_a_batch_take_precedence_and_rows_without_columns_get_them() {
        let request = request(vec![("region", Arc::new(Int64Array::from(vec![7])))]);
        let values = PartitionValues::from_split(
            &request.split_for_partition(0).unwrap(),
            &request.partitions.schema(),
        )
        .unwrap();
        let own: ArrayRef = Arc::new(Int64Array::from(vec![8]));
        let batch = RecordBatch::try_from_iter([("region", own)]).unwrap();
        assert_eq!(values.add_to(batch.clone()).unwrap(), batch);
        let filled = values.add_to(crate::stream::batch_without_columns(3)).unwrap();
        assert_eq!((filled.num_rows(), filled.num_columns()), (3, 1));
        let none =
            PartitionValues::from_split(&Split::new(), &request.partitions.schema()).unwrap();
        assert_eq!(none.add_to(batch.clone()).unwrap(), batch);
    }

    #[test]
    fn nested_values_and_edited_properties_are_rejected() {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
        assert_eq!(
            request(vec![("list", Arc::new(lists))]).split_for_partition(0).unwrap_err().kind(),
            ErrorKind::Unsupported
        );
        let endless = |element: DataType| DataType::new_fixed_size_list(element, i32::MAX, true);
        for data_type in [endless(endless(DataType::Int8)), DataType::FixedSizeBinary(i32::MAX)] {
            let read = Arc::new(Schema::new(vec![Field::new("n", data_type, true)]));
            let split = Split::new().with(PROPERTY, r#"{"n":null}"#);
            assert_eq!(
                PartitionValues::from_split(&split, &read).unwrap_err().kind(),
                ErrorKind::InvalidInput
            );
        }
        let read = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        for json in ["", "[]", r#"{"n":"seven"}"#, r#"{"n":7}"#] {
            let split = Split::new().with(PROPERTY, json);
            assert_eq!(
                PartitionValues::from_split(&split, &read).unwrap_err().kind(),
                ErrorKind::InvalidInput,
                "{json}"
            );
        }
        let absent = request(vec![("n", Arc::new(Int64Array::from(vec![1])))])
            .with_partition_columns(vec!["m".into()]);
        assert_eq!(absent.split_for_partition(0).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
