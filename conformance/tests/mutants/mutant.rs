//! A fault in an honest connector, injected at one of the places where authors make it.

use std::{cmp::Ordering, fmt, sync::Arc};

use arrow::{
    array::{
        Array as _, ArrayRef, AsArray as _, RecordBatch, TimestampMillisecondArray, UInt64Array,
    },
    compute::take_record_batch,
    datatypes::{DataType, TimestampMillisecondType},
};
use athena_client::{Invoke, InvokeError};
use athena_conformance::oracle::{Cell, Predicate, Row, Verdict, compare};
use athena_connector_sdk::{Error, async_trait};
use athena_protocol::{
    Constraints, Request, Response, SerdeVersion,
    message::{GetSplitsRequest, ReadRecordsRequest},
    timestamp_tz::{TimeZoneKey, pack, unpack},
};
use bytes::Bytes;

use super::{
    ask::{Ask, ask},
    source::{Honest, Level, refusal},
    tables::Source,
};

type MapRequest = Box<dyn Fn(&mut Request) + Send + Sync>;
type MapResponse = Box<dyn Fn(&Honest, &Request, &mut Response) + Send + Sync>;
type Scan = Box<dyn Fn(&Read<'_>, RecordBatch) -> RecordBatch + Send + Sync>;
type Keep = Box<dyn Fn(&Constraints, &[String], &Row) -> bool + Send + Sync>;
type SortKey = Box<dyn Fn(&str, &Cell) -> Cell + Send + Sync>;
type Refuse = Box<dyn Fn(&Request) -> bool + Send + Sync>;

/// Read of a mutant.
pub(crate) struct Read<'a> {
    pub(crate) request: &'a ReadRecordsRequest,
    /// Constraints that the connector applies.
    pub(crate) applied: &'a Constraints,
    /// Number of the split.
    pub(crate) split: usize,
    /// All rows of the split in all columns, without constraints.
    pub(crate) whole: &'a RecordBatch,
}

/// Places where a fault is injected. The default injects nothing.
#[derive(Default)]
pub(crate) struct Fault {
    /// Changes requests before the honest connector receives them.
    request: Option<MapRequest>,
    /// Changes responses, with the objects that they spilled.
    response: Option<MapResponse>,
    /// Changes the rows of a split before the predicate.
    scan: Option<Scan>,
    /// Decides which rows pass the predicate.
    keep: Option<Keep>,
    /// Returns the value by which a value is ordered.
    sort_key: Option<SortKey>,
    /// Changes the rows after the predicate, the order and the limit.
    rows: Option<Scan>,
    /// Refuses valid requests.
    refuse: Option<Refuse>,
    /// Error of the page tokens of splits, in positions.
    paged: Option<i64>,
}

impl Fault {
    pub(crate) fn in_request(map: impl Fn(&mut Request) + Send + Sync + 'static) -> Self {
        Self { request: Some(Box::new(map)), ..Self::default() }
    }

    /// Changes reads before the honest connector receives them.
    pub(crate) fn in_read(map: impl Fn(&mut ReadRecordsRequest) + Send + Sync + 'static) -> Self {
        Self::in_request(move |request| {
            if let Request::ReadRecords(request) = request {
                map(request);
            }
        })
    }

    pub(crate) fn in_response(
        map: impl Fn(&Honest, &Request, &mut Response) + Send + Sync + 'static,
    ) -> Self {
        Self { response: Some(Box::new(map)), ..Self::default() }
    }

