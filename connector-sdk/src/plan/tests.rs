//! Tests of plan conversion, and of the plans that are rejected.

use std::{path::Path, sync::Arc};

use arrow::{
    array::{
        ArrayRef, Date32Array, Date64Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
        Int64Array, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    },
    datatypes::{DataType, Field, Schema},
};
use athena_conformance::plan::{
    FP64, I32, I64, Proto, STRING, call, call_of, cast, column, fetch, filter,
    functions as declared, int, literal, new, one_of, plan, project, simple, sort, string, table,
    truth,
};
use athena_protocol::{
    Request,
    predicate::{Constraints, Direction, Expression, OrderByField, QueryPlan, functions},
};
use base64_simd::STANDARD;

use super::Plan;
use crate::{Error, ErrorKind, Result};

fn read(plan: &Proto) -> Result<Plan> {
    Plan::read(&QueryPlan {
        substrait_version: None,
        substrait_plan: STANDARD.encode_to_string(&plan.0),
    })
}

/// Reads a table with columns a (64 bits), b (text), c (double) and d (32 bits).
fn rows() -> Proto {
    table(&[("a", simple(I64)), ("b", simple(STRING)), ("c", simple(FP64)), ("d", simple(I32))])
}

/// Returns the only condition of a plan with one filter.
fn condition(condition: &Proto) -> Result<Expression> {
    let mut plan = read(&plan(&filter(&rows(), condition), &["a"]))?;
    assert_eq!(plan.filter.len(), 1);
    Ok(plan.filter.remove(0))
}

fn wire_column(name: &str, data_type: DataType) -> Expression {
    Expression::Variable { column: name.to_owned(), data_type }
}

fn a() -> Expression {
    wire_column("a", DataType::Int64)
}

fn constant(values: ArrayRef) -> Expression {
    Expression::Constant { data_type: values.data_type().clone(), values: Some(values) }
}

fn wire_int(value: i64) -> Expression {
    constant(Arc::new(Int64Array::from(vec![value])))
}

fn wire_call(function: &str, arguments: Vec<Expression>) -> Expression {
    Expression::Call { function: function.to_owned(), arguments, data_type: DataType::Boolean }
}

#[track_caller]
fn assert_unsupported(result: Result<impl std::fmt::Debug>, name: &str) {
    let error: Error = result.expect_err("the plan must be rejected");
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.message().contains(name), "{name:?} is not named by {error}");
}

/// Reads the constraints of a message that the Java SDK wrote.
fn golden(name: &str) -> Constraints {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../tests/golden/v6/constraints/{name}.json"));
    let (request, _) = Request::decode(&std::fs::read(file).unwrap()).unwrap();
    match request {
        Request::ReadRecords(request) => request.constraints,
        Request::GetTableLayout(request) => request.constraints,
        Request::GetSplits(request) => request.constraints,
        other => panic!("{} has no constraints", other.type_name()),
    }
}

#[test]
fn a_plan_of_the_java_sdk_becomes_filter_order_and_limit() {
    let schema = Schema::new(vec![
        Field::new("order_id", DataType::Int64, true),
        Field::new("region", DataType::Utf8, true),
        Field::new("amount", DataType::Float64, true),
    ]);
    let constraints = golden("plan-filter-sort-limit");
    let plan =
        Plan::read(constraints.query_plan.as_ref().unwrap()).unwrap().resolve(&schema).unwrap();
    let emea = constant(Arc::new(StringArray::from(vec!["emea"])));
    let amount = wire_column("amount", DataType::Float64);
    let large = constant(Arc::new(Float64Array::from(vec![3.5])));
    let both = vec![
        wire_call(functions::EQUAL, vec![wire_column("region", DataType::Utf8), emea]),
        wire_call(functions::GREATER_THAN, vec![amount.clone(), large]),
    ];
    assert_eq!(plan.filter, [wire_call(functions::AND, both)]);
    let joined = plan.join(&constraints);
    assert_eq!((joined.limit, joined.query_plan), (Some(10), None));
    assert_eq!(joined.order_by.len(), 1);
    assert_eq!(joined.order_by[0].column_name.as_deref(), Some("amount"));
    assert_eq!(joined.order_by[0].direction, Direction::DescNullsFirst);
    assert_eq!(
        plan.outputs_by_name().find("order_id"),
        Some(&wire_column("order_id", DataType::Int64))
    );
    assert_eq!(plan.outputs_by_name().find("amount"), Some(&amount));
    assert_eq!(plan.outputs_by_name().find("region"), None);
}

