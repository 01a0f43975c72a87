//! Definition of the table, and sample data.

use std::{fmt::Write as _, sync::Arc};

use athena_connector_sdk::{
    TableDef,
    arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
};

use crate::day::Day;

/// Name of the only schema.
pub const SCHEMA: &str = "web";
/// Name of the only table.
pub const TABLE: &str = "visits";
/// Columns whose values are in the names of the folders.
pub const PARTITION_COLUMNS: [&str; 3] = ["year", "month", "day"];

/// Returns the columns of a CSV object, in order.
pub fn csv_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("visit_id", DataType::Int64, false),
        Field::new("customer_key", DataType::Int64, true),
        Field::new("page", DataType::Utf8, true),
        Field::new("seconds", DataType::Int32, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Millisecond, None), true),
    ]))
}

/// Returns the definition of the table: the columns of an object, then the partition columns.
pub fn definition() -> TableDef {
    let columns =
        csv_schema().fields().iter().map(|field| field.as_ref().clone()).collect::<Vec<_>>();
    let partition_columns = PARTITION_COLUMNS.map(|name| Field::new(name, DataType::Int32, false));
    TableDef::new(columns.into_iter().chain(partition_columns))
        .with_partition_columns(PARTITION_COLUMNS)
        .with_comment("customer_key", "key of a TPC-H customer; null for anonymous visitors")
        .with_comment("seconds", "time spent on the page, in seconds")
}

/// Returns the days of the sample data: the first ten of six months.
pub fn sample_days() -> impl Iterator<Item = Day> {
    (1..=6).flat_map(|month| (1..=10).map(move |day| Day { year: 2024, month, day }))
}

/// Generates the sample visits of one day as CSV, the same on every call.
///
/// # Panics
///
/// Never: the array index is in range, and writing to a string does not fail.
pub fn sample_csv(day: Day) -> String {
    const VISITS: i64 = 50;
    const PAGES: [&str; 5] = ["/", "/offers", "/cart", "/help", "/orders"];
    let mut csv = String::from("visit_id,customer_key,page,seconds,at\n");
    let first = (i64::from(day.month) * 100 + i64::from(day.day)) * VISITS;
    for id in first..first + VISITS {
        // A cheap permutation, random enough for sample data.
        let scattered = id.wrapping_mul(7_919) % 104_729;
        let customer =
            if scattered % 10 == 0 { String::new() } else { (scattered % 1_500 + 1).to_string() };
        let page = PAGES[usize::try_from(scattered % 5).expect("a remainder of 5 is an index")];
        let Day { year, month, day } = day;
        let hour = scattered % 24;
        let minute = scattered % 60;
        writeln!(
            csv,
            "{id},{customer},{page},{},{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00",
            scattered % 600
        )
        .expect("writing to a string does not fail");
    }
    csv
}
