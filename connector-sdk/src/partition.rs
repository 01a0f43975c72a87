//! The values of the partition columns, carried by a split and filled into its rows.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BinaryArray, StringArray, UInt32Array, new_null_array},
    compute::{CastOptions, cast_with_options, take},
    datatypes::{DataType, Field, Schema, SchemaRef},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use base64_simd::URL_SAFE_NO_PAD;

use crate::{Error, GetSplits, Result, Split, unshared::shown};

/// The property of a split that holds them, as a JSON object of texts and nulls.
const PROPERTY: &str = "$partition";

impl GetSplits {
    /// A split of the partition in row `row` of [`partitions`](Self::partitions), which carries the
    /// values of its partition columns: batches read from it may leave those columns out, and the
    /// SDK fills them in.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use athena_connector_sdk::{GetSplits, TableName, arrow};
    /// # use arrow::{array::{ArrayRef, StringArray}, record_batch::RecordBatch};
    /// let day: ArrayRef = Arc::new(StringArray::from(vec!["2024-02-29"]));
    /// let partitions = RecordBatch::try_from_iter([("day", day)]).expect("one column");
    /// let request = GetSplits::new(TableName::new("web", "visits"), partitions).with_partition_columns(vec!["day".into()]);
    /// let split = request.split_for_partition(0)?.with("object", "visits/2024-02-29.csv");
    /// # let _ = split;
    /// # Ok::<(), athena_connector_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a partition without one of the columns; `Unsupported` for a value that
    /// cannot be carried as text, such as one of a nested type.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn split_for_partition(&self, row: usize) -> Result<Split> {
        let mut values = BTreeMap::new();
        for name in &self.partition_columns {
            let column = self.partitions.column_by_name(name).ok_or_else(|| {
                Error::invalid_input(format!(
                    "the partitions have no column {name:?}, by which the table is partitioned"
                ))
            })?;
            let value = column.slice(row, 1);
            let text = to_text(&value).filter(|text| {
                // Whatever the way, what is carried must come back.
                of_text(text.as_deref(), value.data_type())
                    .is_some_and(|back| back.as_ref() == value.as_ref())
            });
            let text = text.ok_or_else(|| {
                Error::unsupported(format!(
                    "partition column {name:?} is of type {}, and its value cannot be carried by a split; put it into a \
                     property, and into the batches",
                    value.data_type()
                ))
            })?;
            values.insert(name.as_str(), text);
        }
        let json = serde_json::to_string(&values).expect("texts and nulls make a JSON object");
        Ok(Split::new().with(PROPERTY, json))
    }
}

/// The value as text; the outer `None` where there is no way, the inner for null.
#[expect(clippy::option_option, reason = "no text is not the text of null")]
fn to_text(value: &ArrayRef) -> Option<Option<String>> {
    if value.logical_null_count() > 0 {
        return Some(None);
    }
    if let Some(bytes) = value.as_binary_opt::<i32>() {
        return Some(Some(URL_SAFE_NO_PAD.encode_to_string(bytes.value(0))));
    }
    let number = carrier(value.data_type())
        .map_or_else(|| Some(Arc::clone(value)), |carrier| exact(value, &carrier))?;
    let text = exact(&number, &DataType::Utf8)?;
    Some(Some(text.as_string::<i32>().value(0).to_owned()))
}

/// The numbers that times are carried as, rather than by their names in some zone.
fn carrier(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Date32 => Some(DataType::Int32),
        DataType::Date64 | DataType::Timestamp(_, _) => Some(DataType::Int64),
        _ => None,
    }
}

fn exact(value: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(value, to, &options).ok()
}

/// The value that a text stands for; `None` if it stands for none of the type.
fn of_text(text: Option<&str>, data_type: &DataType) -> Option<ArrayRef> {
    // What is nested or of a fixed size is carried by no split, and a null of it may be as large as
    // its type says.
    let is_carried = data_type.is_primitive()
        || matches!(data_type, DataType::Boolean | DataType::Utf8 | DataType::Binary);
    if !is_carried {
        return None;
    }
    let Some(text) = text else { return Some(new_null_array(data_type, 1)) };
    if *data_type == DataType::Binary {
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(text).ok()?;
        return Some(Arc::new(BinaryArray::from(vec![bytes.as_slice()])));
    }
    let text: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let number = carrier(data_type)
        .map_or_else(|| Some(Arc::clone(&text)), |carrier| exact(&text, &carrier))?;
    exact(&number, data_type)
}

