//! Tests of the type mapping and of the casts.

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Date64Array,
        Decimal32Array, Decimal128Array, Decimal256Array, DictionaryArray, DurationSecondArray,
        FixedSizeBinaryArray, FixedSizeListArray, Float32Array, Float64Array, Int8Array,
        Int16Array, Int32Array, Int64Array, LargeListArray, LargeStringArray, ListArray, MapArray,
        NullArray, RunArray, StringArray, StringViewArray, StructArray, Time32SecondArray,
        TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
        TimestampSecondArray, UInt8Array, UInt32Array, UInt64Array,
    },
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{
        DataType, Field, Fields, Int32Type, IntervalUnit, Schema, SchemaRef, TimeUnit, i256,
    },
    record_batch::{RecordBatch, RecordBatchOptions},
};

use super::{cast_batch, wire_schema, wire_schema_by};
use crate::{ErrorKind, Result, UnsupportedTypes};

fn schema(data_type: DataType) -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("c", data_type, true)]))
}

fn mapped(data_type: DataType) -> DataType {
    wire_schema(&schema(data_type)).expect("a mapped type").field(0).data_type().clone()
}

fn batch(array: ArrayRef) -> RecordBatch {
    RecordBatch::try_new(schema(array.data_type().clone()), vec![array])
        .expect("one column makes a batch")
}

fn cast(array: impl Array + 'static, to: DataType) -> Result<ArrayRef> {
    cast_batch(&batch(Arc::new(array)), &schema(to)).map(|batch| Arc::clone(batch.column(0)))
}

/// Casts to the wire type of the array.
fn to_wire(array: impl Array + 'static) -> ArrayRef {
    let to = mapped(array.data_type().clone());
    cast(array, to).expect("a mapped type is cast")
}

#[track_caller]
fn rejects(array: impl Array + 'static, to: DataType, kind: ErrorKind) {
    let error = cast(array, to).expect_err("the value must not fit");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.message().contains("\"c\""), "the column is named: {error}");
}

#[test]
fn athena_types_pass_unchanged_and_share_their_fields() {
    let utc = Some("UTC".into());
    let supported = [
        DataType::Boolean,
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal128(38, 38),
        DataType::Utf8,
        DataType::Binary,
        DataType::Date32,
        DataType::Date64,
        DataType::Timestamp(TimeUnit::Millisecond, utc),
    ];
    for data_type in supported {
        let before = schema(data_type.clone());
        let after = wire_schema(&before).expect("supported");
        assert!(Arc::ptr_eq(&before.fields()[0], &after.fields()[0]), "{data_type}");
    }
}

#[test]
fn other_types_map_to_one_that_holds_all_their_values() {
    let zone: Arc<str> = "Europe/Oslo".into();
    let pairs = [
        (DataType::UInt8, DataType::Int16),
        (DataType::UInt16, DataType::Int32),
        (DataType::UInt32, DataType::Int64),
        (DataType::UInt64, DataType::Decimal128(20, 0)),
        (DataType::Float16, DataType::Float32),
        (DataType::LargeUtf8, DataType::Utf8),
        (DataType::Utf8View, DataType::Utf8),
        (DataType::LargeBinary, DataType::Binary),
        (DataType::BinaryView, DataType::Binary),
        (DataType::FixedSizeBinary(16), DataType::Binary),
        (DataType::Timestamp(TimeUnit::Nanosecond, None), DataType::Date64),
        (
            DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(&zone))),
            DataType::Timestamp(TimeUnit::Millisecond, Some(zone)),
        ),
        (DataType::Decimal32(9, 2), DataType::Decimal128(9, 2)),
        (DataType::Decimal64(18, 4), DataType::Decimal128(18, 4)),
        (DataType::Decimal256(38, 10), DataType::Decimal128(38, 10)),
        (DataType::Decimal128(10, -3), DataType::Decimal128(13, 0)),
        (DataType::Decimal128(3, 5), DataType::Decimal128(5, 5)),
        (
            DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::LargeUtf8)),
            DataType::Utf8,
        ),
        (
            DataType::RunEndEncoded(
                Arc::new(Field::new("run_ends", DataType::Int32, false)),
                Arc::new(Field::new("values", DataType::UInt8, true)),
            ),
            DataType::Int16,
        ),
    ];
    for (from, to) in pairs {
        assert_eq!(mapped(from.clone()), to, "{from}");
    }
}