#[test]
fn an_aggregate_of_the_java_sdk_is_rejected_by_name() {
    let constraints = golden("plan-aggregate");
    assert_unsupported(Plan::read(constraints.query_plan.as_ref().unwrap()), "aggregate");
}

#[test]
fn every_function_becomes_a_wire_function() {
    let same = [
        ("equal", functions::EQUAL),
        ("not_equal", functions::NOT_EQUAL),
        ("lt", functions::LESS_THAN),
        ("lte", functions::LESS_THAN_OR_EQUAL),
        ("gt", functions::GREATER_THAN),
        ("gte", functions::GREATER_THAN_OR_EQUAL),
        ("is_distinct_from", functions::IS_DISTINCT_FROM),
    ];
    for (name, function) in same {
        let found = condition(&truth(name, &[column(0), int(5)])).unwrap();
        assert_eq!(found, wire_call(function, vec![a(), wire_int(5)]), "{name}");
    }
    let null = wire_call(functions::IS_NULL, vec![a()]);
    assert_eq!(condition(&truth("is_null", &[column(0)])).unwrap(), null);
    assert_eq!(
        condition(&truth("is_not_null", &[column(0)])).unwrap(),
        wire_call(functions::NOT, vec![null.clone()])
    );
    let connected = truth(
        "or",
        &[truth("is_null", &[column(0)]), truth("not", &[truth("is_null", &[column(0)])])],
    );
    let not = wire_call(functions::NOT, vec![null.clone()]);
    assert_eq!(condition(&connected).unwrap(), wire_call(functions::OR, vec![null, not]));
    let between = condition(&truth("between", &[column(0), int(1), int(9)])).unwrap();
    let ends = vec![
        wire_call(functions::GREATER_THAN_OR_EQUAL, vec![a(), wire_int(1)]),
        wire_call(functions::LESS_THAN_OR_EQUAL, vec![a(), wire_int(9)]),
    ];
    assert_eq!(between, wire_call(functions::AND, ends));
    let sum = condition(&truth("gt", &[call("add", I64, &[column(0), int(1)]), int(9)])).unwrap();
    let add = Expression::Call {
        function: functions::ADD.to_owned(),
        arguments: vec![a(), wire_int(1)],
        data_type: DataType::Int64,
    };
    assert_eq!(sum, wire_call(functions::GREATER_THAN, vec![add, wire_int(9)]));
    let list = condition(&one_of(&column(0), &[int(1), int(2)])).unwrap();
    let array = Expression::Call {
        function: functions::ARRAY.to_owned(),
        arguments: vec![wire_int(1), wire_int(2)],
        data_type: DataType::Null,
    };
    assert_eq!(list, wire_call(functions::IN, vec![a(), array]));
}

