//! Query plans: supported parts are evaluated, others are rejected.

use std::{path::Path, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, Float64Array, Int64Array, StringArray},
    datatypes::{DataType, Float64Type, Int64Type},
    record_batch::RecordBatch,
};
use athena_conformance::plan::{
    FP64, I32, I64, Proto, STRING, call, cast, column, fetch, filter, int, new, one_of, plan,
    project, simple, sort, string, table, truth,
};
use athena_connector_sdk::{Conjunct, ErrorKind, Handler, Pushed, Result, predicate::Constraints};
use athena_protocol::{
    Request, Response,
    message::{GetSplitsRequest, ReadRecordsRequest},
    predicate::QueryPlan,
};

use crate::fixture::*;

/// Creates 40 orders in two alternating regions, with repeated amounts of which some are null.
fn orders() -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..40));
    let region: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..40).map(|n| if n % 2 == 0 { "emea" } else { "apac" }),
    ));
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let amount = (0..40_i64).map(|n| (n % 10 > 0).then_some((n % 10) as f64));
    let amount: ArrayRef = Arc::new(amount.collect::<Float64Array>());
    RecordBatch::try_from_iter_with_nullable([
        ("order_id", id, true),
        ("region", region, true),
        ("amount", amount, true),
    ])
    .unwrap()
}

/// Creates the table relation, with names in upper case as engines based on Calcite write them.
fn upper() -> Proto {
    table(&[("ORDER_ID", simple(I64)), ("REGION", simple(STRING)), ("AMOUNT", simple(FP64))])
}

fn planned(relation: &Proto, names: &[&str]) -> Constraints {
    let bytes = plan(relation, names).0;
    let text = base64_simd::STANDARD.encode_to_string(bytes);
    Constraints {
        query_plan: Some(QueryPlan { substrait_version: None, substrait_plan: text }),
        ..Constraints::default()
    }
}

fn read_request_of(columns: &[(&str, DataType)], constraints: Constraints) -> ReadRecordsRequest {
    without_spill_location(ReadRecordsRequest { constraints, ..read_request(schema(columns)) })
}

async fn read_rows(request: ReadRecordsRequest) -> Result<RecordBatch> {
    match invoke(&Handler::new(FakeConnector::new(orders())), Request::ReadRecords(request)).await?
    {
        Response::ReadRecords(response) => Ok(response.records),
        other => panic!("{}", other.type_name()),
    }
}

fn ids(batch: &RecordBatch) -> Vec<i64> {
    batch.column_by_name("order_id").unwrap().as_primitive::<Int64Type>().values().to_vec()
}

const ID: (&str, DataType) = ("order_id", DataType::Int64);

#[tokio::test]
async fn a_plan_of_the_java_sdk_filters_orders_and_limits() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/golden/v6/constraints/plan-filter-sort-limit.json");
    let (request, _) = Request::decode(&std::fs::read(file).unwrap()).unwrap();
    let Request::ReadRecords(golden) = request else { panic!("the file holds a read") };
    // region = 'emea' and amount > 3.5 order by amount desc limit 10: 8, 8, 8, 8, 6, 6, 6, 6, 4, 4
    let found =
        read_rows(read_request_of(&[ID, ("amount", DataType::Float64)], golden.constraints))
            .await
            .unwrap();
    let amounts =
        found.column_by_name("amount").unwrap().as_primitive::<Float64Type>().values().to_vec();
    assert_eq!(amounts, [8.0, 8.0, 8.0, 8.0, 6.0, 6.0, 6.0, 6.0, 4.0, 4.0]);
    assert!(ids(&found).iter().all(|id| id % 2 == 0));
}

#[tokio::test]
async fn a_predicate_that_is_only_in_the_plan_is_applied() {
    let condition = truth(
        "and",
        &[
            one_of(&column(0), &[int(3), int(4), int(13), int(99)]),
            truth("equal", &[column(1), string("apac")]),
        ],
    );
    let constraints = planned(&filter(&upper(), &condition), &["ORDER_ID"]);
    assert_eq!(
        ids(&read_rows(read_request_of(&[ID], constraints.clone())).await.unwrap()),
        [3, 13]
    );
    // Value sets in addition to the plan apply too.
    let both = Constraints { summary: only("order_id", &[13, 14]).summary, ..constraints };
    assert_eq!(ids(&read_rows(read_request_of(&[ID], both)).await.unwrap()), [13]);
}

#[tokio::test]
async fn a_limit_counts_filtered_rows_and_an_offset_is_left_to_the_engine() {
    let filtered = filter(&upper(), &truth("is_null", &[column(2)]));
    let limited = planned(&fetch(&filtered, 0, 2), &["ORDER_ID"]);
    assert_eq!(ids(&read_rows(read_request_of(&[ID], limited)).await.unwrap()), [0, 10]);
    let sorted = sort(&filtered, &[(column(0), 4)]);
    let offset = planned(&fetch(&sorted, 1, 2), &["ORDER_ID"]);
    assert_eq!(ids(&read_rows(read_request_of(&[ID], offset)).await.unwrap()), [30, 20, 10]);
    assert!(
        ids(&read_rows(read_request_of(&[ID], planned(&fetch(&upper(), 0, 0), &["ORDER_ID"])))
            .await
            .unwrap())
        .is_empty()
    );
}

