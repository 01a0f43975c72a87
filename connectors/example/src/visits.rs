//! The table: what it looks like, and data for a bucket that has none.

use std::{fmt::Write as _, sync::Arc};

use athena_connector_sdk::{
    TableDef,
    arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
};

use crate::objects::Day;

/// The one schema.
pub const SCHEMA: &str = "web";
/// The one table.
pub const TABLE: &str = "visits";
/// What the names of the folders hold.
pub const PARTITION_COLUMNS: [&str; 3] = ["year", "month", "day"];

/// The columns of an object, in its order.
pub fn csv_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("visit_id", DataType::Int64, false),
        Field::new("customer_key", DataType::Int64, true),
        Field::new("page", DataType::Utf8, true),
        Field::new("seconds", DataType::Int32, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Millisecond, None), true),
    ]))
}

/// The table: the columns of an object, and those of the folders.
pub fn definition() -> TableDef {
    let columns =
        csv_schema().fields().iter().map(|field| field.as_ref().clone()).collect::<Vec<_>>();
    let folders = PARTITION_COLUMNS.map(|name| Field::new(name, DataType::Int32, false));
    TableDef::new(columns.into_iter().chain(folders))
        .with_partition_columns(PARTITION_COLUMNS)
        .with_comment("customer_key", "the customer of TPC-H who came; empty for a stranger")
        .with_comment("seconds", "how long the page was looked at")
}

/// Days that have data when this connector makes them: the first ten of six months.
pub fn sample_days() -> impl Iterator<Item = Day> {
    (1..=6).flat_map(|month| (1..=10).map(move |day| Day { year: 2024, month, day }))
}

/// The visits of one day as CSV: the same whenever they are made.
///
/// # Panics
///
/// Never: the numbers are small.
pub fn sample_csv(day: Day) -> String {
    const VISITS: i64 = 50;
    const PAGES: [&str; 5] = ["/", "/offers", "/cart", "/help", "/orders"];
    let mut csv = String::from("visit_id,customer_key,page,seconds,at\n");
    let first = (i64::from(day.month) * 100 + i64::from(day.day)) * VISITS;
    for id in first..first + VISITS {
        // Cheap, and spread out enough for a demonstration.
        let mixed = id.wrapping_mul(7_919) % 104_729;
        let customer =
            if mixed % 10 == 0 { String::new() } else { (mixed % 1_500 + 1).to_string() };
        let page = PAGES[usize::try_from(mixed % 5).expect("a remainder of 5 is small")];
        let Day { year, month, day } = day;
        let (hour, minute) = (mixed % 24, mixed % 60);
        writeln!(
            csv,
            "{id},{customer},{page},{},{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00",
            mixed % 600
        )
        .expect("a string takes all text");
    }
    csv
}