#[test]
fn nested_types_map_child_by_child_and_keep_names_and_metadata() {
    let note = HashMap::from([("note".to_owned(), "kept".to_owned())]);
    let price = Field::new("price", DataType::UInt64, false).with_metadata(note.clone());
    let item = Field::new("element", DataType::Struct(Fields::from(vec![price])), true);
    let from = Schema::new_with_metadata(
        vec![
            Field::new("orders", DataType::LargeList(Arc::new(item)), true)
                .with_metadata(note.clone()),
        ],
        note.clone(),
    );
    let to = wire_schema(&from).expect("all children are mapped");
    assert_eq!(to.metadata(), &note);
    assert_eq!(to.field(0).metadata(), &note);
    let DataType::List(item) = to.field(0).data_type() else { panic!("a list") };
    let DataType::Struct(children) = item.data_type() else { panic!("of structs") };
    assert_eq!(item.name(), "element");
    assert_eq!(
        *children[0],
        Field::new("price", DataType::Decimal128(20, 0), false).with_metadata(note)
    );
}

#[test]
fn maps_get_the_names_and_nullability_that_readers_require() {
    let entries = Fields::from(vec![
        Field::new("keys", DataType::Utf8View, true),
        Field::new("values", DataType::UInt8, true),
    ]);
    let from =
        DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entries), true)), true);
    let entries = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Int16, true),
    ]);
    let to =
        DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false);
    assert_eq!(mapped(from), to);
}

#[test]
fn a_type_without_a_wire_form_is_rejected_with_its_path() {
    let unsupported = [
        DataType::Null,
        DataType::Time32(TimeUnit::Second),
        DataType::Time64(TimeUnit::Nanosecond),
        DataType::Duration(TimeUnit::Second),
        DataType::Interval(IntervalUnit::DayTime),
        DataType::Decimal256(39, 0),
        DataType::Decimal128(38, -1),
    ];
    for data_type in unsupported {
        let item = Field::new("item", data_type.clone(), true);
        let list = Field::new("times", DataType::List(Arc::new(item)), true);
        let from = Schema::new(vec![Field::new(
            "shift",
            DataType::Struct(Fields::from(vec![list])),
            true,
        )]);
        let error = wire_schema(&from).expect_err("no wire form");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("\"shift.times[]\""), "{error}");
        assert!(error.message().contains(&data_type.to_string()), "{error}");
    }
}

#[test]
fn a_column_without_a_wire_form_is_dropped_or_text_if_the_table_allows_it() {
    let times = Time32SecondArray::from(vec![Some(45_296), None]);
    let lasted = DurationSecondArray::from(vec![Some(90), Some(-1)]);
    let nested = StructArray::from(vec![(
        Arc::new(Field::new("at", DataType::Time32(TimeUnit::Second), true)),
        Arc::new(times.clone()) as ArrayRef,
    )]);
    let source = RecordBatch::try_from_iter_with_nullable([
        ("at", Arc::new(times) as ArrayRef, true),
        ("id", Arc::new(Int32Array::from(vec![1, 2])), true),
        ("lasted", Arc::new(lasted), true),
        ("nested", Arc::new(nested), true),
    ])
    .expect("a batch");
    let dropped = wire_schema_by(&source.schema(), UnsupportedTypes::Drop).expect("nothing fails");
    assert_eq!(
        dropped.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(),
        ["id"]
    );

    let text = wire_schema_by(&source.schema(), UnsupportedTypes::Text).expect("nothing fails");
    let types: Vec<_> = text.fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(types, [DataType::Utf8, DataType::Int32, DataType::Utf8, DataType::Utf8]);
    let result = cast_batch(&source, &text).expect("castable");
    let texts = |column: usize| result.column(column).as_string::<i32>().iter().collect::<Vec<_>>();
    assert_eq!(texts(0), [Some("12:34:56"), None]);
    assert_eq!(texts(2), [Some("PT90S"), Some("-PT1S")]);
    assert_eq!(texts(3), [Some("{at: 12:34:56}"), Some("{at: }")]);
}

