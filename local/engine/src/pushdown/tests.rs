//! Translation of SQL conditions after the parser, coercion and simplification of `DataFusion`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use athena_client::constraints_to_sql;
use athena_protocol::{Constraints, predicate::functions as f};
use datafusion::{
    catalog::MemTable,
    common::tree_node::{TreeNode, TreeNodeRecursion},
    execution::runtime_env::RuntimeEnv,
    logical_expr::LogicalPlan,
};

use super::*;
use crate::{session::session, type_mapping::sql_schema};

fn wire_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("i", DataType::Int32, true),
        Field::new("j", DataType::Int32, true),
        Field::new("b", DataType::Int64, true),
        Field::new("x", DataType::Float64, true),
        Field::new("d", DataType::Decimal128(15, 2), true),
        Field::new("s", DataType::Utf8, true),
        Field::new("ok", DataType::Boolean, true),
        Field::new("day", DataType::Date32, true),
        Field::new("at", DataType::Date64, true),
        Field::new("zoned", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
        Field::new(
            "ny",
            DataType::Timestamp(TimeUnit::Millisecond, Some("America/New_York".into())),
            true,
        ),
        Field::new("list", DataType::List(Arc::new(Field::new("", DataType::Int32, true))), true),
    ]))
}

fn all_capabilities() -> Capabilities {
    let functions = [
        f::AND,
        f::OR,
        f::NOT,
        f::IS_NULL,
        f::NULLIF,
        f::EQUAL,
        f::NOT_EQUAL,
        f::LESS_THAN,
        f::LESS_THAN_OR_EQUAL,
        f::GREATER_THAN,
        f::GREATER_THAN_OR_EQUAL,
        f::IS_DISTINCT_FROM,
        f::ADD,
        f::SUBTRACT,
        f::MULTIPLY,
        f::DIVIDE,
        f::MODULUS,
        f::NEGATE,
        f::LIKE_PATTERN,
        f::IN,
        f::ARRAY,
    ];
    Capabilities {
        sorted_ranges: true,
        equatable: true,
        all_or_none: true,
        nulls: true,
        functions: functions.into_iter().map(str::to_owned).collect(),
        limit: true,
        top_n: true,
        table_functions: Vec::new(),
    }
}