#[tokio::test]
async fn outputs_are_computed_and_renamed_by_the_plan() {
    let doubled = call("multiply", I64, &[column(0), int(2)]);
    let projected =
        project(&filter(&upper(), &truth("lt", &[column(0), int(3)])), &[doubled], &[3, 0, 1]);
    // `SELECT order_id * 2 AS twice, order_id AS amount, region`
    let constraints = planned(&projected, &["TWICE", "AMOUNT", "REGION"]);
    let columns =
        [("amount", DataType::Int64), ("region", DataType::Utf8), ("twice", DataType::Int64)];
    let found = read_rows(read_request_of(&columns, constraints)).await.unwrap();
    assert_eq!(found.column(0).as_primitive::<Int64Type>().values().to_vec(), [0, 1, 2]);
    assert_eq!(found.column(1).as_string::<i32>().value(1), "apac");
    assert_eq!(found.column(2).as_primitive::<Int64Type>().values().to_vec(), [0, 2, 4]);
}

#[tokio::test]
async fn the_filter_of_a_plan_is_offered_for_pushdown() {
    let constraints = planned(
        &fetch(&filter(&upper(), &truth("equal", &[column(0), int(7)])), 0, 5),
        &["ORDER_ID"],
    );
    let fake = FakeConnector::new(orders()).with_read(|request| {
        assert_eq!(request.raw_constraints().query_plan, None);
        let plan = request.push_down(|conjunct| {
            assert!(matches!(conjunct, Conjunct::Expression(_)));
            conjunct.key_ranges("order_id").map_or(Pushed::Unsupported, Pushed::Exact)
        });
        assert_eq!((plan.conjuncts[0][0].start, plan.limit), (Some(7), Some(5)));
        Ok(orders().slice(7, 1).into())
    });
    let request = Request::ReadRecords(read_request_of(&[ID], constraints));
    assert!(invoke(&Handler::new(fake), request).await.is_ok());
}

#[tokio::test]
async fn a_read_describes_its_table_once() {
    // The plan, and the columns of its filter that the request does not have, need the definition.
    let condition = truth("equal", &[column(1), string("apac")]);
    let constraints = planned(&filter(&upper(), &condition), &["ORDER_ID"]);
    let fake = FakeConnector::new(orders());
    let calls = Arc::clone(&fake.calls);
    let request = Request::ReadRecords(read_request_of(&[ID], constraints));
    invoke(&Handler::new(fake), request).await.unwrap();
    let described = calls.lock().unwrap().iter().filter(|call| **call == "get_table").count();
    assert_eq!(described, 1);
}

#[tokio::test]
async fn unsupported_plans_are_rejected_before_the_source_is_called() {
    let aggregate = new().message(4, &new());
    let compared = truth("equal", &[cast(&simple(I32), &column(0)), int(1)]);
    let of_two_types = truth("equal", &[column(0), column(2)]);
    let cases = [
        (planned(&aggregate, &["N"]), "aggregate"),
        (planned(&filter(&upper(), &compared), &["ORDER_ID"]), "cast"),
        (planned(&filter(&upper(), &of_two_types), &["ORDER_ID"]), "$equal"),
    ];
    for (constraints, name) in cases {
        let fake = FakeConnector::new(orders());
        let calls = Arc::clone(&fake.calls);
        let error =
            invoke(&Handler::new(fake), Request::ReadRecords(read_request_of(&[ID], constraints)))
                .await
                .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains(name), "{name} is not named by {error}");
        assert!(!calls.lock().unwrap().contains(&"read_records"));
    }
}

#[tokio::test]
async fn layouts_and_splits_apply_the_plan_too() {
    let region: ArrayRef = Arc::new(StringArray::from(vec!["emea", "apac"]));
    let partitions = RecordBatch::try_from_iter([("region", region)]).unwrap();
    let fake =
        FakeConnector { partitions: vec![partitions.clone()], ..FakeConnector::new(orders()) };
    let handler = Handler::new(fake);
    let table = schema(&[ID, ("region", DataType::Utf8), ("amount", DataType::Float64)]);
    let constraints =
        planned(&filter(&upper(), &truth("equal", &[column(1), string("apac")])), &["ORDER_ID"]);
    let layout =
        invoke(&handler, layout_request(Arc::clone(&table), &["region"], constraints.clone()))
            .await
            .unwrap();
    let Response::GetTableLayout(layout) = layout else { panic!("not a layout response") };
    assert_eq!(
        layout.partitions.column(0).as_string::<i32>().iter().collect::<Vec<_>>(),
        [Some("apac")]
    );
    let splits = GetSplitsRequest { constraints, ..splits_request() };
    assert!(invoke(&handler, Request::GetSplits(splits)).await.is_ok());

    let refused = planned(&new().message(6, &new()), &[]);
    assert_eq!(
        error_kind(&handler, layout_request(table, &["region"], refused.clone())).await,
        ErrorKind::Unsupported
    );
    let splits = GetSplitsRequest { constraints: refused, ..splits_request() };
    assert_eq!(error_kind(&handler, Request::GetSplits(splits)).await, ErrorKind::Unsupported);
}