#[test]
fn columns_are_selected_by_name_in_the_requested_order() {
    let source = RecordBatch::try_from_iter([
        ("a", Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef),
        ("b", Arc::new(StringArray::from(vec!["x", "y"])) as ArrayRef),
        ("c", Arc::new(Int32Array::from(vec![3, 4])) as ArrayRef),
    ])
    .expect("a batch");
    let target = Arc::new(Schema::new(vec![
        Field::new("c", DataType::Int64, true),
        Field::new("b", DataType::Utf8, true),
    ]));
    let result = cast_batch(&source, &target).expect("castable");
    assert_eq!(result.schema_ref(), &target);
    assert_eq!(result.column(0).as_ref(), &Int64Array::from(vec![3, 4]) as &dyn Array);
    assert!(
        Arc::ptr_eq(result.column(1), source.column(1)),
        "a column of the right type is shared"
    );
}

#[test]
fn names_match_exactly_and_the_error_of_a_missing_column_lists_the_columns() {
    let source =
        RecordBatch::try_from_iter([("C", Arc::new(Int32Array::from(vec![1])) as ArrayRef)])
            .expect("a batch");
    let error = cast_batch(&source, &schema(DataType::Int32)).expect_err("C is not c");
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.message().contains("\"c\"") && error.message().contains("\"C\""), "{error}");
}

#[test]
fn zero_columns_keep_the_row_count() {
    let source = batch(Arc::new(Int32Array::from(vec![1, 2, 3])));
    let result = cast_batch(&source, &Arc::new(Schema::empty())).expect("nothing to cast");
    assert_eq!((result.num_rows(), result.num_columns()), (3, 0));

    let options = RecordBatchOptions::new().with_row_count(Some(7));
    let source = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options)
        .expect("rows without columns");
    assert_eq!(
        cast_batch(&source, &Arc::new(Schema::empty())).expect("nothing to cast").num_rows(),
        7
    );
}

#[test]
fn timestamps_before_1970_are_floored() {
    let micros =
        TimestampMicrosecondArray::from(vec![Some(-1), Some(-86_400_000_001), Some(1_999), None]);
    let expected = Date64Array::from(vec![Some(-1), Some(-86_400_001), Some(1), None]);
    assert_eq!(to_wire(micros).as_ref(), &expected as &dyn Array);

    let nanos = TimestampNanosecondArray::from(vec![-1, 999_999, 1_700_000_000_123_456_789]);
    let expected = Date64Array::from(vec![-1, 0, 1_700_000_000_123]);
    assert_eq!(to_wire(nanos).as_ref(), &expected as &dyn Array);

    let zoned = TimestampMicrosecondArray::from(vec![-1]).with_timezone("Asia/Tokyo");
    let expected = TimestampMillisecondArray::from(vec![-1]).with_timezone("Asia/Tokyo");
    assert_eq!(to_wire(zoned).as_ref(), &expected as &dyn Array);

    let millis = Date64Array::from(vec![-1, 86_399_999]);
    assert_eq!(
        cast(millis, DataType::Date32).expect("days").as_ref(),
        &Date32Array::from(vec![-1, 0]) as &dyn Array
    );
}

