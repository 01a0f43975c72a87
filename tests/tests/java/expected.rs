//! Expected output of the Java client, computed from the tables without the wire.

use arrow::{
    array::{ArrayRef, UInt32Array},
    compute::take_record_batch,
    datatypes::{DataType, Field, Schema, TimeUnit},
    record_batch::RecordBatch,
};
use athena_client::canonical;
use athena_protocol::timestamp_tz;
use serde_json::{Value, json};

use super::tables::{SCHEMA, TABLES, empty, events, kinds};

/// Cases, each with the first version that has it.
pub(super) const CASES: &[(&str, i32)] = &[
    ("GetDataSourceCapabilities", 4),
    ("GetSplits", 2),
    ("GetTable empty", 2),
    ("GetTable events", 2),
    ("GetTable kinds", 2),
    ("GetTable nothing", 2),
    ("GetTableLayout", 2),
    ("ListSchemas", 2),
    ("ListTables", 2),
    ("Ping", 2),
    ("ReadRecords empty", 2),
    ("ReadRecords filtered", 2),
    ("ReadRecords ordered", 4),
    ("ReadRecords whole", 2),
    ("RemoteReadRecords clear", 2),
    ("RemoteReadRecords events", 2),
    ("RemoteReadRecords kinds", 2),
    ("UserDefinedFunction", 2),
];

/// Compares a response with the expected one.
pub(super) fn check(case: &str, version: i32, answer: &Value) -> Result<(), String> {
    match case {
        // Our SDK evaluates the query plans of version 6, or refuses them by name.
        "Ping" => same(
            answer,
            &json!({
                "catalogName": "peer", "queryId": format!("query-{version}"), "sourceType": "peer",
                "capabilities": 24, "serDeVersion": 6,
            }),
        ),
        "ListSchemas" => same(answer, &json!({ "catalogName": "peer", "schemas": [SCHEMA] })),
        "ListTables" => {
            let names = TABLES.map(|table| format!("{SCHEMA}.{table}"));
            same(answer, &json!({ "pages": [&names[..2], &names[2..]] }))
        }
        "GetTable empty" => same(answer, &table("empty", &empty::rows(), &[])),
        "GetTable kinds" => same(answer, &table("kinds", &kinds::rows(), &[])),
        "GetTable events" => {
            same(answer, &table("events", &events::rows(0..0), &events::PARTITION_COLUMNS))
        }
        "GetTable nothing" => contains(&answer["message"], "table peer.nothing does not exist"),
        // Years after 2022 with region amer or null, in the order of the connector's partitions.
        "GetTableLayout" => {
            let partitions = canonical::rows(&rows_at(&events::partitions(), &[3, 5, 6, 8]));
            same(answer, &json!({ "table": "peer.events", "partitions": partitions }))
        }
        "GetSplits" => splits(&answer["splits"]),
        "GetDataSourceCapabilities" => capabilities(&answer["capabilities"]),
        "ReadRecords empty" => read(answer, &empty::rows()),
        "ReadRecords whole" => read(answer, &kinds::rows()),
        "ReadRecords filtered" => read(answer, &rows_at(&kinds::rows(), &[0, 3, 8, 9])),
        // The amounts of these rows increase with their ids, and that of 997 is null.
        "ReadRecords ordered" => {
            read(answer, &rows_at(&events::rows(0..1_000), &[999, 998, 996, 995, 994]))
        }
        "RemoteReadRecords kinds" => spilled(answer, &kinds::rows(), 1, true),
        "RemoteReadRecords events" => spilled(answer, &events::rows(0..4_000), 2, true),
        "RemoteReadRecords clear" => spilled(answer, &events::rows(0..4_000), 2, false),
        "UserDefinedFunction" => same(
            answer,
            &json!({
                "methodName": "head",
                "rows": [["on/3"], ["none"], ["häuser 😀/8"], ["/0"], [null], ["häuser 😀/8"]],
            }),
        ),
        other => Err(format!("unknown case {other:?}")),
    }
}

fn table(name: &str, rows: &RecordBatch, partition_columns: &[&str]) -> Value {
    json!({
        "catalogName": "peer",
        "table": format!("{SCHEMA}.{name}"),
        "schema": canonical::schema(&wire_schema(&rows.schema())),
        "partitionColumns": partition_columns,
    })
}

/// Replaces timestamps without a zone by `Date64`, their type on the wire.
fn wire_schema(schema: &Schema) -> Schema {
    let wire = |field: &Field| match field.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, None) => {
            field.clone().with_data_type(DataType::Date64)
        }
        _ => field.clone(),
    };
    let fields: Vec<Field> = schema.fields().iter().map(|field| wire(field)).collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