/// Returns the filters that the optimizer passes to a table for `condition`.
fn filters_of(condition: &str) -> Vec<Expr> {
    let context = session(None, None, false, Arc::new(RuntimeEnv::default()));
    let table = MemTable::try_new(sql_schema(&wire_schema()), vec![vec![]]).unwrap();
    let frame = context.read_table(Arc::new(table)).unwrap();
    let condition = frame.parse_sql_expr(condition).unwrap();
    let plan = frame.filter(condition).unwrap().into_optimized_plan().unwrap();
    let mut filters = Vec::new();
    plan.apply(|node| {
        if let LogicalPlan::Filter(filter) = node {
            filters.push(filter.predicate.clone());
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .unwrap();
    filters
}

fn sent_to(condition: &str, capabilities: &Capabilities, mode: PushdownMode) -> String {
    let schema = wire_schema();
    let filters = filters_of(condition);
    let pushed = Pushdown::new(mode, capabilities, SerdeVersion::V6, &schema).translate(&filters);
    let rest = if pushed.is_complete() { "" } else { " [rest]" };
    let constraints = Constraints {
        summary: pushed.summary,
        expressions: pushed.expressions,
        ..Constraints::default()
    };
    format!("{}{rest}", constraints_to_sql(&constraints)).trim().to_owned()
}

fn sent(condition: &str) -> String {
    sent_to(condition, &all_capabilities(), PushdownMode::Full)
}

#[test]
fn conditions_on_one_column_become_value_sets() {
    let table = [
        ("i = 5", "sets: i = 5"),
        ("5 < i", "sets: i > 5"),
        ("i <> 5", "sets: (i < 5 or i > 5)"),
        ("i BETWEEN 3 AND 7", "sets: i >= 3 and i <= 7"),
        ("i NOT BETWEEN 3 AND 7", "sets: (i < 3 or i > 7)"),
        ("i IN (1, 5, 9, 5)", "sets: i in (1, 5, 9)"),
        ("i NOT IN (1, 5)", "sets: (i < 1 or i > 1 and i < 5 or i > 5)"),
        ("i IS NULL", "sets: i is null"),
        ("i IS NOT NULL", "sets: i is not null"),
        ("i = 5 OR i IS NULL", "sets: (i = 5 or i is null)"),
        ("i IS DISTINCT FROM 5", "sets: ((i < 5 or i > 5) or i is null)"),
        ("i > 3 AND i <= 9", "sets: i > 3 and i <= 9"),
        ("i > 3 AND i < 2", "sets: i in ()"),
        ("(i > 3 AND i < 5) OR i = 9", "sets: (i > 3 and i < 5 or i = 9)"),
        ("i < 5 OR i >= 5", "sets: i is not null"),
        ("NOT (i > 5 OR i = 2)", "sets: (i < 2 or i > 2 and i <= 5)"),
        ("i > 1 AND s = 'x'", "sets: i > 1 AND s = 'x'"),
        ("ok", "sets: ok = true"),
        ("NOT ok", "sets: ok = false"),
        ("ok IS NOT TRUE", "sets: (ok = false or ok is null)"),
        ("ok IS NULL", "sets: ok is null"),
        ("s >= 'a' AND s < 'b'", "sets: s >= 'a' and s < 'b'"),
        ("d BETWEEN 0.05 AND 0.07", "sets: d >= 0.05 and d <= 0.07"),
        ("d > 1", "sets: d > 1.00"),
        ("x > 1.5", "sets: x > 1.5"),
        ("b = 3000000000", "sets: b = 3000000000"),
        (
            "day >= date '1994-01-01' AND day < date '1994-01-01' + interval '1' year",
            "sets: day >= 1994-01-01 and day < 1995-01-01",
        ),
        ("at >= timestamp '2024-03-01 12:00:00'", "sets: at >= 2024-03-01T12:00:00"),
        ("x IN (1e0, 2e0)", "sets: x in (1.0, 2.0)"),
        ("x BETWEEN 1 AND 2e0", "sets: x >= 1.0 and x <= 2.0"),
        ("x IS NOT NULL OR x > 1", "sets: x is not null"),
        ("at < timestamp '2024-03-01 12:00:00.5'", "sets: at < 2024-03-01T12:00:00.500"),
        ("zoned = timestamp '2024-03-01 12:00:00 UTC'", "sets: zoned = 2024-03-01T12:00:00Z"),
        ("ny = timestamp '2022-11-15 01:00:00.123'", "sets: ny = 2022-11-14T20:00:00.123-05:00"),
        (
            "ny IN (timestamp '2022-11-15 01:00:00', timestamp '2022-11-16 01:00:00')",
            "sets: ny in (2022-11-14T20:00:00-05:00, 2022-11-15T20:00:00-05:00)",
        ),
        (
            "ny BETWEEN date '2022-11-15' AND timestamp '2022-11-16 01:00:00'",
            "sets: ny >= 2022-11-14T19:00:00-05:00 and ny <= 2022-11-15T20:00:00-05:00",
        ),
    ];
    for (condition, expected) in table {
        assert_eq!(sent(condition), expected, "{condition}");
    }
}

#[test]
fn other_conditions_become_expressions() {
    let table = [
        ("i = j", "expressions: j = i"),
        ("i < j AND b > 4", "sets: b > 4; expressions: j > i"),
        ("i = 1 OR s = 'x'", "expressions: (i = 1 or s = 'x')"),
        ("i = 1 OR j = 2 OR s = 'x'", "expressions: (i = 1 or j = 2 or s = 'x')"),
        ("s LIKE 'a%b_'", "expressions: s like 'a%b_'"),
        ("s NOT LIKE '%z'", "expressions: not s like '%z'"),
        ("i + j > 7", "expressions: i + j > 7"),
        ("-i = j", "expressions: -i = j"),
        ("i IS NULL OR s = 'x'", "expressions: (i is null or s = 'x')"),
        ("i IN (1, 2, 3, 4, 5) OR j = 1", "expressions: (i in (1, 2, 3, 4, 5) or j = 1)"),
        ("nullif(i, j) = 5", "expressions: nullif(i, j) = 5"),
        ("x <> 1.5", "expressions: x <> 1.5"),
        // A set of all values would include NaN.
        ("x > 1.5 OR x < 2.5", "expressions: (x > 1.5 or x < 2.5)"),
        ("x < 1.5 OR x = 1.5 OR x > 1.5", "expressions: (x < 1.5 or x = 1.5 or x > 1.5)"),
        ("NOT (x > 1.5)", "expressions: not x > 1.5"),
    ];
    for (condition, expected) in table {
        assert_eq!(sent(condition), expected, "{condition}");
    }
}

#[test]
fn conditions_without_a_wire_format_are_left_to_the_engine() {
    for condition in [
        "s LIKE 'a\\%b'",                            // the protocol has no escape character
        "s ILIKE 'abc'",                             // no function
        "i = b",                                     // no cast in the protocol
        "i > 1.5",                                   // not an integer
        "upper(s) = 'X'",                            // no function
        "d * d > 4",                                 // decimal results differ between engines
        "list IS NULL",                              // nested
        "at = timestamp '2024-03-01 12:00:00.0005'", // finer than milliseconds
        "zoned > timestamp '2024-03-01 12:00:00.0005 UTC'",
    ] {
        let pushed = sent(condition);
        assert!(pushed.ends_with("[rest]") || pushed.is_empty(), "{condition}: {pushed}");
        assert!(
            !pushed.contains("sets") && !pushed.contains("expressions"),
            "{condition}: {pushed}"
        );
    }
    assert_eq!(sent("i > 3 AND upper(s) = 'X'"), "sets: i > 3 [rest]");
}

#[test]
fn only_announced_capabilities_are_used() {
    let nothing = Capabilities::default();
    assert_eq!(sent_to("i = 5 AND i < j", &nothing, PushdownMode::Full), "[rest]");
    let sets = Capabilities { functions: std::collections::BTreeSet::new(), ..all_capabilities() };
    assert_eq!(sent_to("i = 5 AND i < j", &sets, PushdownMode::Full), "sets: i = 5 [rest]");
    assert_eq!(sent_to("ok", &Capabilities::default(), PushdownMode::Full), "[rest]");
    let no_nulls = Capabilities { nulls: false, ..sets.clone() };
    assert_eq!(sent_to("i = 5 AND j IS NULL", &no_nulls, PushdownMode::Full), "sets: i = 5 [rest]");
    let only_not = Capabilities { functions: [f::LESS_THAN.to_owned()].into(), ..nothing };
    assert_eq!(
        sent_to("i < 5 AND i > 1", &only_not, PushdownMode::Full),
        "expressions: i < 5 [rest]"
    );
}

#[test]
fn a_connector_without_ranges_receives_lists() {
    let lists = Capabilities { equatable: true, nulls: true, ..Capabilities::default() };
    assert_eq!(sent_to("s IN ('a', 'b')", &lists, PushdownMode::Full), "sets: s in ('a', 'b')");
    assert_eq!(sent_to("s <> 'a'", &lists, PushdownMode::Full), "sets: s not in ('a')");
    assert_eq!(sent_to("s > 'a'", &lists, PushdownMode::Full), "[rest]");
    let flags = Capabilities { all_or_none: true, nulls: true, ..Capabilities::default() };
    assert_eq!(sent_to("s IS NULL", &flags, PushdownMode::Full), "sets: s is null");
    assert_eq!(sent_to("s = 'a'", &flags, PushdownMode::Full), "[rest]");
}

#[test]
fn the_mode_limits_pushdown() {
    let all = all_capabilities();
    assert_eq!(sent_to("i = 5 AND i < j", &all, PushdownMode::Off), "[rest]");
    assert_eq!(sent_to("i = 5 AND i < j", &all, PushdownMode::Sets), "sets: i = 5 [rest]");
}

#[test]
fn expressions_need_version_4() {
    let schema = wire_schema();
    let filters = filters_of("i = 5 AND i < j");
    let capabilities = all_capabilities();
    let pushdown = Pushdown::new(PushdownMode::Full, &capabilities, SerdeVersion::V3, &schema);
    let pushed = pushdown.translate(&filters);
    assert!(pushed.expressions.is_empty() && !pushed.summary.is_empty() && !pushed.is_complete());
}