#[test]
fn seconds_beyond_the_range_of_milliseconds_are_an_error() {
    assert_eq!(to_wire(TimestampSecondArray::from(vec![-62_135_596_800])).len(), 1);
    rejects(
        TimestampSecondArray::from(vec![i64::MAX / 10]),
        DataType::Date64,
        ErrorKind::InvalidInput,
    );
}

#[test]
fn values_that_do_not_fit_are_errors_without_the_value() {
    let error =
        cast(Int64Array::from(vec![Some(77_777), None]), DataType::Int16).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("\"c\""), "{error}");
    assert!(!format!("{error} {error:?}").contains("77777"), "no row data in {error}");

    rejects(Int32Array::from(vec![128]), DataType::Int8, ErrorKind::InvalidInput);
    rejects(Float64Array::from(vec![1.5]), DataType::Int32, ErrorKind::InvalidInput);
    rejects(Float64Array::from(vec![f64::NAN]), DataType::Int64, ErrorKind::InvalidInput);
    rejects(Float64Array::from(vec![1e300]), DataType::Float32, ErrorKind::InvalidInput);
    rejects(Int32Array::from(vec![2]), DataType::Boolean, ErrorKind::InvalidInput);
    rejects(StringArray::from(vec!["12x"]), DataType::Int32, ErrorKind::InvalidInput);
    rejects(BinaryArray::from(vec![&[0xff_u8][..]]), DataType::Utf8, ErrorKind::InvalidInput);
    let wide =
        Decimal256Array::from(vec![i256::MAX]).with_precision_and_scale(76, 0).expect("a decimal");
    rejects(wide, DataType::Decimal128(38, 0), ErrorKind::InvalidInput);
    let cents =
        Decimal128Array::from(vec![150]).with_precision_and_scale(10, 2).expect("a decimal");
    rejects(cents, DataType::Int64, ErrorKind::InvalidInput);
}

#[test]
fn whole_numbers_are_cast_between_all_number_types() {
    let ones = cast(Float64Array::from(vec![Some(-0.0), Some(7.0), None]), DataType::Int32)
        .expect("whole");
    assert_eq!(ones.as_ref(), &Int32Array::from(vec![Some(0), Some(7), None]) as &dyn Array);
    let flags = cast(Int8Array::from(vec![0, 1]), DataType::Boolean).expect("zero and one");
    assert_eq!(flags.as_ref(), &BooleanArray::from(vec![false, true]) as &dyn Array);
    let narrow =
        cast(Float64Array::from(vec![0.1, f64::INFINITY]), DataType::Float32).expect("nearest");
    assert_eq!(narrow.as_ref(), &Float32Array::from(vec![0.1, f32::INFINITY]) as &dyn Array);
    assert_eq!(
        to_wire(UInt8Array::from(vec![255])).as_ref(),
        &Int16Array::from(vec![255]) as &dyn Array
    );
    assert_eq!(
        to_wire(UInt32Array::from(vec![u32::MAX])).as_ref(),
        &Int64Array::from(vec![4_294_967_295]) as &dyn Array
    );
    let most = Decimal128Array::from(vec![i128::from(u64::MAX)])
        .with_precision_and_scale(20, 0)
        .expect("20 digits");
    assert_eq!(to_wire(UInt64Array::from(vec![u64::MAX])).as_ref(), &most as &dyn Array);
}

#[test]
fn decimals_round_half_away_from_zero_to_the_scale_of_the_column() {
    let from = Decimal128Array::from(vec![1_005, -1_005, 1_004])
        .with_precision_and_scale(10, 3)
        .expect("a decimal");
    let to = Decimal128Array::from(vec![101, -101, 100])
        .with_precision_and_scale(10, 2)
        .expect("a decimal");
    assert_eq!(
        cast(from, DataType::Decimal128(10, 2)).expect("rounded").as_ref(),
        &to as &dyn Array
    );
    let small = Decimal32Array::from(vec![123]).with_precision_and_scale(9, 2).expect("a decimal");
    let wide = Decimal128Array::from(vec![123]).with_precision_and_scale(9, 2).expect("a decimal");
    assert_eq!(to_wire(small).as_ref(), &wide as &dyn Array);
    let hundreds =
        Decimal128Array::from(vec![12]).with_precision_and_scale(10, -2).expect("a decimal");
    let whole =
        Decimal128Array::from(vec![1_200]).with_precision_and_scale(12, 0).expect("a decimal");
    assert_eq!(to_wire(hundreds).as_ref(), &whole as &dyn Array);
}