    pub(crate) fn in_scan(
        scan: impl Fn(&Read<'_>, RecordBatch) -> RecordBatch + Send + Sync + 'static,
    ) -> Self {
        Self { scan: Some(Box::new(scan)), ..Self::default() }
    }

    pub(crate) fn in_filter(
        keep: impl Fn(&Constraints, &[String], &Row) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { keep: Some(Box::new(keep)), ..Self::default() }
    }

    pub(crate) fn in_order(key: impl Fn(&str, &Cell) -> Cell + Send + Sync + 'static) -> Self {
        Self { sort_key: Some(Box::new(key)), ..Self::default() }
    }

    pub(crate) fn in_rows(
        rows: impl Fn(&Read<'_>, RecordBatch) -> RecordBatch + Send + Sync + 'static,
    ) -> Self {
        Self { rows: Some(Box::new(rows)), ..Self::default() }
    }

    pub(crate) fn refusing(refuse: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        Self { refuse: Some(Box::new(refuse)), ..Self::default() }
    }

    /// Paginates splits with tokens that are `offset` splits too far.
    pub(crate) fn in_page_token(offset: i64) -> Self {
        Self { paged: Some(offset), ..Self::default() }
    }

    /// Evaluates reads row by row, without a fault.
    pub(crate) fn none() -> Self {
        Self { paged: Some(0), ..Self::in_filter(passes) }
    }

    fn evaluates_rows(&self) -> bool {
        self.scan.is_some() || self.keep.is_some() || self.sort_key.is_some() || self.rows.is_some()
    }
}

/// Returns true if a row passes.
pub(crate) fn passes(constraints: &Constraints, names: &[String], row: &Row) -> bool {
    Predicate::new(constraints, names).judge(row) != Verdict::Drop
}

/// Honest connector with one fault, and the request that shows it.
pub(crate) struct Mutant {
    /// Name of the kind of fault.
    pub(crate) kind: &'static str,
    /// Place of the fault: a column, a split, an operator.
    pub(crate) place: &'static str,
    pub(crate) source: Source,
    pub(crate) level: Level,
    pub(crate) fault: Fault,
    pub(crate) proof: Proof,
}

/// Hand-written request with the right answer and that of the mutant.
pub(crate) struct Proof {
    pub(crate) ask: Ask,
    pub(crate) right: &'static str,
    pub(crate) wrong: &'static str,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.place)
    }
}

/// Creates a mutant without a proof; [`Mutant::shown_by`] and [`Mutant::answered`] must follow.
pub(crate) fn mutant(
    kind: &'static str,
    place: &'static str,
    connector: (Source, Level),
    fault: Fault,
) -> Mutant {
    let proof = Proof { ask: ask(""), right: "", wrong: "" };
    Mutant { kind, place, source: connector.0, level: connector.1, fault, proof }
}

impl Mutant {
    /// Sets the request that shows the fault.
    pub(crate) fn shown_by(mut self, ask: Ask) -> Self {
        self.proof.ask = ask;
        self
    }

    /// Sets the right answer and that of the mutant.
    pub(crate) fn answered(mut self, right: &'static str, wrong: &'static str) -> Self {
        self.proof.right = right;
        self.proof.wrong = wrong;
        self
    }
}

/// Connector of a mutant.
pub(crate) struct Faulty {
    pub(crate) honest: Honest,
    fault: Fault,
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} with a fault", self.honest)
    }
}

impl Faulty {
    pub(crate) fn new(source: Source, level: Level, fault: Fault) -> Self {
        Self { honest: Honest::new(source, level), fault }
    }

    async fn answer(
        &self,
        request: Request,
        version: SerdeVersion,
    ) -> Result<Response, InvokeError> {
        if self.fault.refuse.as_ref().is_some_and(|refuse| refuse(&request)) {
            return Err(refusal(&Error::internal("the source failed; try again later")));
        }
        let mut changed = request.clone();
        if let Some(map) = &self.fault.request {
            map(&mut changed);
        }
        let mut response = match (&changed, self.fault.paged) {
            (Request::ReadRecords(read), _) if self.fault.evaluates_rows() => {
                match self.evaluate(read) {
                    Some(rows) => self.honest.respond(&changed, version, rows).await?,
                    None => self.honest.answer(changed, version).await?,
                }
            }
            (Request::GetSplits(splits), Some(offset)) => {
                self.page(splits.clone(), version, offset).await?
            }
            _ => self.honest.answer(changed, version).await?,
        };
        if let Some(map) = &self.fault.response {
            map(&self.honest, &request, &mut response);
        }
        Ok(response)
    }

    /// Reads a split row by row; `None` if the request is invalid.
    fn evaluate(&self, request: &ReadRecordsRequest) -> Option<RecordBatch> {
        let table =
            self.honest.tables.iter().find(|table| table.name == request.table_name.table)?;
        let split: usize = request.split.properties.get("split")?.parse().ok()?;
        (split < table.splits.len()).then_some(())?;
        let whole = table.split(split);
        let schema = whole.schema();
        let columns =
            request.schema.fields().iter().map(|field| schema.index_of(field.name()).ok());
        let whole = with_times(&whole, |millis, zone| pack(millis, zone).expect("an instant"));
        let mut rows = whole.project(&columns.collect::<Option<Vec<_>>>()?).ok()?;
        let applied = self.honest.applied(&request.constraints);
        let read = Read { request, applied: &applied, split, whole: &whole };
        if let Some(scan) = &self.fault.scan {
            rows = scan(&read, rows);
        }
        rows = self.filter(&applied, &rows);
        if let Some(map) = &self.fault.rows {
            rows = map(&read, rows);
        }
        Some(with_times(&rows, |packed, _| unpack(packed).0))
    }

