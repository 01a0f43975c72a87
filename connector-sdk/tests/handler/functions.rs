//! User-defined functions.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int32Array, Int64Array,
        StringArray,
    },
    datatypes::{DataType, Field, Float64Type, Schema},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{Error, ErrorKind, Handler, Result, StaticConnector, Udfs};
use athena_protocol::{Request, Response, message::UserDefinedFunctionRequest};

use crate::fixture::*;

fn udfs() -> Udfs {
    Udfs::new()
        .scalar("Mask", |text: &str, keep: i32| {
            let keep = usize::try_from(keep).unwrap_or(0);
            text.chars()
                .enumerate()
                .map(|(at, c)| if at < keep { c } else { '*' })
                .collect::<String>()
        })
        .scalar("or_zero", |n: Option<i64>| n.unwrap_or(0))
        .scalar("is_missing", |text: Option<&str>| text.is_none())
        .scalar("half", |n: i64| (n % 2 == 0).then_some(n / 2))
        .scalar("positive", |n: i64| {
            if n > 0 { Ok(n) } else { Err(Error::invalid_input("the number is not positive")) }
        })
        .scalar("joined", |a: &[u8], b: &[u8], c: bool, d: f64| {
            let mut all = [a, b].concat();
            all.push(u8::from(c));
            all.extend(d.to_le_bytes());
            all
        })
        .scalar("repeat", |text: String, times: i64| {
            text.repeat(usize::try_from(times).unwrap_or(0))
        })
        .vectorized("halve", [DataType::Float64], DataType::Float64, |call| {
            let halves: Float64Array =
                call.arguments[0].as_primitive::<Float64Type>().unary(|x| x / 2.0);
            Ok(Arc::new(halves) as ArrayRef)
        })
        .vectorized("short", [DataType::Int64], DataType::Int64, |call| {
            Ok(call.arguments[0].slice(0, 1))
        })
        .vectorized("wrong_type", [DataType::Int64], DataType::Utf8, |call| {
            Ok(Arc::clone(&call.arguments[0]))
        })
}

async fn call(name: &str, arguments: Vec<ArrayRef>, returns: DataType) -> Result<ArrayRef> {
    let named =
        arguments.into_iter().enumerate().map(|(index, column)| (index.to_string(), column, true));
    let request = Request::UserDefinedFunction(UserDefinedFunctionRequest {
        identity: None,
        input_records: RecordBatch::try_from_iter_with_nullable(named).unwrap(),
        output_schema: schema(&[("result", returns)]),
        method_name: name.into(),
    });
    match invoke(&Handler::new(StaticConnector::new()).with_udfs(udfs()), request).await? {
        Response::UserDefinedFunction(response) => {
            assert_eq!(response.method_name, name);
            Ok(Arc::clone(response.records.column(0)))
        }
        other => panic!("{}", other.type_name()),
    }
}

fn longs(values: Vec<Option<i64>>) -> ArrayRef {
    Arc::new(Int64Array::from(values))
}

fn texts(values: Vec<Option<&str>>) -> ArrayRef {
    Arc::new(StringArray::from(values))
}

#[tokio::test]
async fn a_null_in_a_plain_argument_makes_the_result_null() {
    let keep: ArrayRef = Arc::new(Int32Array::from(vec![Some(2), Some(0), None]));
    let masked =
        call("mask", vec![texts(vec![Some("abc"), None, Some("x")]), keep], DataType::Utf8)
            .await
            .unwrap();
    assert_eq!(masked.as_string::<i32>(), &StringArray::from(vec![Some("ab*"), None, None]));
}

#[tokio::test]
async fn an_optional_argument_sees_nulls() {
    let found = call("or_zero", vec![longs(vec![Some(5), None])], DataType::Int64).await.unwrap();
    assert_eq!(found.as_ref(), &Int64Array::from(vec![5, 0]));
    let found =
        call("is_missing", vec![texts(vec![Some("a"), None])], DataType::Boolean).await.unwrap();
    assert_eq!(found.as_ref(), &BooleanArray::from(vec![false, true]));
}

#[tokio::test]
async fn an_optional_result_can_be_null() {
    let found =
        call("half", vec![longs(vec![Some(4), Some(3), None])], DataType::Int64).await.unwrap();
    assert_eq!(found.as_ref(), &Int64Array::from(vec![Some(2), None, None]));
}

