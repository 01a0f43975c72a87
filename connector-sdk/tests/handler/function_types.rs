//! Types and numbers of the arguments of functions, and functions that wait.

use std::{sync::Arc, time::Duration};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, Date32Array, Date64Array, Decimal128Array, Int64Array,
        StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    },
    datatypes::{DataType, Int64Type, TimeUnit},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_connector_sdk::{
    Error, ErrorKind, Handler, Result, StaticConnector, Udfs,
    chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Utc},
    udf::Decimal,
};
use athena_protocol::{
    Request, Response,
    message::UserDefinedFunctionRequest,
    timestamp_tz::{pack_batch, unpack_batch},
};

use crate::fixture::*;

/// Calls the only function of `udfs`, named `f`, with `arguments` of `rows` rows.
async fn call(
    udfs: Udfs,
    rows: usize,
    arguments: Vec<ArrayRef>,
    returns: DataType,
) -> Result<ArrayRef> {
    let fields: Vec<_> = arguments.iter().map(|column| ("a", column.data_type().clone())).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let records = RecordBatch::try_new_with_options(schema(&fields), arguments, &options).unwrap();
    let request = Request::UserDefinedFunction(UserDefinedFunctionRequest {
        identity: None,
        input_records: pack_batch(&records).unwrap(),
        output_schema: schema(&[("result", returns)]),
        method_name: "f".into(),
    });
    match invoke(&Handler::new(StaticConnector::new()).with_udfs(udfs), request).await? {
        Response::UserDefinedFunction(response) => {
            Ok(Arc::clone(unpack_batch(&response.records).unwrap().column(0)))
        }
        other => panic!("{}", other.type_name()),
    }
}

fn long(value: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![value]))
}

#[tokio::test]
async fn a_function_without_arguments_is_called_for_every_row() {
    let answer = Udfs::new().scalar("f", || 42_i64);
    let found = call(answer, 3, vec![], DataType::Int64).await.unwrap();
    assert_eq!(found.as_ref(), &Int64Array::from(vec![42; 3]));
    let numbers = Udfs::new().vectorized("f", [], DataType::Int64, |call| {
        let rows = i64::try_from(call.rows).expect("few rows");
        Ok(Arc::new(Int64Array::from(vec![rows; call.rows])) as ArrayRef)
    });
    let found = call(numbers, 3, vec![], DataType::Int64).await.unwrap();
    assert_eq!(found.as_ref(), &Int64Array::from(vec![3; 3]));
}

#[tokio::test]
async fn a_function_of_eight_arguments_gets_each_in_its_place() {
    let digits = Udfs::new().scalar(
        "f",
        |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, h: i64| {
            [a, b, c, d, e, f, g, h].iter().fold(0, |number, digit| number * 10 + digit)
        },
    );
    let found = call(digits, 1, (1..=8).map(long).collect(), DataType::Int64).await.unwrap();
    assert_eq!(found.as_primitive::<Int64Type>().value(0), 12_345_678);
}

#[tokio::test]
async fn a_vectorized_function_has_any_number_of_arguments() {
    let sum = Udfs::new().vectorized("f", vec![DataType::Int64; 20], DataType::Int64, |call| {
        let values =
            call.arguments.iter().map(|column| column.as_primitive::<Int64Type>().value(0));
        Ok(long(values.sum()))
    });
    let found = call(sum, 1, (1..=20).map(long).collect(), DataType::Int64).await.unwrap();
    assert_eq!(found.as_primitive::<Int64Type>().value(0), 210);
}

#[tokio::test]
async fn decimals_keep_all_their_digits() {
    let negate = Udfs::new()
        .scalar("f", |price: Decimal<38, 10>| Decimal::<38, 10>::from_unscaled(-price.unscaled()));
    let most = 10_i128.pow(38) - 1;
    let column = |values: Vec<Option<i128>>| {
        Decimal128Array::from(values).with_precision_and_scale(38, 10).unwrap()
    };
    let prices: ArrayRef = Arc::new(column(vec![Some(most), None, Some(-1)]));
    let found = call(negate, 3, vec![prices], DataType::Decimal128(38, 10)).await.unwrap();
    assert_eq!(found.as_ref(), &column(vec![Some(-most), None, Some(1)]));
}