    /// Applies the predicate, the order and the limit.
    fn filter(&self, constraints: &Constraints, rows: &RecordBatch) -> RecordBatch {
        let names: Vec<String> =
            rows.schema().fields().iter().map(|field| field.name().clone()).collect();
        let cells: Vec<Row> = if names.is_empty() {
            vec![Row::default(); rows.num_rows()]
        } else {
            Cell::rows(rows).collect()
        };
        let keep = |row: &Row| match &self.fault.keep {
            Some(keep) => keep(constraints, &names, row),
            None => passes(constraints, &names, row),
        };
        let mut kept: Vec<usize> = (0..cells.len()).filter(|&row| keep(&cells[row])).collect();
        let key = |name: &str, row: usize| {
            let column = names.iter().position(|column| column == name)?;
            let cell = &cells[row][column];
            Some(match &self.fault.sort_key {
                Some(key) => key(name, cell),
                None => cell.clone(),
            })
        };
        for field in constraints.order_by.iter().rev() {
            let name = field.column_name.as_deref().unwrap_or_default();
            kept.sort_by(|&left, &right| {
                let (Some(left), Some(right)) = (key(name, left), key(name, right)) else {
                    return Ordering::Equal;
                };
                let nulls_first = field.direction.nulls_first();
                match (left.is_null(), right.is_null()) {
                    (false, false) if field.direction.descending() => cmp(&right, &left),
                    (false, false) => cmp(&left, &right),
                    (left, right) if nulls_first => right.cmp(&left),
                    (left, right) => left.cmp(&right),
                }
            });
        }
        if let Some(limit) = constraints.limit {
            kept.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        pick(rows, &kept)
    }

    /// Answers with a page of three splits, whose tokens are positions.
    async fn page(
        &self,
        mut request: GetSplitsRequest,
        version: SerdeVersion,
        offset: i64,
    ) -> Result<Response, InvokeError> {
        const PAGE_SIZE: usize = 3;
        let token = request.continuation_token.take();
        let begin: usize = token.as_deref().unwrap_or("0").parse().map_err(|_| {
            refusal(&Error::invalid_input("the token is not a position; list the splits again"))
        })?;
        let mut response = self.honest.answer(Request::GetSplits(request), version).await?;
        if let Response::GetSplits(response) = &mut response {
            let all = response.splits.len();
            let end = (begin + PAGE_SIZE).min(all);
            response.splits = response.splits.get(begin..end).unwrap_or_default().to_vec();
            response.continuation_token =
                (end < all).then(|| (i64::try_from(end).unwrap_or(0) + offset).to_string());
        }
        Ok(response)
    }
}

/// Converts the timestamps with a zone between the form of a source, the instant, and that of the
/// wire, in which predicates are.
fn with_times(rows: &RecordBatch, convert: impl Fn(i64, TimeZoneKey) -> i64) -> RecordBatch {
    let columns = rows.columns().iter().map(|column| match column.data_type() {
        DataType::Timestamp(_, Some(zone)) => {
            let zone = TimeZoneKey::from_name(zone).expect("a known zone");
            let times: TimestampMillisecondArray =
                column.as_primitive::<TimestampMillisecondType>().unary(|time| convert(time, zone));
            Arc::new(times.with_data_type(column.data_type().clone())) as ArrayRef
        }
        _ => Arc::clone(column),
    });
    if rows.num_columns() == 0 {
        return rows.clone();
    }
    RecordBatch::try_new(rows.schema(), columns.collect()).expect("columns of the same types")
}

/// Compares two values that are not null, with NaN last.
pub(crate) fn cmp(left: &Cell, right: &Cell) -> Ordering {
    compare(left, right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

/// Returns the rows at `indices`.
pub(crate) fn pick(rows: &RecordBatch, indices: &[usize]) -> RecordBatch {
    if rows.num_columns() == 0 {
        return rows.slice(0, indices.len().min(rows.num_rows()));
    }
    let indices = UInt64Array::from_iter_values(indices.iter().map(|&index| index as u64));
    take_record_batch(rows, &indices).expect("the rows exist")
}

#[async_trait]
impl Invoke for Faulty {
    async fn invoke(&self, bytes: Bytes) -> Result<Bytes, InvokeError> {
        let Ok((request, version)) = Request::decode(&bytes) else {
            return self.honest.answer_bytes(&bytes).await;
        };
        let response = self.answer(request, version).await?;
        response.encode(version).map(Bytes::from).map_err(|error| refusal(&error))
    }
}

impl Mutant {
    /// Returns the connector, the name and the proof.
    pub(crate) fn build(self) -> (Arc<Faulty>, String, Proof) {
        let name = self.to_string();
        (Arc::new(Faulty::new(self.source, self.level, self.fault)), name, self.proof)
    }
}
