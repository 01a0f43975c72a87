//! Hand-written requests, and their answers as text.

use std::{fmt::Write as _, sync::Arc};

use arrow::{
    array::{ArrayRef, Date64Array, StringArray, TimestampMillisecondArray, new_null_array},
    compute::{cast, concat},
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    record_batch::RecordBatch,
};
use athena_client::{Invoke, InvokeError};
use athena_conformance::oracle::Cell;
use athena_protocol::{
    Constraints, Request, Response, SerdeVersion, Split, TableName,
    message::{
        GetSplitsRequest, GetTableLayoutRequest, GetTableRequest, GetTableResponse,
        ReadRecordsRequest,
    },
    predicate::{
        Bound, Direction, EquatableValueSet, Expression, Marker, OrderByField, Range,
        SortedRangeSet, ValueSet, functions,
    },
    timestamp_tz::{TimeZoneKey, pack, unpack},
};
use athena_spill::{decode_object, testing::MemoryStore};

use super::{source::Honest, tables::Source};

const VERSION: SerdeVersion = SerdeVersion::V5;

/// Condition on a column. Constants are text of the column's type.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Is {
    Equal(&'static str),
    Between(&'static str, &'static str),
    /// Between two values, without them.
    Inside(&'static str, &'static str),
    AtLeast(&'static str),
    Above(&'static str),
    AtMost(&'static str),
    Below(&'static str),
    /// One of some values, as ranges.
    In(&'static [&'static str]),
    /// None of some values, in ascending order, as ranges.
    NotIn(&'static [&'static str]),
    /// Several closed ranges, in ascending order.
    Ranges(&'static [(&'static str, &'static str)]),
    /// One of some values, as a list.
    Listed(&'static [&'static str]),
    /// None of some values, as a list.
    Unlisted(&'static [&'static str]),
    Null,
    NotNull,
    /// A value, or null.
    EqualOrNull(&'static str),
    /// At most a value, or null.
    AtMostOrNull(&'static str),
}

/// Expression whose constants are text of the type of a column.
#[derive(Debug, Clone)]
pub(crate) enum Ex {
    Column(&'static str),
    Value(&'static str, &'static str),
    NullOf(&'static str),
    Call(&'static str, Vec<Ex>),
    /// Arithmetic, with a result of the type of a column.
    Number(&'static str, &'static str, Vec<Ex>),
}

/// Request for rows of a table.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    table: &'static str,
    /// Number of the split; `None` for a whole query.
    split: Option<usize>,
    columns: Vec<&'static str>,
    conditions: Vec<(&'static str, Is)>,
    expressions: Vec<Ex>,
    order: Vec<(&'static str, Direction)>,
    limit: Option<u64>,
    /// Block size, if the rows are spilled.
    block_size: Option<u64>,
    /// Requests to send before this one.
    before: Vec<Ask>,
}

/// Requests `id` of the rows of a table.
pub(crate) fn ask(table: &'static str) -> Ask {
    Ask {
        table,
        split: None,
        columns: vec!["id"],
        conditions: Vec::new(),
        expressions: Vec::new(),
        order: Vec::new(),
        limit: None,
        block_size: None,
        before: Vec::new(),
    }
}

impl Ask {
    pub(crate) fn split(mut self, number: usize) -> Self {
        self.split = Some(number);
        self
    }

    pub(crate) fn columns(mut self, columns: &[&'static str]) -> Self {
        self.columns = columns.to_vec();
        self
    }

    pub(crate) fn when(mut self, column: &'static str, is: Is) -> Self {
        self.conditions.push((column, is));
        self
    }

    pub(crate) fn expression(mut self, expression: Ex) -> Self {
        self.expressions.push(expression);
        self
    }

    pub(crate) fn order(mut self, column: &'static str, direction: Direction) -> Self {
        self.order.push((column, direction));
        self
    }

    pub(crate) fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    pub(crate) fn spilled(mut self, block_size: u64) -> Self {
        self.block_size = Some(block_size);
        self
    }

    pub(crate) fn after(mut self, before: Ask) -> Self {
        self.before.push(before);
        self
    }

    /// Sends the request, and returns the rows of the answer: values separated by commas, rows by
    /// spaces. More than twenty rows are only counted, and those with a null. An error is `error`.
    pub(crate) async fn send(
        &self,
        function: &dyn Invoke,
        source: Source,
        store: &MemoryStore,
    ) -> String {
        for before in &self.before {
            let _ = before.rows(function, source, store).await;
        }
        match self.rows(function, source, store).await {
            Err(_) => "error".to_owned(),
            Ok(rows) if rows.len() > 20 => {
                let nulls = rows.iter().filter(|row| row.split(',').any(|value| value == "-"));
                format!("{} rows, {} with null", rows.len(), nulls.count())
            }
            Ok(rows) => rows.join(" "),
        }
    }

    async fn rows(
        &self,
        function: &dyn Invoke,
        source: Source,
        store: &MemoryStore,
    ) -> Result<Vec<String>, InvokeError> {
        let name = TableName::new(source.schema(), self.table);
        let table = describe(function, &name).await?;
        let constraints = self.constraints(&table.schema);
        let splits = splits(function, &table, &constraints, self.split.is_none()).await?;
        let wanted = |number: &usize| self.split.is_none_or(|split| split == *number);
        let mut rows = Vec::new();
        for (_, split) in splits.into_iter().enumerate().filter(|(number, _)| wanted(number)) {
            let schema = self.projection(&table.schema)?;
            let mut request = ReadRecordsRequest::new(name.clone(), Arc::clone(&schema), split);
            request.constraints = constraints.clone();
            if let Some(size) = self.block_size {
                request.max_inline_block_size = 0;
                request.max_block_size = size;
            }
            let response = send(function, &Request::ReadRecords(request)).await?;
            for batch in batches(response, store)? {
                let types = |schema: &Schema| -> Vec<DataType> {
                    schema.fields().iter().map(|field| field.data_type().clone()).collect()
                };
                if !schema.fields().is_empty() && types(&batch.schema()) != types(&schema) {
                    return Err(InvokeError::Host("the columns have other types".to_owned()));
                }
                rows.extend(self.lines(&batch));
            }
        }
        Ok(rows)
    }

    /// Returns the requested columns and those of the predicate and the order.
    ///
    /// # Errors
    ///
    /// If the table lacks one of them.
    fn projection(&self, schema: &SchemaRef) -> Result<SchemaRef, InvokeError> {
        let mut names = self.columns.clone();
        let used = self.conditions.iter().map(|(column, _)| *column);
        let used = used.chain(self.order.iter().map(|(column, _)| *column));
        let mut used: Vec<&str> = used.collect();
        self.expressions.iter().for_each(|expression| expression.add_columns(&mut used));
        for column in used {
            if !names.contains(&column) {
                names.push(column);
            }
        }
        let fields = names.iter().map(|name| schema.field_with_name(name).cloned());
        let fields: Vec<Field> = fields
            .collect::<Result<_, _>>()
            .map_err(|error| InvokeError::Host(error.to_string()))?;
        Ok(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
    }

    /// Describes the rows of a batch by the requested columns.
    fn lines(&self, batch: &RecordBatch) -> Vec<String> {
        if self.columns.is_empty() && self.conditions.is_empty() {
            return vec!["row".to_owned(); batch.num_rows()];
        }
        Cell::rows(batch)
            .map(|row| row[..self.columns.len()].iter().map(text_of).collect::<Vec<_>>().join(","))
            .collect()
    }

    fn constraints(&self, schema: &SchemaRef) -> Constraints {
        let data_type = |column: &str| {
            schema.field_with_name(column).expect("a column of the table").data_type().clone()
        };
        let sets = self
            .conditions
            .iter()
            .map(|(column, is)| ((*column).to_owned(), is.value_set(&data_type(column))));
        let order = self.order.iter().map(|(column, direction)| OrderByField {
            column_name: Some((*column).to_owned()),
            direction: *direction,
        });
        Constraints {
            summary: sets.collect(),
            expressions: self.expressions.iter().map(|ex| ex.expression(&data_type)).collect(),
            order_by: order.collect(),
            limit: self.limit,
            ..Constraints::default()
        }
    }
}

async fn send(function: &dyn Invoke, request: &Request) -> Result<Response, InvokeError> {
    let bytes = request.encode(VERSION).expect("the request is valid");
    let response = function.invoke(bytes.into()).await?;
    Ok(Response::decode(&response).expect("the response is valid"))
}

async fn describe(
    function: &dyn Invoke,
    name: &TableName,
) -> Result<GetTableResponse, InvokeError> {
    let request = Request::GetTable(GetTableRequest {
        identity: None,
        query_id: None,
        catalog_name: String::new(),
        table_name: name.clone(),
        query_passthrough_arguments: [].into(),
    });
    match send(function, &request).await? {
        Response::GetTable(response) => Ok(response),
        other => panic!("a table is described by a {}", other.type_name()),
    }
}

/// Returns the splits of a table, planned with the constraints if the query is whole.
async fn splits(
    function: &dyn Invoke,
    table: &GetTableResponse,
    constraints: &Constraints,
    is_whole: bool,
) -> Result<Vec<Split>, InvokeError> {
    let constraints = if is_whole { constraints.clone() } else { Constraints::default() };
    let layout = Request::GetTableLayout(GetTableLayoutRequest {
        identity: None,
        query_id: None,
        catalog_name: String::new(),
        table_name: table.table_name.clone(),
        constraints: constraints.clone(),
        schema: Arc::clone(&table.schema),
        partition_columns: table.partition_columns.clone(),
    });
    let Response::GetTableLayout(layout) = send(function, &layout).await? else {
        panic!("a layout has another type")
    };
    let mut splits = Vec::new();
    let mut token = None;
    loop {
        let request = Request::GetSplits(GetSplitsRequest {
            identity: None,
            query_id: None,
            catalog_name: String::new(),
            table_name: table.table_name.clone(),
            partitions: layout.partitions.clone(),
            partition_columns: table.partition_columns.clone(),
            constraints: constraints.clone(),
            continuation_token: token,
        });
        let Response::GetSplits(page) = send(function, &request).await? else {
            panic!("a page of splits has another type")
        };
        splits.extend(page.splits);
        token = page.continuation_token;
        if token.is_none() || splits.len() > 1_000 {
            return Ok(splits);
        }
    }
}

/// Returns the inline rows of a response, or its spilled blocks.
fn batches(response: Response, store: &MemoryStore) -> Result<Vec<RecordBatch>, InvokeError> {
    match response {
        Response::ReadRecords(response) => Ok(vec![response.records]),
        Response::RemoteReadRecords(response) => response
            .remote_blocks
            .iter()
            .map(|block| {
                let bucket = block.bucket.as_deref().unwrap_or_default();
                let key = block.key.as_deref().unwrap_or_default();
                let failed = |reason: &str| InvokeError::Host(reason.to_owned());
                let object = store.object(bucket, key).ok_or_else(|| failed("no object"))?;
                decode_object(object, response.encryption_key.as_ref(), &response.schema)
                    .map_err(|error| failed(error.message()))
            })
            .collect(),
        other => panic!("a read is answered by a {}", other.type_name()),
    }
}

impl Is {
    fn value_set(self, data_type: &DataType) -> ValueSet {
        let one = |text: &str| literal(text, data_type);
        let low = || Marker::lower_unbounded(data_type.clone());
        let high = || Marker::upper_unbounded(data_type.clone());
        let at = |bound, text: &str| Marker::new(bound, one(text));
        let ranges = |ranges: Vec<Range>, null_allowed| {
            let data_type = data_type.clone();
            ValueSet::SortedRange(SortedRangeSet { data_type, ranges, null_allowed })
        };
        let range = |low: Marker, high: Marker| ranges(vec![Range { low, high }], false);
        let list = |texts: &[&str], inclusive| {
            let values = list_of(texts, data_type);
            ValueSet::Equatable(EquatableValueSet { values, inclusive, null_allowed: false })
        };
        match self {
            Self::Equal(value) => ranges(vec![Range::equal(one(value))], false),
            Self::EqualOrNull(value) => ranges(vec![Range::equal(one(value))], true),
            Self::Between(from, to) => range(at(Bound::Exactly, from), at(Bound::Exactly, to)),
            Self::Inside(from, to) => range(at(Bound::Above, from), at(Bound::Below, to)),
            Self::AtLeast(value) => range(at(Bound::Exactly, value), high()),
            Self::Above(value) => range(at(Bound::Above, value), high()),
            Self::AtMost(value) => range(low(), at(Bound::Exactly, value)),
            Self::AtMostOrNull(value) => {
                ranges(vec![Range { low: low(), high: at(Bound::Exactly, value) }], true)
            }
            Self::Below(value) => range(low(), at(Bound::Below, value)),
            Self::In(values) => {
                ranges(values.iter().map(|value| Range::equal(one(value))).collect(), false)
            }
            Self::NotIn(values) => {
                let mut lows = vec![low()];
                lows.extend(values.iter().map(|value| at(Bound::Above, value)));
                let highs = values.iter().map(|value| at(Bound::Below, value)).chain([high()]);
                let between = lows.into_iter().zip(highs).map(|(low, high)| Range { low, high });
                ranges(between.collect(), false)
            }
            Self::Ranges(pairs) => {
                let between = pairs.iter().map(|(from, to)| Range {
                    low: at(Bound::Exactly, from),
                    high: at(Bound::Exactly, to),
                });
                ranges(between.collect(), false)
            }
            Self::Listed(values) => list(values, true),
            Self::Unlisted(values) => list(values, false),
            Self::Null => ranges(Vec::new(), true),
            Self::NotNull => range(low(), high()),
        }
    }
}

impl Ex {
    fn add_columns(&self, columns: &mut Vec<&'static str>) {
        match self {
            Self::Column(column) => columns.push(column),
            Self::Value(_, _) | Self::NullOf(_) => {}
            Self::Call(_, arguments) | Self::Number(_, _, arguments) => {
                for argument in arguments {
                    argument.add_columns(columns);
                }
            }
        }
    }

    fn expression(&self, type_of: &impl Fn(&str) -> DataType) -> Expression {
        let all = |arguments: &[Self]| arguments.iter().map(|ex| ex.expression(type_of)).collect();
        match self {
            Self::Column(column) => {
                Expression::Variable { column: (*column).to_owned(), data_type: type_of(column) }
            }
            Self::Value(column, text) => {
                let data_type = type_of(column);
                Expression::Constant { values: Some(literal(text, &data_type)), data_type }
            }
            Self::NullOf(column) => {
                let data_type = type_of(column);
                Expression::Constant { values: Some(new_null_array(&data_type, 1)), data_type }
            }
            Self::Call(functions::ARRAY, items) => {
                let items: Vec<Expression> = all(items);
                let item = match items.first() {
                    Some(Expression::Constant { data_type, .. }) => data_type.clone(),
                    _ => DataType::Null,
                };
                let data_type = DataType::List(Field::new("", item, true).into());
                Expression::Call {
                    function: functions::ARRAY.to_owned(),
                    arguments: items,
                    data_type,
                }
            }
            Self::Call(function, arguments) => Expression::Call {
                function: (*function).to_owned(),
                arguments: all(arguments),
                data_type: DataType::Boolean,
            },
            Self::Number(function, like, arguments) => Expression::Call {
                function: (*function).to_owned(),
                arguments: all(arguments),
                data_type: type_of(like),
            },
        }
    }
}

/// Parses a constant. Timestamps are milliseconds, with `@` and a zone if they have one.
fn literal(text: &str, data_type: &DataType) -> ArrayRef {
    let millis = |text: &str| text.parse::<i64>().expect("milliseconds");
    match data_type {
        DataType::Date64 => Arc::new(Date64Array::from(vec![millis(text)])),
        DataType::Timestamp(TimeUnit::Millisecond, Some(zone)) => {
            let (instant, name) = text.split_once('@').expect("a zone");
            let key = TimeZoneKey::from_name(name).expect("a known zone");
            let packed = pack(millis(instant), key).expect("a representable instant");
            Arc::new(TimestampMillisecondArray::from(vec![packed]).with_timezone(Arc::clone(zone)))
        }
        _ => {
            let text: ArrayRef = Arc::new(StringArray::from(vec![text]));
            let value = cast(&text, data_type).expect("text of the type");
            assert_eq!(value.null_count(), 0, "a constant of type {data_type}");
            value
        }
    }
}

fn list_of(texts: &[&str], data_type: &DataType) -> ArrayRef {
    let values: Vec<ArrayRef> = texts.iter().map(|text| literal(text, data_type)).collect();
    let values: Vec<_> = values.iter().map(AsRef::as_ref).collect();
    concat(&values).expect("values of one type")
}

/// Describes a value without spaces.
fn text_of(cell: &Cell) -> String {
    match cell {
        Cell::Null => "-".to_owned(),
        Cell::Bool(value) => value.to_string(),
        Cell::Int(value) | Cell::Milli(value) => value.to_string(),
        Cell::Single(value) => value.to_string(),
        Cell::Double(value) => value.to_string(),
        Cell::Decimal(digits, scale) => format!("{digits}e-{scale}"),
        Cell::Text(text) => text.replace(' ', "_"),
        Cell::Bytes(bytes) => bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }),
        Cell::Day(day) => day.to_string(),
        Cell::Zoned(packed) => {
            let (millis, zone) = unpack(*packed);
            format!("{millis}@{}", zone.name().as_deref().unwrap_or("?"))
        }
        Cell::List(items) => format!("[{}]", joined(items)),
        Cell::Struct(fields) => format!("({})", joined(fields)),
        Cell::Map(entries) => {
            let entry =
                |(key, value): &(Cell, Cell)| format!("{}:{}", text_of(key), text_of(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(";"))
        }
        Cell::Other(text) => text.to_string(),
    }
}

fn joined(cells: &[Cell]) -> String {
    cells.iter().map(text_of).collect::<Vec<_>>().join(";")
}

/// Sends a request to an honest connector.
pub(crate) async fn ask_honest(ask: &Ask, honest: &Honest) -> String {
    ask.send(honest, honest.source, &honest.store).await
}