#[tokio::test]
async fn a_decimal_with_too_many_digits_fails_the_call() {
    let double = Udfs::new()
        .scalar("f", |price: Decimal<2, 1>| Decimal::<2, 1>::from_unscaled(price.unscaled() * 2));
    let prices = Decimal128Array::from(vec![99]).with_precision_and_scale(2, 1).unwrap();
    let error =
        call(double, 1, vec![Arc::new(prices)], DataType::Decimal128(2, 1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("DECIMAL(2, 1)"), "{error}");
}

#[tokio::test]
async fn dates_and_times_are_those_of_the_calendar() {
    let tomorrow = Udfs::new().scalar("f", |day: NaiveDate| day.checked_add_days(Days::new(1)));
    // 1969-12-31 and 2024-02-28
    let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(-1), None, Some(19_781)]));
    let found = call(tomorrow, 3, vec![days], DataType::Date32).await.unwrap();
    assert_eq!(found.as_ref(), &Date32Array::from(vec![Some(0), None, Some(19_782)]));

    // Athena sends a timestamp in milliseconds, and expects it so.
    let noon = Udfs::new().scalar("f", |time: NaiveDateTime| time.date().and_hms_opt(12, 0, 0));
    let times: ArrayRef = Arc::new(Date64Array::from(vec![Some(-1), Some(86_400_001), None]));
    let found = call(noon, 3, vec![times], DataType::Date64).await.unwrap();
    let half = 43_200_000;
    let expected = Date64Array::from(vec![Some(half - 86_400_000), Some(half + 86_400_000), None]);
    assert_eq!(found.as_ref(), &expected);
}

#[tokio::test]
async fn an_instant_is_the_same_in_every_zone() {
    let zoned = |zone: &str| DataType::Timestamp(TimeUnit::Millisecond, Some(zone.into()));
    let year = Udfs::new().scalar("f", |time: DateTime<Utc>| i64::from(time.year()));
    // 2025-01-01 00:30 in Berlin is still 2024 in UTC.
    let times = TimestampMillisecondArray::from(vec![1_735_687_800_000]);
    let times: ArrayRef = Arc::new(times.with_timezone("Europe/Berlin"));
    let found = call(year, 1, vec![Arc::clone(&times)], DataType::Int64).await.unwrap();
    assert_eq!(found.as_primitive::<Int64Type>().value(0), 2024);
    let same = Udfs::new().scalar("f", |time: DateTime<Utc>| time);
    let found = call(same, 1, vec![times], zoned("UTC")).await.unwrap();
    let found = arrow::compute::cast(&found, &DataType::Int64).unwrap();
    assert_eq!(found.as_primitive::<Int64Type>().value(0), 1_735_687_800_000);
}

#[tokio::test]
async fn a_time_beyond_the_calendar_is_refused_and_not_null() {
    let same = || Udfs::new().scalar("f", |day: Option<NaiveDate>| day);
    let days: ArrayRef = Arc::new(Date32Array::from(vec![i32::MAX]));
    let error = call(same(), 1, vec![days], DataType::Date32).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(format!("{error:?}").contains("outside of the years"), "{error:?}");
    let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX]));
    let same = Udfs::new().scalar("f", |time: NaiveDateTime| time);
    let error = call(same, 1, vec![times], DataType::Date64).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn an_asynchronous_function_waits_without_blocking_the_invocation() {
    let shout =
        Udfs::new().vectorized_async("f", [DataType::Utf8], DataType::Utf8, |call| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let texts = call.arguments[0].as_string::<i32>().iter();
            let texts: StringArray = texts.map(|text| text.map(str::to_uppercase)).collect();
            Ok(Arc::new(texts) as ArrayRef)
        });
    let texts: Vec<_> = (0..100).map(|row| (row % 7 > 0).then(|| format!("t{row}"))).collect();
    let column: ArrayRef = Arc::new(StringArray::from(texts.clone()));
    let found = call(shout, 100, vec![column], DataType::Utf8).await.unwrap();
    let expected: StringArray =
        texts.iter().map(|text| text.as_ref().map(|t| t.to_uppercase())).collect();
    assert_eq!(found.as_string::<i32>(), &expected);
}

#[tokio::test]
async fn an_error_of_an_asynchronous_function_keeps_its_kind() {
    let busy = Udfs::new().vectorized_async("f", [], DataType::Int64, |_| async {
        Err(Error::throttled("the service is busy"))
    });
    let error = call(busy, 1, vec![], DataType::Int64).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
}

#[tokio::test]
async fn the_deadline_ends_an_asynchronous_function() {
    let slow = Udfs::new().vectorized_async("f", [], DataType::Int64, |_| async {
        std::future::pending::<Result<ArrayRef>>().await
    });
    let handler = Handler::new(StaticConnector::new()).with_udfs(slow);
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let request = Request::UserDefinedFunction(UserDefinedFunctionRequest {
        identity: None,
        input_records: RecordBatch::try_new_with_options(schema(&[]), vec![], &options).unwrap(),
        output_schema: schema(&[("result", DataType::Int64)]),
        method_name: "f".into(),
    });
    let request = request.encode(athena_protocol::SerdeVersion::LATEST).unwrap();
    let deadline = std::time::SystemTime::now() + Duration::from_millis(300);
    let error = handler.handle(&request, Some(deadline)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}