#[test]
fn encoded_strings_and_bytes_become_plain_arrays() {
    let plain = StringArray::from(vec![Some("æ"), None, Some("")]);
    let dictionary: DictionaryArray<Int32Type> =
        vec![Some("æ"), None, Some("")].into_iter().collect();
    assert_eq!(to_wire(dictionary).as_ref(), &plain as &dyn Array);
    assert_eq!(
        to_wire(StringViewArray::from(vec![Some("æ"), None, Some("")])).as_ref(),
        &plain as &dyn Array
    );
    assert_eq!(
        to_wire(LargeStringArray::from(vec![Some("æ"), None, Some("")])).as_ref(),
        &plain as &dyn Array
    );
    let runs = RunArray::<Int32Type>::try_new(
        &Int32Array::from(vec![2, 3]),
        &StringArray::from(vec!["a", "b"]),
    );
    assert_eq!(
        to_wire(runs.expect("runs")).as_ref(),
        &StringArray::from(vec!["a", "a", "b"]) as &dyn Array
    );
    let fixed = FixedSizeBinaryArray::try_from_iter([[0_u8, 255]].into_iter()).expect("two bytes");
    assert_eq!(to_wire(fixed).as_ref(), &BinaryArray::from(vec![&[0_u8, 255][..]]) as &dyn Array);
}

#[test]
fn lists_of_any_kind_become_lists_with_cast_items() {
    let sets = vec![Some(vec![Some(1), None]), None, Some(vec![]), Some(vec![Some(300)])];
    let large = LargeListArray::from_iter_primitive::<Int32Type, _, _>(sets.clone());
    let item = Arc::new(Field::new("item", DataType::Int64, true));
    let target = DataType::List(Arc::clone(&item));
    let expected =
        ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>(sets.iter().map(
            |set| set.as_ref().map(|set| set.iter().map(|v| v.map(i64::from)).collect::<Vec<_>>()),
        ));
    assert_eq!(cast(large, target.clone()).expect("a list").as_ref(), &expected as &dyn Array);

    // Values outside the slice must not decide whether the rest fits.
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(sets).slice(0, 3);
    let narrow = DataType::List(Arc::new(Field::new("item", DataType::Int8, true)));
    let sliced = cast(list.clone(), narrow.clone()).expect("300 lies outside of the slice");
    assert_eq!(
        sliced.as_list::<i32>().value(0).as_ref(),
        &Int8Array::from(vec![Some(1), None]) as &dyn Array
    );
    let shifted = cast(list.slice(1, 2), narrow).expect("empty lists fit");
    assert_eq!((shifted.len(), shifted.null_count()), (2, 1));

    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        [Some([Some(1), Some(2)]), None],
        2,
    );
    let fixed = cast(fixed, target).expect("a list");
    assert_eq!(
        fixed.as_list::<i32>().value(0).as_ref(),
        &Int64Array::from(vec![1, 2]) as &dyn Array
    );
    assert!(fixed.is_null(1));
}

