//! 36,000 rows in nine partitions; the values of a row are derived from its number.

use std::{collections::HashMap, ops::Range, sync::Arc};

use arrow::{
    array::{
        ArrayRef, Date32Array, Date64Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
        StringArray,
    },
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};

/// Columns that identify the partition of a row.
pub(crate) const PARTITION_COLUMNS: [&str; 2] = ["year", "region"];
const YEARS: [i32; 3] = [2022, 2023, 2024];
const REGIONS: [Option<&str>; 3] = [Some("amer"), Some("apac"), None];
const ROWS_PER_PARTITION: i64 = 4_000;

/// Returns year and region of every partition, in row order.
fn values() -> impl Iterator<Item = (i32, Option<&'static str>)> + Clone {
    YEARS.into_iter().flat_map(|year| REGIONS.map(|region| (year, region)))
}

/// Returns one row for each partition.
pub(crate) fn partitions() -> RecordBatch {
    let years: ArrayRef = Arc::new(values().map(|(year, _)| year).collect::<Int32Array>());
    let regions: ArrayRef = Arc::new(values().map(|(_, region)| region).collect::<StringArray>());
    let schema = schema().project(&[0, 1]).expect("the schema begins with the partition columns");
    RecordBatch::try_new(Arc::new(schema), vec![years, regions])
        .expect("every column has one row per partition")
}

/// Returns the row numbers of each split of a partition: one split, but two in the last year.
pub(crate) fn splits(year: i32, region: Option<&str>) -> Option<Vec<Range<i64>>> {
    let number = values().position(|partition| partition == (year, region))?;
    let begin = i64::try_from(number).ok()? * ROWS_PER_PARTITION;
    let middle = begin + ROWS_PER_PARTITION / 2;
    let end = begin + ROWS_PER_PARTITION;
    let cuts = if year == 2024 { vec![begin, middle, end] } else { vec![begin, end] };
    Some(cuts.windows(2).map(|cut| cut[0]..cut[1]).collect())
}

fn schema() -> Schema {
    let fields = vec![
        Field::new("year", DataType::Int32, true),
        Field::new("region", DataType::Utf8, true),
        Field::new("id", DataType::Int64, true),
        Field::new("amount", DataType::Float64, true),
        Field::new("price", DataType::Decimal128(12, 2), true),
        Field::new("note", DataType::Utf8, true),
        Field::new("born", DataType::Date32, true),
        Field::new("seen", DataType::Date64, true),
    ];
    let comments = HashMap::from([("note".to_owned(), "words, more or fewer".to_owned())]);
    Schema::new_with_metadata(fields, comments)
}

/// Generates the rows with these numbers.
#[expect(clippy::cast_precision_loss, reason = "quarters up to 200 are exact")]
pub(crate) fn rows(ids: Range<i64>) -> RecordBatch {
    let partition = |id: i64| values().nth(usize::try_from(id / ROWS_PER_PARTITION).ok()?);
    let small = |id: i64| i32::try_from(id % 20_000 - 5_000).ok();
    let words = |id: i64| " word".repeat(usize::try_from(id % 120).unwrap_or(0));
    let prices: Decimal128Array = ids
        .clone()
        .map(|id| (id % 11 != 5).then(|| i128::from(id * 37 % 100_000 - 50_000)))
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids.clone().map(|id| Some(partition(id)?.0)).collect::<Int32Array>()),
        Arc::new(ids.clone().map(|id| partition(id)?.1).collect::<StringArray>()),
        Arc::new(Int64Array::from_iter_values(ids.clone())),
        Arc::new(
            ids.clone()
                .map(|id| (id % 7 != 3).then_some((id % 1_000) as f64 * 0.25 - 50.0))
                .collect::<Float64Array>(),
        ),
        Arc::new(prices.with_precision_and_scale(12, 2).expect("12 digits hold a price")),
        Arc::new(
            ids.clone()
                .map(|id| (id % 13 != 7).then(|| format!("note {id}{}", words(id))))
                .collect::<StringArray>(),
        ),
        Arc::new(ids.clone().map(|id| small(id).filter(|_| id % 17 != 0)).collect::<Date32Array>()),
        Arc::new(Date64Array::from_iter_values(ids.map(|id| id * 3_600_123 - 50_000_000_000))),
    ];
    RecordBatch::try_new(Arc::new(schema()), columns).expect("every column has one row per number")
}