#[test]
fn literals_of_every_type_keep_their_value() {
    let value = |literal_value: &Proto| match condition(&truth(
        "equal",
        &[column(0), literal(literal_value)],
    ))
    .unwrap()
    {
        Expression::Call { mut arguments, .. } => match arguments.remove(1) {
            Expression::Constant { values: Some(values), .. } => values,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let decimal = |digits: i128| new().bytes(1, &digits.to_le_bytes()).number(2, 10).number(3, 2);
    let decimals = Decimal128Array::from(vec![-150]).with_precision_and_scale(10, 2).unwrap();
    let fine = new().number(1, 6).number(2, 1_001);
    let whole = new().number(1, 6).number(2, -1_000);
    let cases: [(Proto, ArrayRef); 9] = [
        (new().number(2, -7), Arc::new(Int8Array::from(vec![-7]))),
        (new().float(10, 0.5), Arc::new(Float32Array::from(vec![0.5]))),
        (
            new().message(22, &new().text(1, "é").number(2, 9)),
            Arc::new(StringArray::from(vec!["é"])),
        ),
        (new().number(16, -1), Arc::new(Date32Array::from(vec![-1]))),
        (new().message(24, &decimal(-150)), Arc::new(decimals)),
        (new().number(14, 2_000), Arc::new(Date64Array::from(vec![2]))),
        (new().message(34, &whole), Arc::new(Date64Array::from(vec![-1]))),
        (
            new().message(35, &whole).number(50, 1),
            Arc::new(TimestampMillisecondArray::from(vec![-1 << 12]).with_timezone("UTC")),
        ),
        (
            new().message(35, &fine),
            Arc::new(TimestampMicrosecondArray::from(vec![1_001]).with_timezone("UTC")),
        ),
    ];
    for (literal, expected) in cases {
        assert_eq!(&value(&literal), &expected);
    }
    assert_eq!(value(&new().message(29, &simple(I32))).data_type(), &DataType::Int32);
    let too_fine = condition(&truth("equal", &[column(0), literal(&new().message(34, &fine))]));
    assert_unsupported(too_fine, "finer than a millisecond");
    assert_unsupported(
        condition(&truth("equal", &[column(0), literal(&new().bytes(28, &[0; 16]))])),
        "uuid",
    );
    let wide = condition(&truth(
        "equal",
        &[column(0), literal(&new().message(24, &decimal(10_i128.pow(10))))],
    ));
    assert_eq!(wide.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn lossless_casts_are_removed_and_others_rejected() {
    let varchar = |length| new().message(22, &new().number(1, length));
    let same = |to: &Proto, input: &Proto| condition(&truth("equal", &[cast(to, input), int(5)]));
    let d = wire_column("d", DataType::Int32);
    assert_eq!(
        same(&simple(I64), &column(3)).unwrap(),
        wire_call(functions::EQUAL, vec![d, wire_int(5)])
    );
    assert!(same(&varchar(2), &string("ab")).is_ok());
    for (to, input) in [
        (simple(I32), column(0)),
        (simple(FP64), column(0)),
        (varchar(1), string("ab")),
        (varchar(9), column(1)),
    ] {
        assert_unsupported(same(&to, &input), "cast");
    }
}

#[test]
fn projections_and_outputs_refer_to_columns_of_the_table() {
    let doubled = call("multiply", I64, &[column(0), int(2)]);
    // The first selects the product and the text from (a, b, c, d, 2a), the second the product, the
    // text and the product plus one.
    let first = project(&rows(), &[doubled], &[4, 1]);
    let second = project(&first, &[call("add", I64, &[column(0), int(1)])], &[2, 1, 0]);
    let plan =
        read(&plan(&filter(&second, &truth("gt", &[column(0), int(7)])), &["More", "b", "twice"]))
            .unwrap();
    let product = |arguments| Expression::Call {
        function: functions::MULTIPLY.to_owned(),
        arguments,
        data_type: DataType::Int64,
    };
    let twice = product(vec![a(), wire_int(2)]);
    let more = Expression::Call {
        function: functions::ADD.to_owned(),
        arguments: vec![twice.clone(), wire_int(1)],
        data_type: DataType::Int64,
    };
    assert_eq!(plan.filter, [wire_call(functions::GREATER_THAN, vec![more.clone(), wire_int(7)])]);
    assert_eq!(plan.outputs_by_name().find("more"), Some(&more));
    assert_eq!(plan.outputs_by_name().find("twice"), Some(&twice));
    assert_eq!(plan.outputs_by_name().find("b"), Some(&wire_column("b", DataType::Utf8)));
}

#[test]
fn an_offset_adds_to_the_limit_and_sorts_stack() {
    let sorted = sort(&sort(&rows(), &[(column(0), 2)]), &[(column(2), 3), (column(1), 1)]);
    let plan = |relation: &Proto| read(&plan(relation, &["a", "b", "c", "d"]));
    let found = plan(&fetch(&sorted, 5, 10)).unwrap();
    assert_eq!(found.limit, Some(15));
    let names: Vec<_> =
        found.order_by.iter().map(|field| field.column_name.as_deref().unwrap()).collect();
    assert_eq!(names, ["c", "b", "a"]);
    assert_eq!(found.order_by[0].direction, Direction::DescNullsFirst);
    assert_eq!(plan(&fetch(&rows(), 5, -1)).unwrap().limit, None);
    assert_eq!(plan(&fetch(&rows(), 0, 0)).unwrap().limit, Some(0));
    assert_eq!(plan(&fetch(&rows(), i64::MAX, i64::MAX)).unwrap().limit, Some(u64::MAX - 1));
    let counted =
        new().message(3, &new().message(2, &rows()).message(5, &int(2)).message(6, &int(3)));
    assert_eq!(plan(&counted).unwrap().limit, Some(5));
    assert_eq!(plan(&fetch(&rows(), -5, 1)).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn the_limit_of_a_plan_replaces_that_of_the_constraints() {
    let constraints = Constraints { limit: Some(3), ..Constraints::default() };
    let names = ["a", "b", "c", "d"];
    let joined = |relation: &Proto| read(&plan(relation, &names)).unwrap().join(&constraints);
    assert_eq!(joined(&fetch(&rows(), 0, 9)).limit, Some(9));
    assert_eq!(joined(&rows()).limit, Some(3));
}

#[test]
fn order_and_limit_replace_those_of_the_constraints_independently() {
    let by = |name: &str| OrderByField {
        column_name: Some(name.to_owned()),
        direction: Direction::AscNullsFirst,
    };
    let names = ["a", "b", "c", "d"];
    let joined = |relation: &Proto, order_by: &[OrderByField], limit| {
        let constraints =
            Constraints { limit, order_by: order_by.to_vec(), ..Constraints::default() };
        let joined = read(&plan(relation, &names)).unwrap().join(&constraints);
        (joined.order_by, joined.limit)
    };
    let sorted = sort(&rows(), &[(column(0), 1)]);
    assert_eq!(joined(&sorted, &[], Some(10)), (vec![by("a")], Some(10)));
    assert_eq!(joined(&sorted, &[by("b")], None), (vec![by("a")], None));
    assert_eq!(joined(&fetch(&rows(), 0, 9), &[by("b")], Some(3)), (vec![by("b")], Some(9)));
    assert_eq!(joined(&fetch(&sorted, 2, 9), &[by("b")], Some(3)), (vec![by("a")], Some(11)));
    assert_eq!(joined(&fetch(&rows(), 2, 0), &[], Some(3)), (vec![], Some(5)));
    // Skipped rows are added to the limit.
    assert_eq!(joined(&fetch(&rows(), 5, -1), &[by("b")], Some(10)), (vec![by("b")], Some(15)));
    assert_eq!(joined(&fetch(&rows(), 5, -1), &[], Some(u64::MAX)), (vec![], Some(u64::MAX)));
    assert_eq!(joined(&fetch(&rows(), 5, -1), &[], None), (vec![], None));
}

#[test]
fn a_long_column_name_is_rejected_because_each_use_copies_it() {
    let long = "x".repeat(1_001);
    let named = |name: &str| read(&plan(&table(&[(name, simple(I64))]), &["a"]));
    assert_unsupported(named(&long), "1001 bytes");
    assert!(named(&long[1..]).is_ok());
}

#[test]
fn unsupported_parts_are_rejected_by_name() {
    let relations = [
        (4, "aggregate"),
        (6, "join"),
        (8, "set"),
        (9, "extension_single"),
        (10, "extension_multi"),
        (11, "extension_leaf"),
        (12, "cross"),
        (13, "hash_join"),
        (14, "merge_join"),
        (15, "exchange"),
        (16, "expand"),
        (17, "window"),
        (18, "nested_loop_join"),
        (19, "write"),
        (20, "ddl"),
        (21, "reference"),
        (22, "update"),
        (99, "99"),
    ];
    for (kind, name) in relations {
        assert_unsupported(
            read(&plan(
                &filter(&new().message(kind, &new()), &truth("is_null", &[column(0)])),
                &["a"],
            )),
            name,
        );
    }
    let expressions = [
        (5, "window_function"),
        (6, "if_then"),
        (7, "switch_expression"),
        (9, "multi_or_list"),
        (10, "enum"),
        (12, "subquery"),
        (13, "nested"),
        (14, "dynamic_parameter"),
        (15, "lambda"),
        (16, "lambda_invocation"),
        (99, "99"),
    ];
    for (kind, name) in expressions {
        assert_unsupported(condition(&truth("not", &[new().message(kind, &new())])), name);
    }
    for (kind, name) in
        [(5, "virtual table"), (6, "local files"), (8, "extension table"), (9, "Iceberg")]
    {
        assert_unsupported(read(&plan(&new().message(1, &new().message(kind, &new())), &[])), name);
    }
    let limited = fetch(&rows(), 0, 5);
    assert_unsupported(
        read(&plan(&filter(&limited, &truth("is_null", &[column(0)])), &["a"])),
        "a filter above a fetch",
    );
    assert_unsupported(
        read(&plan(&sort(&limited, &[(column(0), 1)]), &["a"])),
        "a sort above a fetch",
    );
    assert_unsupported(read(&plan(&fetch(&limited, 0, 5), &["a"])), "a fetch above a fetch");
    let sum = call("add", I64, &[column(0), int(1)]);
    assert_unsupported(read(&plan(&sort(&rows(), &[(sum, 1)]), &["a"])), "a sort by an expression");
    assert_unsupported(read(&plan(&sort(&rows(), &[(column(0), 5)]), &["a"])), "direction 5");
    assert_unsupported(
        read(&plan(&fetch(&rows(), 0, 5), &["a"]).number(42, 1)),
        "field 42 of Plan",
    );
    let enhanced = new().message(
        2,
        &new()
            .message(2, &rows())
            .message(3, &truth("is_null", &[column(0)]))
            .message(10, &new().message(2, &new())),
    );
    assert_unsupported(read(&plan(&enhanced, &["a"])), "enhancement");
}

#[test]
fn functions_of_other_extensions_and_options_are_rejected_by_name() {
    let with = |origin: &str, name: &str| {
        let origin = new().number(1, 9).text(2, origin);
        let function = new().message(3, &new().number(1, 9).number(2, 77).text(3, name));
        let root =
            new().message(1, &filter(&rows(), &call_of(77, &simple(1), &[column(0), column(0)])));
        let plan = declared().message(1, &origin).message(2, &function);
        read(&plan.message(3, &new().message(2, &root)))
    };
    assert!(with("/functions_comparison.yaml", "equal:any_any").is_ok());
    assert!(with("extension:io.substrait:functions_comparison", "equal:any_any").is_ok());
    assert_unsupported(with("/functions_mine.yaml", "equal:any_any"), "functions_mine");
    assert_unsupported(
        with("https://example.com/functions_comparison.yaml", "equal:any_any"),
        "example.com",
    );
    let undeclared = new().message(3, &new().number(1, 4).number(2, 77).text(3, "equal:any_any"));
    let root =
        new().message(1, &filter(&rows(), &call_of(77, &simple(1), &[column(0), column(0)])));
    assert_unsupported(
        read(&declared().message(2, &undeclared).message(3, &new().message(2, &root))),
        "undeclared origin 4",
    );
    assert_unsupported(with("/functions_string.yaml", "regexp_match:str_str"), "regexp_match");
    assert_unsupported(condition(&call_of(4_711, &simple(1), &[column(0)])), "4711");
    let option = |name: &str, value: &str| {
        let sum =
            new().number(1, 16).message(3, &simple(I64)).message(4, &new().message(3, &column(0)));
        let sum = sum
            .message(4, &new().message(3, &int(1)))
            .message(5, &new().text(1, name).text(2, value));
        condition(&truth("gt", &[new().message(3, &sum), int(1)]))
    };
    assert!(option("overflow", "ERROR").is_ok());
    assert_unsupported(option("overflow", "SATURATE"), "overflow");
    assert_unsupported(option("rounding", "TIE_TO_EVEN"), "rounding");
}

#[test]
fn a_malformed_plan_is_an_input_error() {
    let outside = plan(&filter(&rows(), &truth("is_null", &[column(4)])), &["a"]);
    let mapped = plan(&project(&rows(), &[], &[0, 9]), &["a", "b"]);
    let two_inputs = new().message(3, &new().message(2, &rows()).message(2, &rows()));
    for bytes in [
        new(),
        Proto(b"\xFF".to_vec()),
        declared(),
        outside,
        mapped,
        plan(&two_inputs, &[]),
        plan(&new(), &[]),
    ] {
        assert_eq!(read(&bytes).unwrap_err().kind(), ErrorKind::InvalidInput, "{bytes:?}");
    }
    let text = QueryPlan { substrait_version: None, substrait_plan: "no base64!".into() };
    assert_eq!(Plan::read(&text).unwrap_err().kind(), ErrorKind::InvalidInput);
    let schema = Schema::new(vec![
        Field::new("A", DataType::Int64, true),
        Field::new("a ", DataType::Int64, true),
    ]);
    let found = read(&plan(&filter(&rows(), &truth("is_null", &[column(0)])), &[])).unwrap();
    assert_eq!(
        found.clone().resolve(&schema).unwrap().filter,
        [wire_call(functions::IS_NULL, vec![wire_column("A", DataType::Int64)])]
    );
    let absent = Schema::new(vec![Field::new("z", DataType::Int64, true)]);
    assert_eq!(found.resolve(&absent).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn hostile_plans_are_rejected_cheaply() {
    // Nested conditions.
    let deep = (0..200).fold(truth("is_null", &[column(0)]), |inner, _| truth("not", &[inner]));
    assert_unsupported(condition(&deep), "deep");
    // Stacked relations.
    let tall = (0..200).fold(rows(), |input, _| project(&input, &[], &[0, 1, 2, 3]));
    assert_unsupported(read(&plan(&tall, &["a"])), "deep");
    // Every projection uses the previous column twice: 2^30 additions.
    let doubling = (0..30).fold(rows(), |input, _| {
        project(&input, &[call("add", I64, &[column(0), column(0)])], &[4, 1, 2, 3])
    });
    assert_unsupported(read(&plan(&doubling, &["a", "b", "c", "d"])), "nodes");
    // A million outputs of one column.
    assert_unsupported(read(&plan(&project(&rows(), &[], &vec![0; 1_000_000]), &[])), "nodes");
    // Ten thousand values are legitimate.
    let values: Vec<Proto> = (0..10_000).map(int).collect();
    assert!(condition(&one_of(&column(0), &values)).is_ok());
    let began = std::time::Instant::now();
    let message = vec![0x0A; 1 << 20];
    assert!(read(&Proto(message)).is_err());
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn a_corrupted_plan_is_an_error_or_another_plan_and_never_a_panic() {
    let plan = golden("plan-filter-sort-limit").query_plan.unwrap();
    let bytes = STANDARD.decode_to_vec(&plan.substrait_plan).unwrap();
    let mut read_all = 0;
    let mut rejected = 0;
    for at in 0..bytes.len() {
        for change in [0x01, 0x02, 0x08, 0x40, 0x80, 0xFF] {
            let mut bytes = bytes.clone();
            bytes[at] ^= change;
            match read(&Proto(bytes)) {
                Ok(_) => read_all += 1,
                Err(error) => {
                    assert!(
                        matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported),
                        "{error}"
                    );
                    rejected += 1;
                }
            }
        }
        assert!(
            read(&Proto(bytes[..at].to_vec())).is_err() || at == 0 || at > bytes.len() - 14,
            "cut at {at}"
        );
    }
    println!("{rejected} corrupted plans rejected, {read_all} read as another plan");
    assert!(rejected > 1_000);
}
