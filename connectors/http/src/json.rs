//! Rows in JSON, decoded to Arrow batches.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use athena_connector_sdk::{
    Error, Result,
    arrow::{
        array::{Array as _, ArrayRef, AsArray as _, StringBuilder, StructArray, new_null_array},
        buffer::NullBuffer,
        compute::kernels::nullif::nullif,
        datatypes::{DataType, Field, Fields, Schema, SchemaRef},
        json::ReaderBuilder,
        record_batch::{RecordBatch, RecordBatchOptions},
    },
};
use serde_json::value::RawValue;

use crate::{config::Column, types::ColumnType};

/// Place of a value in a document (RFC 6901): the names of the members that lead to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Parses a pointer: empty for the whole document, or `/NAME` for each member.
    ///
    /// # Errors
    ///
    /// The text with what is expected.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let mut names = text.split('/');
        if names.next() != Some("") {
            return Err(format!("{text:?} is no JSON pointer: it does not begin with '/'"));
        }
        Ok(Self(names.map(|name| name.replace("~1", "/").replace("~0", "~")).collect()))
    }

    /// Returns the place of a member of the document.
    pub fn member(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// Returns whether one of the places is in the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0) || other.0.starts_with(&self.0)
    }

    /// Returns the value at this place, if there is one that is not null.
    ///
    /// # Errors
    ///
    /// If the document is no JSON.
    pub fn find<'a>(&self, document: &'a RawValue) -> serde_json::Result<Option<&'a RawValue>> {
        let mut value = document;
        for name in &self.0 {
            if !value.get().starts_with('{') {
                return Ok(None);
            }
            let mut members: HashMap<Cow<'a, str>, &'a RawValue> =
                serde_json::from_str(value.get())?;
            let Some(member) = members.remove(name.as_str()) else { return Ok(None) };
            value = member;
        }
        Ok(Some(value).filter(|value| value.get() != "null"))
    }

    /// Returns the text or number at this place; `None` if there is none.
    pub fn find_text(&self, document: &RawValue) -> serde_json::Result<Option<String>> {
        let Some(value) = self.find(document)? else { return Ok(None) };
        let text = match value.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str(value.get())?,
            Some(b'-' | b'0'..=b'9') => value.get().to_owned(),
            _ => return Ok(None),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|name| write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")))
    }
}

/// Decoder of rows to batches with the columns of one read.
#[derive(Debug)]
pub struct Decoder {
    schema: SchemaRef,
    /// Structure of a row, as far as the columns need it.
    rows: Fields,
    columns: Vec<(String, Column)>,
}

/// Structure of a row: the types of columns at the places that they come from.
#[derive(Debug)]
enum Node {
    Value(DataType),
    Object(BTreeMap<String, Node>),
}

impl Decoder {
    /// Creates a decoder of those columns of `projection` that are in `columns`.
    pub fn new(projection: &SchemaRef, columns: &BTreeMap<String, Column>) -> Self {
        let selected = projection.fields().iter();
        let selected = selected
            .filter_map(|field| Some((field.name().clone(), columns.get(field.name())?.clone())));
        let columns: Vec<_> = selected.collect();
        let mut root = BTreeMap::new();
        for (_, column) in &columns {
            if let ColumnType::Arrow(data_type) = &column.data_type {
                insert(&mut root, &column.from.0, data_type);
            }
        }
        // The SDK casts to the types of the request.
        let fields = columns.iter();
        let fields = fields.map(|(name, column)| Field::new(name, column.data_type.arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Fields>()));
        Self { schema, rows: fields_of(&root), columns }
    }