#[tokio::test]
async fn a_result_can_be_null_even_if_the_query_declares_it_not_null() {
    let output = Schema::new(vec![Field::new("result", DataType::Int64, false)]);
    let request = Request::UserDefinedFunction(UserDefinedFunctionRequest {
        identity: None,
        input_records: RecordBatch::try_from_iter([("0", longs(vec![Some(4), Some(3)]))]).unwrap(),
        output_schema: Arc::new(output),
        method_name: "half".into(),
    });
    let Response::UserDefinedFunction(response) =
        invoke(&Handler::new(StaticConnector::new()).with_udfs(udfs()), request).await.unwrap()
    else {
        panic!("no results")
    };
    assert_eq!(response.records.column(0).as_ref(), &Int64Array::from(vec![Some(2), None]));
    assert!(response.records.schema().field(0).is_nullable());
}

#[tokio::test]
async fn an_error_of_a_function_fails_the_call_and_keeps_its_kind() {
    let error =
        call("positive", vec![longs(vec![Some(1), Some(-1)])], DataType::Int64).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("positive"), "{error}");
}

#[tokio::test]
async fn four_arguments_of_different_types_are_supported() {
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values([b"ab"]));
    let yes: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    let one: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let found =
        call("joined", vec![Arc::clone(&bytes), bytes, yes, one], DataType::Binary).await.unwrap();
    let expected = [&b"abab\x01"[..], &1.0_f64.to_le_bytes()].concat();
    assert_eq!(found.as_binary::<i32>().value(0), expected);
}

#[tokio::test]
async fn function_names_are_case_insensitive() {
    let keep: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    assert!(call("MASK", vec![texts(vec![Some("abc")]), keep], DataType::Utf8).await.is_ok());
}

#[tokio::test]
async fn the_error_of_an_unknown_function_lists_the_existing_ones() {
    let error = call("nope", vec![longs(vec![Some(1)])], DataType::Int64).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("or_zero"), "{error}");
    let two = vec![longs(vec![Some(1)]), longs(vec![Some(2)])];
    let error = call("or_zero", two, DataType::Int64).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn arguments_and_results_are_cast_only_without_loss() {
    let small: ArrayRef = Arc::new(Int32Array::from(vec![7]));
    let found = call("or_zero", vec![small], DataType::Int32).await.unwrap();
    assert_eq!(found.as_ref(), &Int32Array::from(vec![7]));
    let error =
        call("or_zero", vec![longs(vec![Some(i64::MAX)])], DataType::Int32).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error =
        call("or_zero", vec![texts(vec![Some("five")])], DataType::Int64).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_vectorized_function_must_return_its_row_count_and_type() {
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![Some(3.0), None]));
    let halves = call("halve", vec![numbers], DataType::Float64).await.unwrap();
    assert_eq!(halves.as_ref(), &Float64Array::from(vec![Some(1.5), None]));
    for name in ["short", "wrong_type"] {
        let error =
            call(name, vec![longs(vec![Some(1), Some(2)])], DataType::Int64).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{name}");
    }
}

#[tokio::test]
async fn results_too_large_for_a_response_are_rejected_with_their_size() {
    let times = longs(vec![Some(3_000_000), Some(3_000_000)]);
    let error = call("repeat", vec![texts(vec![Some("x"), Some("y")]), times], DataType::Utf8)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("2 rows"), "{error}");
}

#[tokio::test]
async fn no_rows_give_no_results() {
    let found = call("or_zero", vec![longs(vec![])], DataType::Int64).await.unwrap();
    assert_eq!(found.len(), 0);
}

#[tokio::test]
async fn an_output_of_two_columns_is_rejected() {
    let request = Request::UserDefinedFunction(UserDefinedFunctionRequest {
        identity: None,
        input_records: numbers(0, 1),
        output_schema: schema(&[("a", DataType::Int64), ("b", DataType::Int64)]),
        method_name: "or_zero".into(),
    });
    assert_eq!(
        error_kind(&Handler::new(StaticConnector::new()).with_udfs(udfs()), request).await,
        ErrorKind::InvalidInput
    );
}