/// What a split says of the partition columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartitionValues {
    /// One row each.
    values: BTreeMap<String, ArrayRef>,
}

impl PartitionValues {
    /// The values that a split carries of the columns of `read`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a split that was not made by [`GetSplits::split_for_partition`], or of another type.
    pub(crate) fn of_split(split: &Split, read: &SchemaRef) -> Result<Self> {
        let Some(json) = split.get_str(PROPERTY) else { return Ok(Self::default()) };
        let foreign = || {
            Error::invalid_input(format!(
                "split property {PROPERTY:?} was not made by this connector"
            ))
        };
        let texts: BTreeMap<String, Option<String>> =
            serde_json::from_str(json).map_err(|e| foreign().with_source(e))?;
        let mut values = BTreeMap::new();
        for (name, text) in texts {
            if let Some((_, field)) = read.fields().find(&name) {
                let value = of_text(text.as_deref(), field.data_type()).ok_or_else(foreign)?;
                values.insert(name, value);
            }
        }
        Ok(Self { values })
    }

    /// Those that `batch` has no column of.
    fn lacking(&self, batch: &RecordBatch) -> impl Iterator<Item = (&String, &ArrayRef)> {
        self.values.iter().filter(|(name, _)| batch.schema_ref().fields().find(name).is_none())
    }

    /// How many bytes [`fill`](Self::fill) adds to each row of `batch`.
    pub(crate) fn row_len(&self, batch: &RecordBatch) -> usize {
        self.lacking(batch).map(|(_, value)| shown(&value.to_data())).sum()
    }

    /// The batch with a column for each of the partition columns that it lacks.
    pub(crate) fn fill(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let values: Vec<_> = self.lacking(&batch).collect();
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
            |e| Error::internal("a batch cannot be filled with partition values").with_source(e),
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
    fn every_scalar_value_comes_back_into_the_rows() {
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
            let values = PartitionValues::of_split(&split, &read).unwrap();
            let n: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
            let filled = values.fill(RecordBatch::try_from_iter([("n", n)]).unwrap()).unwrap();
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
    fn columns_of_a_batch_are_kept_and_rows_without_columns_filled() {
        let request = request(vec![("region", Arc::new(Int64Array::from(vec![7])))]);
        let values = PartitionValues::of_split(
            &request.split_for_partition(0).unwrap(),
            &request.partitions.schema(),
        )
        .unwrap();
        let own: ArrayRef = Arc::new(Int64Array::from(vec![8]));
        let batch = RecordBatch::try_from_iter([("region", own)]).unwrap();
        assert_eq!(values.fill(batch.clone()).unwrap(), batch);
        let filled = values.fill(crate::stream::batch_without_columns(3)).unwrap();
        assert_eq!((filled.num_rows(), filled.num_columns()), (3, 1));
        let none = PartitionValues::of_split(&Split::new(), &request.partitions.schema()).unwrap();
        assert_eq!(none.fill(batch.clone()).unwrap(), batch);
    }

    #[test]
    fn what_cannot_be_carried_is_refused_and_what_was_edited_too() {
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
                PartitionValues::of_split(&split, &read).unwrap_err().kind(),
                ErrorKind::InvalidInput
            );
        }
        let read = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        for json in ["", "[]", r#"{"n":"seven"}"#, r#"{"n":7}"#] {
            let split = Split::new().with(PROPERTY, json);
            assert_eq!(
                PartitionValues::of_split(&split, &read).unwrap_err().kind(),
                ErrorKind::InvalidInput,
                "{json}"
            );
        }
        let absent = request(vec![("n", Arc::new(Int64Array::from(vec![1])))])
            .with_partition_columns(vec!["m".into()]);
        assert_eq!(absent.split_for_partition(0).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