    /// Decodes rows to one batch.
    ///
    /// # Errors
    ///
    /// `InvalidResponse` if a value does not fit the type of its column; the error names the
    /// columns, not the value.
    pub fn decode(&self, rows: &[&RawValue]) -> Result<RecordBatch> {
        let decoded = self.decode_structures(rows)?;
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (_, column) in &self.columns {
            arrays.push(match &column.data_type {
                ColumnType::Json => json_text(rows, &column.from)?,
                ColumnType::Arrow(data_type) => extract(&decoded, &column.from.0, data_type)?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|error| Error::internal("columns do not fit their types").with_source(error))
    }

    fn decode_structures(&self, rows: &[&RawValue]) -> Result<StructArray> {
        match decode(&self.rows, rows) {
            Ok(decoded) => Ok(decoded),
            Err(error) => {
                let culprits = self.columns.iter().filter(|(_, column)| column.fails(rows));
                let culprits: Vec<_> = culprits.map(|(name, _)| name.as_str()).collect();
                Err(Error::invalid_response(format!(
                    "a value does not fit the declared type of a column: {}",
                    if culprits.is_empty() {
                        "a row is no object".into()
                    } else {
                        culprits.join(", ")
                    }
                ))
                .with_source(error))
            }
        }
    }
}

impl Column {
    /// Returns whether its values alone cannot be decoded.
    fn fails(&self, rows: &[&RawValue]) -> bool {
        let ColumnType::Arrow(data_type) = &self.data_type else { return false };
        let mut root = BTreeMap::new();
        insert(&mut root, &self.from.0, data_type);
        decode(&fields_of(&root), rows).is_err()
    }
}

fn insert(object: &mut BTreeMap<String, Node>, path: &[String], data_type: &DataType) {
    match path {
        [] => {}
        [name] => _ = object.insert(name.clone(), Node::Value(data_type.clone())),
        [name, rest @ ..] => {
            let node = object.entry(name.clone()).or_insert_with(|| Node::Object(BTreeMap::new()));
            if let Node::Object(members) = node {
                insert(members, rest, data_type);
            }
        }
    }
}

fn fields_of(object: &BTreeMap<String, Node>) -> Fields {
    let fields = object.iter().map(|(name, node)| match node {
        Node::Value(data_type) => Field::new(name, data_type.clone(), true),
        Node::Object(members) => Field::new(name, DataType::Struct(fields_of(members)), true),
    });
    fields.collect()
}

fn decode(
    fields: &Fields,
    rows: &[&RawValue],
) -> std::result::Result<StructArray, athena_connector_sdk::arrow::error::ArrowError> {
    if fields.is_empty() || rows.is_empty() {
        return Ok(StructArray::new_null(fields.clone(), rows.len()));
    }
    let mut decoder = ReaderBuilder::new(Arc::new(Schema::new(fields.clone())))
        .with_batch_size(rows.len())
        .with_coerce_primitive(true) // numbers of a varchar as they are written
        .build_decoder()?;
    for row in rows {
        decoder.decode(row.get().as_bytes())?;
    }
    let batch = decoder
        .flush()?
        .unwrap_or_else(|| RecordBatch::new_empty(Arc::new(Schema::new(fields.clone()))));
    Ok(batch.into())
}

/// Returns the array at a path. Members of null are null.
fn extract(rows: &StructArray, path: &[String], data_type: &DataType) -> Result<ArrayRef> {
    let mut array: ArrayRef = Arc::new(rows.clone());
    let mut nulls: Option<NullBuffer> = None;
    for name in path {
        let object = array.as_struct();
        nulls = NullBuffer::union(nulls.as_ref(), object.nulls());
        let Some(member) = object.column_by_name(name) else {
            return Ok(new_null_array(data_type, rows.len()));
        };
        array = Arc::clone(member);
    }
    let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else { return Ok(array) };
    let is_null = (!nulls.inner()).into();
    nullif(&array, &is_null).map_err(|error| Error::internal("nulls of members").with_source(error))
}

/// Returns the text of the values at `from`.
fn json_text(rows: &[&RawValue], from: &Pointer) -> Result<ArrayRef> {
    let mut texts = StringBuilder::new();
    for row in rows {
        let value = from.find(row).map_err(|error| {
            Error::invalid_response(format!("a row is no JSON at {from}")).with_source(error)
        })?;
        texts.append_option(value.map(RawValue::get));
    }
    Ok(Arc::new(texts.finish()))
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::{ErrorKind, arrow::util::pretty::pretty_format_batches};

    use super::*;
    use crate::types;

    fn columns(declared: &[(&str, &str, &str)]) -> (SchemaRef, BTreeMap<String, Column>) {
        let mut fields = Vec::new();
        let mut columns = BTreeMap::new();
        for (name, data_type, from) in declared {
            let column = Column {
                data_type: types::parse(data_type).unwrap(),
                from: Pointer::parse(from).unwrap(),
            };
            fields.push(Field::new(*name, column.data_type.arrow(), true));
            columns.insert((*name).to_owned(), column);
        }
        (Arc::new(Schema::new(fields)), columns)
    }

    fn decode(declared: &[(&str, &str, &str)], rows: &str) -> Result<RecordBatch> {
        let (schema, columns) = columns(declared);
        let rows: Vec<&RawValue> = serde_json::from_str(rows).unwrap();
        Decoder::new(&schema, &columns).decode(&rows)
    }

    #[test]
    fn every_type_is_read_from_every_form_that_it_has_in_json() {
        let batch = decode(
            &[
                ("id", "bigint", "/id"),
                ("amount", "decimal(38, 4)", "/amount"),
                ("price", "double", "/price"),
                ("name", "varchar", "/customer/name"),
                ("ok", "boolean", "/ok"),
                ("day", "date", "/day"),
                ("at", "timestamp", "/at"),
                ("zoned", "timestamp with time zone", "/at"),
                ("tags", "array(varchar)", "/tags"),
                ("raw", "json", "/customer"),
            ][..7],
            r#"[
              {"id": 9223372036854775807, "amount": "1234567890123456789012345678901234.5678", "price": "NaN",
               "customer": {"name": 17}, "ok": true, "day": "2024-02-29", "at": "2024-02-29T01:00:00.1239+02:00", "x": [{}]},
              {"id": "-1", "amount": 0.1, "price": 1e3, "customer": null, "ok": null, "day": null, "at": "1969-12-31T23:59:59.9999Z"},
              {"customer": {"name": "caf\u00e9"}}
            ]"#,
        );
        let table = pretty_format_batches(&[batch.unwrap()]).unwrap().to_string();
        let rows: Vec<_> = table
            .lines()
            .skip(3)
            .take(3)
            .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            rows,
            [
                " 9223372036854775807 1234567890123456789012345678901234.5678 NaN 17 true 2024-02-29 2024-02-28T23:00:00.123 ",
                " -1 0.1000 1000.0    1969-12-31T23:59:59.999 ",
                "    café    ",
            ]
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_names_its_column_and_not_itself() {
        let declared = [("id", "bigint", "/id"), ("total", "decimal(10, 2)", "/sum/total")];
        for rows in [
            r#"[{"id": 1, "sum": {"total": "1.00"}}, {"id": 2, "sum": {"total": "4711 EUR"}}]"#,
            r#"[{"id": 1, "sum": 4711}]"#,
            r#"[{"id": 1, "sum": {"total": 4711123456789}}]"#,
        ] {
            let error = decode(&declared, rows).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            assert!(error.message().ends_with("of a column: total"), "{}", error.message());
        }
        let error = decode(&declared, "[1, 2]").unwrap_err();
        assert!(!error.message().contains('2'), "{}", error.message());
    }

    #[test]
    fn json_is_the_text_of_a_value() {
        let rows = r#"[{"a": {"b": [1, {"c": 1.10}]}}, {"a": {"b": "x"}}, {"a": null}, {}]"#;
        let batch = decode(&[("b", "json", "/a/b"), ("a", "json", "/a")], rows).unwrap();
        let texts: Vec<_> = batch.column(0).as_string::<i32>().iter().collect();
        assert_eq!(texts, [Some(r#"[1, {"c": 1.10}]"#), Some("\"x\""), None, None]);
    }

    #[test]
    fn rows_without_columns_are_counted() {
        let batch = decode(&[], "[{}, {}, {}]").unwrap();
        assert_eq!((batch.num_columns(), batch.num_rows()), (0, 3));
        let batch = decode(&[("a", "bigint", "/a")], "[]").unwrap();
        assert_eq!((batch.num_columns(), batch.num_rows()), (1, 0));
    }

    #[test]
    fn members_of_null_are_null_at_every_depth() {
        let rows = r#"[{"a": {"b": {"c": 1}}}, {"a": {"b": null}}, {"a": null}, {}]"#;
        let batch = decode(&[("c", "integer", "/a/b/c")], rows).unwrap();
        assert_eq!((batch.column(0).len(), batch.column(0).null_count()), (4, 3));
    }
}