#[test]
fn struct_children_are_found_by_name_and_values_under_a_null_need_not_fit() {
    let children = Fields::from(vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Utf8, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![1, 99_999])),
        Arc::new(StringArray::from(vec!["x", "y"])),
    ];
    let hidden = NullBuffer::from(vec![true, false]);
    let target = DataType::Struct(Fields::from(vec![
        Field::new("b", DataType::Utf8, true),
        Field::new("a", DataType::Int8, false),
    ]));
    let masked = StructArray::new(children.clone(), columns.clone(), Some(hidden));
    let result = cast(masked, target.clone()).expect("99,999 is hidden by a null");
    assert_eq!(
        result.as_struct().column(1).as_primitive::<arrow::datatypes::Int8Type>().value(0),
        1
    );
    assert!(result.is_null(1));
    rejects(StructArray::new(children, columns, None), target, ErrorKind::InvalidInput);
}

#[test]
fn map_keys_and_values_are_found_by_position() {
    let entries = StructArray::from(vec![
        (
            Arc::new(Field::new("keys", DataType::Utf8, false)),
            Arc::new(StringArray::from(vec!["k", "l"])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("values", DataType::UInt8, true)),
            Arc::new(UInt8Array::from(vec![Some(200), None])),
        ),
    ]);
    let field = Arc::new(Field::new("pairs", entries.data_type().clone(), false));
    let offsets = OffsetBuffer::new(vec![0, 2, 2].into());
    let map =
        MapArray::new(field, offsets, entries, Some(NullBuffer::from(vec![true, false])), false);
    let result = to_wire(map);
    let result = result.as_map();
    assert_eq!(result.entries().column_names(), ["key", "value"]);
    assert_eq!(result.values().as_ref(), &Int16Array::from(vec![Some(200), None]) as &dyn Array);
    assert!(result.is_null(1));
}

#[test]
fn nulls_are_rejected_in_non_nullable_columns() {
    let target = Arc::new(Schema::new(vec![Field::new("c", DataType::Int32, false)]));
    let error = cast_batch(&batch(Arc::new(Int32Array::from(vec![None, Some(1)]))), &target)
        .expect_err("a null");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = cast_batch(&batch(Arc::new(NullArray::new(2))), &target).expect_err("two nulls");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(cast(NullArray::new(2), DataType::Utf8).expect("nullable").null_count(), 2);
}

#[test]
fn types_that_cannot_be_cast_are_rejected() {
    rejects(Int32Array::from(vec![1]), DataType::Binary, ErrorKind::Internal);
    rejects(BooleanArray::from(vec![true]), DataType::Date64, ErrorKind::Internal);
    rejects(
        Float64Array::from(vec![1.5]),
        DataType::Timestamp(TimeUnit::Millisecond, None),
        ErrorKind::Internal,
    );
    let list = DataType::List(Arc::new(Field::new("item", DataType::Int32, true)));
    rejects(Int32Array::from(vec![1]), list, ErrorKind::Internal);
}

#[test]
fn a_time_zone_without_a_key_is_rejected_by_name_or_dropped_or_text() {
    let zoned = |zone: &str| DataType::Timestamp(TimeUnit::Millisecond, Some(zone.into()));
    for zone in ["Europe/Kyiv", "America/Nuuk", "Pacific/Kanton", "+05:30"] {
        assert_eq!(mapped(zoned(zone)), zoned(zone));
    }
    for zone in ["Asia/Qostanay", "America/Ciudad_Juarez"] {
        let nested = DataType::List(Arc::new(Field::new("item", zoned(zone), true)));
        for data_type in [zoned(zone), nested] {
            let error = wire_schema(&schema(data_type)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.message().contains(zone), "{error}");
        }
        let dropped = wire_schema_by(&schema(zoned(zone)), UnsupportedTypes::Drop).unwrap();
        assert!(dropped.fields().is_empty());
        let text = wire_schema_by(&schema(zoned(zone)), UnsupportedTypes::Text).unwrap();
        assert_eq!(text.field(0).data_type(), &DataType::Utf8);
        let values = TimestampMillisecondArray::from(vec![0]).with_timezone(zone);
        let cast = cast(values, DataType::Utf8).unwrap();
        assert_eq!(cast.as_string::<i32>().value(0), "1970-01-01T00:00:00Z");
    }
}
