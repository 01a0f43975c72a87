//! User-defined functions.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Int32Array},
    datatypes::DataType,
};
use athena_protocol::Request;

use super::fake::{Fake, orders};

/// Returns a fake whose function returns the length of a text, or -1 for null.
fn with_lengths() -> Fake {
    Fake {
        udf: Some(Arc::new(|call| {
            let texts = call.input_records.column(0).as_string::<i32>();
            let lengths =
                texts.iter().map(|text| text.map_or(-1, |text| i32::try_from(text.len()).unwrap()));
            Arc::new(Int32Array::from_iter_values(lengths)) as ArrayRef
        })),
        ..Fake::new(vec![orders(0..10)])
    }
}

#[tokio::test]
async fn an_external_function_is_called_for_every_row() {
    let fake = with_lengths();
    let sql = "USING EXTERNAL FUNCTION Len(s VARCHAR) RETURNS INTEGER LAMBDA 'lake' \
               SELECT sum(len(region)) AS n, max(LEN(NULL)) AS m FROM lake.shop.orders";
    let rows = fake.rows(sql).await;
    assert!(rows.contains("| 40 | -1 |"), "{rows}");
    let requests = fake.requests.lock().unwrap().clone();
    let call = requests.iter().find_map(|request| match request {
        Request::UserDefinedFunction(call) => Some(call.clone()),
        _ => None,
    });
    let call = call.unwrap();
    assert_eq!(call.method_name, "len");
    assert_eq!(call.output_schema.field(0).data_type(), &DataType::Int32);
    assert!(call.input_records.column(0).len() <= 10);
}

#[tokio::test]
async fn an_argument_of_another_type_is_cast_unless_the_cast_loses_information() {
    let width = |call: &athena_protocol::message::UserDefinedFunctionRequest| {
        let column = call.input_records.column(0);
        assert_eq!(column.data_type(), &DataType::Int32);
        Arc::clone(column)
    };
    let fake = Fake { udf: Some(Arc::new(width)), ..Fake::new(vec![orders(0..10)]) };
    let declared = "USING EXTERNAL FUNCTION same(n INTEGER) RETURNS INTEGER LAMBDA 'lake' ";
    let call = |argument: &str| {
        format!("{declared} SELECT max(same({argument})) AS n FROM lake.shop.orders")
    };
    assert!(fake.rows(&call("7")).await.contains("| 7 |"));
    assert!(fake.rows(&call("id")).await.contains("| 9 |"));
    let too_large = fake.error(&call("3000000000")).await;
    assert!(too_large.contains("3000000000"), "{too_large}");
    let text = fake.error(&call("region")).await;
    assert!(text.contains("argument 1 of same is Utf8, declared as Int32: add a CAST"), "{text}");
}

#[tokio::test]
async fn an_external_function_can_be_called_in_a_condition() {
    let sql = "USING EXTERNAL FUNCTION len(s VARCHAR) RETURNS INTEGER LAMBDA 'lake' \
               SELECT count(*) AS n FROM lake.shop.orders WHERE len(region) = 4";
    let rows = with_lengths().rows(sql).await;
    assert!(rows.contains("| 10 |"), "{rows}");
}

#[tokio::test]
async fn calls_can_be_nested_grouped_and_ordered_by() {
    let double = |call: &athena_protocol::message::UserDefinedFunctionRequest| {
        let values = call.input_records.column(0).as_primitive::<arrow::datatypes::Int64Type>();
        Arc::new(values.unary::<_, arrow::datatypes::Int64Type>(|value| value * 2)) as ArrayRef
    };
    let fake = Fake { udf: Some(Arc::new(double)), ..Fake::new(vec![orders(0..10)]) };
    let declared = "USING EXTERNAL FUNCTION double(n BIGINT) RETURNS BIGINT LAMBDA 'lake' ";
    let nested =
        format!("{declared} SELECT max(double(double(id) + 1)) AS n FROM lake.shop.orders");
    assert!(fake.rows(&nested).await.contains("| 38 |"));
    let grouped = format!(
        "{declared} SELECT double(id % 2) AS g, count(*) AS n, sum(double(id)) AS s \
         FROM lake.shop.orders GROUP BY double(id % 2) ORDER BY double(id % 2) DESC"
    );
    let rows = fake.rows(&grouped).await;
    assert!(rows.contains("| 2 | 5 | 50 |\n| 0 | 5 | 40 |"), "{rows}");
    let filtered = format!(
        "{declared} SELECT id FROM lake.shop.orders WHERE double(id) > 12 AND id < 9 \
         ORDER BY double(id) DESC LIMIT 1"
    );
    assert!(fake.rows(&filtered).await.contains("| 8  |"));
}

#[tokio::test]
async fn an_error_names_a_function_that_is_not_a_catalog() {
    let sql =
        "USING EXTERNAL FUNCTION len(s VARCHAR) RETURNS INTEGER LAMBDA 'nowhere' SELECT len('x')";
    let error = with_lengths().error(sql).await;
    assert!(error.contains("nowhere") && error.contains("len"), "{error}");
}

#[tokio::test]
async fn a_response_with_another_number_of_rows_is_rejected() {
    let fake = Fake {
        udf: Some(Arc::new(|_| Arc::new(Int32Array::from(vec![1])) as ArrayRef)),
        ..Fake::new(vec![orders(0..10)])
    };
    let sql = "USING EXTERNAL FUNCTION len(s VARCHAR) RETURNS INTEGER LAMBDA 'lake' \
               SELECT len(region) FROM lake.shop.orders";
    let error = fake.error(sql).await;
    assert!(error.contains("it returned 1 row for 10"), "{error}");
}