fn rows_at(rows: &RecordBatch, indices: &[u32]) -> RecordBatch {
    take_record_batch(rows, &UInt32Array::from(indices.to_vec())).unwrap()
}

/// Compares the splits of four partitions, in any order.
fn splits(answer: &Value) -> Result<(), String> {
    let mut expected: Vec<(String, String)> = Vec::new();
    for (year, region) in [(2023, Some("amer")), (2023, None), (2024, Some("amer")), (2024, None)] {
        let ids = events::splits(year, region).unwrap();
        expected.extend(ids.into_iter().map(|ids| (ids.start.to_string(), ids.end.to_string())));
    }
    let mut got: Vec<(String, String)> = Vec::new();
    for split in answer.as_array().ok_or("the response has no splits")? {
        if split["key bytes"] != 32 || split["bucket"] != "athena-local-spill" {
            return Err(format!("a split has another key or spill location: {split}"));
        }
        let property =
            |name: &str| split["properties"][name].as_str().unwrap_or_default().to_owned();
        got.push((property("from"), property("to")));
    }
    expected.sort_unstable();
    got.sort_unstable();
    if got == expected { Ok(()) } else { Err(format!("splits {got:?}, expected {expected:?}")) }
}

/// Checks that filters, expressions, limits and orders are announced, as for every connector.
fn capabilities(answer: &Value) -> Result<(), String> {
    for name in [
        "supports_filter_pushdown",
        "supports_complex_expression_pushdown",
        "supports_limit_pushdown",
        "supports_top_n_pushdown",
    ] {
        if answer[name].as_array().is_none_or(Vec::is_empty) {
            return Err(format!("{name} is not announced: {answer}"));
        }
    }
    Ok(())
}

fn read(answer: &Value, rows: &RecordBatch) -> Result<(), String> {
    same(&answer["catalogName"], &json!("peer"))?;
    same(&answer["schema"], &canonical::schema(&wire_schema(&rows.schema())))?;
    by_column(&answer["rows"], rows)
}

fn spilled(
    answer: &Value,
    rows: &RecordBatch,
    min_objects: u64,
    encrypted: bool,
) -> Result<(), String> {
    if answer["objects"].as_u64().is_none_or(|objects| objects < min_objects) {
        return Err(format!("{} objects, expected at least {min_objects}", answer["objects"]));
    }
    same(&answer["encrypted"], &json!(encrypted))?;
    same(&answer["framings"], &json!(["legacy"]))?;
    read(answer, rows)
}

/// Compares the rows column by column.
fn by_column(answer: &Value, rows: &RecordBatch) -> Result<(), String> {
    let answer = answer.as_array().ok_or("the response has no rows")?;
    let packed = |column: &ArrayRef| match column.data_type() {
        DataType::Timestamp(_, Some(_)) => timestamp_tz::pack_column(column).unwrap(),
        _ => ArrayRef::clone(column),
    };
    let columns: Vec<ArrayRef> = rows.columns().iter().map(packed).collect();
    let source = canonical::rows(&RecordBatch::try_new(rows.schema(), columns).unwrap());
    // Parsing a number from JSON may change its last bit, so both sides are parsed.
    let source: Value = serde_json::from_str(&source.to_string()).unwrap();
    let source = source.as_array().ok_or("the source has no rows")?;
    if answer.len() != source.len() {
        return Err(format!("{} rows, expected {}", answer.len(), source.len()));
    }
    if let Some(row) =
        answer.iter().find(|row| row.as_array().map(Vec::len) != Some(rows.num_columns()))
    {
        return Err(format!("a row does not have {} columns: {row}", rows.num_columns()));
    }
    for (index, field) in rows.schema().fields().iter().enumerate() {
        for (row, (got, expected)) in answer.iter().zip(source).enumerate() {
            same(&got[index], &expected[index]).map_err(|difference| {
                format!("column {}, row {row}: {difference}", field.name())
            })?;
        }
    }
    Ok(())
}

fn contains(answer: &Value, part: &str) -> Result<(), String> {
    if answer.as_str().is_some_and(|text| text.contains(part)) {
        return Ok(());
    }
    Err(format!("{answer} does not contain {part:?}"))
}

fn same(got: &Value, expected: &Value) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    let short = |value: &Value| value.to_string().chars().take(2_000).collect::<String>();
    Err(format!("got {}, expected {}", short(got), short(expected)))
}
