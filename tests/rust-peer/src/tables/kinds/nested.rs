//! List and map columns.

use std::sync::Arc;

use arrow::{
    array::{
        Int32Builder, Int64Builder, ListArray, ListBuilder, MapArray, MapBuilder, MapFieldNames,
        StringBuilder, StructBuilder,
    },
    datatypes::{DataType, Field},
};

type Words<'a> = &'a [Option<&'a str>];

/// Returns lists of texts.
pub(super) fn tags() -> ListArray {
    let long = "z".repeat(300);
    let rows: [Option<Words<'_>>; 10] = [
        Some(&[Some("a"), Some("b")]),
        Some(&[Some(&long)]),
        Some(&[Some("")]),
        None,
        Some(&[]),
        Some(&[None, Some("x"), None]),
        Some(&[Some("a"), Some("b")]),
        None,
        Some(&[Some("c")]),
        Some(&[]),
    ];
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(item("", DataType::Utf8));
    for row in rows {
        lists.append_option(row.map(|words| words.iter().copied()));
    }
    lists.finish()
}

/// Creates the item field of a list, with the name that the Java connector gives it; the name has
/// no meaning.
fn item(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// Entry of a map.
type Count<'a> = (&'a str, Option<i64>);

/// Returns maps from texts to numbers.
pub(super) fn counts() -> MapArray {
    let rows: [Option<&[Count<'_>]>; 10] = [
        Some(&[("x", Some(1)), ("y", Some(2))]),
        Some(&[("max", Some(i64::MAX))]),
        Some(&[("min", Some(i64::MIN))]),
        None,
        Some(&[]),
        Some(&[("none", None), ("ü", Some(3))]),
        Some(&[("x", Some(1)), ("y", Some(2))]),
        None,
        Some(&[("z", Some(26))]),
        None,
    ];
    let names = MapFieldNames {
        entry: "entries".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    let mut maps = MapBuilder::new(Some(names), StringBuilder::new(), Int64Builder::new());
    for row in rows {
        for (key, value) in row.unwrap_or_default() {
            maps.keys().append_value(key);
            maps.values().append_option(*value);
        }
        maps.append(row.is_some()).expect("there are as many values as keys");
    }
    maps.finish()
}

/// Struct with a number and words, or null.
type Line<'a> = Option<(Option<i32>, Words<'a>)>;

/// Returns lists of structs that contain lists.
pub(super) fn lines() -> ListArray {
    let two: &[Line<'_>] =
        &[Some((Some(1), &[Some("first")])), Some((Some(2), &[Some("second"), Some("line")]))];
    let rows: [Option<&[Line<'_>]>; 10] = [
        Some(two),
        Some(&[Some((Some(i32::MAX), &[Some("z")]))]),
        Some(&[Some((Some(i32::MIN), &[]))]),
        None,
        Some(&[]),
        Some(&[None, Some((None, &[Some("a"), None]))]),
        Some(two),
        None,
        Some(&[Some((Some(3), &[]))]),
        None,
    ];
    let words = DataType::List(Arc::new(item("", DataType::Utf8)));
    let fields =
        vec![Field::new("number", DataType::Int32, true), Field::new("words", words, true)];
    let builder = ListBuilder::new(StringBuilder::new()).with_field(item("", DataType::Utf8));
    let structs =
        StructBuilder::new(fields.clone(), vec![Box::new(Int32Builder::new()), Box::new(builder)]);
    let mut lists =
        ListBuilder::new(structs).with_field(item("line", DataType::Struct(fields.into())));
    for row in rows {
        for line in row.unwrap_or_default() {
            let structs = lists.values();
            let (number, words) = line.unwrap_or((None, &[]));
            if let Some(numbers) = structs.field_builder::<Int32Builder>(0) {
                numbers.append_option(number);
            }
            if let Some(texts) = structs.field_builder::<ListBuilder<StringBuilder>>(1) {
                texts.append_option(line.map(|_| words.iter().copied()));
            }
            structs.append(line.is_some());
        }
        lists.append(row.is_some());
    }
    lists.finish()
}
