//! Attempts of someone who has the source of the function and may invoke it, but has no key.
//!
//! [`FORGED`] are splits and tokens that the function did not make: each is refused before the
//! source or the store is called. [`CURIOUS`] are legal requests of a caller who may not see
//! everything: the answer, the conditions at the source, and the calls of the source are the same,
//! whatever the hidden rows and values are. `docs/decisions/seals.md` lists both, and what a caller
//! can do by design.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use arrow::{
    array::{Array as _, ArrayRef, Int64Array, StringArray},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use athena_conformance::plan::{
    BOOL, I64, Proto, STRING, call, column, filter, int, plan, simple, table,
};
use athena_connector_sdk::{
    Access, Conjunct, ErrorKind, Handler, Mask, Pushed, TableName, Udfs,
    predicate::{Constraints, Expression, OrderByField, QueryPlan},
};
use athena_protocol::{
    EncryptionKey, FederatedIdentity, Request, Response, SerdeVersion, Split,
    message::{
        GetSplitsRequest, GetTableRequest, ListTablesRequest, ReadRecordsRequest,
        UserDefinedFunctionRequest,
    },
    predicate::{
        AllOrNoneValueSet, Bound, Direction, EquatableValueSet, Marker, Range, SortedRangeSet,
        ValueSet, functions,
    },
};

use crate::{
    fixture::*,
    seals::{Function, SEAL, encoded, reading},
};

/// Splits of an attacker: two of one query, and one of another function.
struct Loot {
    own: Split,
    sibling: Split,
    other_function: Split,
}

type Forge = fn(&Loot, &mut ReadRecordsRequest);

/// Edits of a read whose split is `Loot::own`.
const FORGED: [(&str, Forge); 26] = [
    ("another value of a property", |_, read| {
        read.split.properties.insert("number".into(), "1".into());
    }),
    ("the same number, written in another way", |_, read| {
        read.split.properties.insert("number".into(), "+0".into());
    }),
    ("a digit that only looks like it", |_, read| {
        read.split.properties.insert("number".into(), "\u{ff10}".into());
    }),
    ("white space around a value", |_, read| {
        read.split.properties.insert("number".into(), "0 ".into());
    }),
    ("a further property", |_, read| {
        read.split.properties.insert("table".into(), "secrets".into());
    }),
    ("a property in another case, beside the first", |_, read| {
        read.split.properties.insert("NUMBER".into(), "1".into());
    }),
    ("a property under another name", |_, read| {
        let value = read.split.properties.remove("number").unwrap();
        read.split.properties.insert("Number".into(), value);
    }),
    ("no properties", |_, read| read.split.properties.retain(|name, _| name.starts_with('$'))),
    ("the properties of another split of the query", |loot, read| {
        let seal = read.split.properties["$seal"].clone();
        read.split.properties.clone_from(&loot.sibling.properties);
        read.split.properties.insert("$seal".into(), seal);
    }),
    ("the seal of another split of the query", |loot, read| {
        read.split.properties.insert("$seal".into(), loot.sibling.properties["$seal"].clone());
    }),
    ("no seal", |_, read| _ = read.split.properties.remove("$seal")),
    ("an empty seal", |_, read| _ = read.split.properties.insert("$seal".into(), String::new())),
    ("a seal with a later time", |_, read| {
        let seal = read.split.properties.get_mut("$seal").unwrap();
        let (seconds, code) = seal.split_once('.').unwrap();
        *seal = format!("{}.{code}", seconds.parse::<u64>().unwrap() + 3_600);
    }),
    ("a split of a function with the same source and another key", |loot, read| {
        read.split = loot.other_function.clone();
    }),
    ("another query", |_, read| read.query_id = "another-query".into()),
    ("another table", |_, read| read.table_name = TableName::new("s", "secrets")),
    ("another schema", |_, read| read.table_name = TableName::new("other", "t")),
    ("the table in another case", |_, read| read.table_name = TableName::new("s", "T")),
    ("another catalog", |_, read| read.catalog_name = "other".into()),
    ("no key, so that rows are spilled in clear text", |_, read| read.split.encryption_key = None),
    ("a key that the attacker knows", |_, read| {
        read.split.encryption_key = Some(EncryptionKey { key: vec![0; 32], nonce: vec![0; 12] });
    }),
    ("the key of another split", |loot, read| {
        read.split.encryption_key.clone_from(&loot.sibling.encryption_key);
    }),
    ("another bucket", |_, read| {
        read.split.spill_location.as_mut().unwrap().bucket = Some("attackers-bucket".into());
    }),
    ("another prefix", |_, read| {
        read.split.spill_location.as_mut().unwrap().key = Some(format!("elsewhere/{QUERY}/0"));
    }),
    ("the folder of another query", |_, read| {
        let location = read.split.spill_location.as_mut().unwrap();
        location.key = location.key.as_ref().map(|key| key.replace(QUERY, "victims-query"));
    }),
    ("the folder of another split", |loot, read| {
        read.split.spill_location.clone_from(&loot.sibling.spill_location);
    }),
];

#[tokio::test]
async fn no_forged_split_is_read() {
    let function = Function::new(2, &[SEAL]);
    let (splits, _) = function.splits().await;
    let other = Function::new(1, &[("athena_connector_seal", &format!("{}x", SEAL.1))]);
    let loot = Loot {
        own: splits[0].clone(),
        sibling: splits[1].clone(),
        other_function: other.splits().await.0[0].clone(),
    };
    let mut answers = BTreeSet::new();
    for (attempt, forge) in FORGED {
        let mut read = reading(loot.own.clone());
        forge(&loot, &mut read);
        for version in [
            SerdeVersion::V2,
            SerdeVersion::V3,
            SerdeVersion::V4,
            SerdeVersion::V5,
            SerdeVersion::LATEST,
        ] {
            let request = Request::ReadRecords(read.clone()).encode(version).unwrap();
            let error = function.refused(&request).await;
            answers.insert((attempt, error.message().to_owned()));
        }
    }
    // No answer says what was wrong. Names of tables and queries are those of the request.
    let texts: BTreeSet<_> =
        answers.iter().map(|(_, text)| text.split(" (while").next().unwrap()).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(function.handler.handle(&encoded(reading(loot.own)), None).await.is_ok());
}

#[tokio::test]
async fn members_that_json_hides_or_repeats_change_nothing() {
    let function = Function::new(1, &[SEAL]);
    let (splits, _) = function.splits().await;
    let request = String::from_utf8(encoded(reading(splits[0].clone()))).unwrap();
    let with = |from: &str, to: &str| {
        assert!(request.contains(from), "{from} in {request}");
        request.replacen(from, to, 1)
    };
    let before_first = with("\"properties\":{", "\"properties\":{\"number\":\"7\",");
    function.refused(before_first.as_bytes()).await;
    for (attempt, harmless) in [
        (
            "a second value of a property",
            with("\"number\":\"0\"", "\"number\":\"0\",\"number\":\"7\""),
        ),
        ("an escaped name", with("\"number\":", "\"\\u006eumber\":")),
        (
            "a member that the protocol does not have",
            with("\"split\":{", "\"split\":{\"Properties\":{\"number\":\"7\"},"),
        ),
    ] {
        assert!(function.handler.handle(harmless.as_bytes(), None).await.is_ok(), "{attempt}");
    }
}

#[tokio::test]
async fn no_place_of_the_attackers_is_written_to() {
    let function = Function::new(1, &[SEAL]);
    let (splits, _) = function.splits().await;
    let mut read = reading(splits[0].clone());
    // The Java SDK takes the location from here.
    let options = [("spill_bucket", "attackers-bucket"), ("spill_prefix", "elsewhere")];
    read.identity = Some(FederatedIdentity {
        config_options: options
            .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
            .into(),
        ..FederatedIdentity::default()
    });
    function.refused(&encoded(read)).await;
}

#[tokio::test]
async fn no_forged_token_is_followed() {
    let function = Function::new(1_001, &[SEAL]);
    let (_, token) = function.splits().await;
    let token = token.unwrap();
    let other = Function::new(1_001, &[("athena_connector_seal", &format!("{}x", SEAL.1))]);
    let (_, foreign) = other.splits().await;
    let list = |next_token| ListTablesRequest { next_token, ..tables_request("s", 1, None) };
    let next = |token: &str| GetSplitsRequest {
        continuation_token: Some(token.to_owned()),
        ..splits_request()
    };
    let forged = [
        ("a position", next("1000")),
        ("nothing", next("")),
        ("the token of a function with another key", next(&foreign.unwrap())),
        ("another query", GetSplitsRequest { query_id: Some("another".into()), ..next(&token) }),
        ("another catalog", GetSplitsRequest { catalog_name: "another".into(), ..next(&token) }),
        (
            "another table",
            GetSplitsRequest { table_name: TableName::new("s", "u"), ..next(&token) },
        ),
        ("other conditions", GetSplitsRequest { constraints: only("n", &[1]), ..next(&token) }),
        ("a token with a blank", next(&format!("{token} "))),
    ];
    for (attempt, request) in forged {
        let request = Request::GetSplits(request).encode(SerdeVersion::LATEST).unwrap();
        assert_ne!(function.refused(&request).await.message(), "", "{attempt}");
    }
    let request = Request::ListTables(list(Some(token))).encode(SerdeVersion::LATEST).unwrap();
    function.refused(&request).await;
}

/// Table of salaries, in which a caller of the role `Clerk` sees only the region `emea`, no salary,
/// and the end of a name.
struct Payroll {
    handler: Handler,
    /// Conditions and calls that reached the source.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Payroll {
    /// Creates the table. `hidden` decides what the clerk must not learn: salaries, names, and the
    /// rows of other regions.
    fn new(hidden: i64) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        let rows = payroll(hidden);
        let connector = FakeConnector::new(rows.clone()).with_read(move |request| {
            let mut conditions = vec!["read".to_owned()];
            let pushed = request.push_down(|conjunct| {
                conditions.push(match conjunct {
                    Conjunct::Values { column, set } => format!("{column} {set:?}"),
                    Conjunct::Expression(expression) => format!("{expression:?}"),
                    other => panic!("no form for {other:?}"),
                });
                Pushed::Superset(())
            });
            conditions.push(format!("{:?}", pushed.limit));
            conditions.push(format!("{:?}", request.projection.fields()));
            record.lock().unwrap().extend(conditions);
            Ok(rows.clone().into())
        });
        let (handler, _) = spilling(connector);
        let handler = handler
            .with_settings(settings(&[("athena_connector_trust_identity", "true")]))
            .with_access(|_: &TableName, caller: &FederatedIdentity| {
                let is_clerk = caller.arn.as_deref().is_some_and(|arn| arn.contains("role/Clerk/"));
                if !is_clerk {
                    return Access::hidden();
                }
                let emea: ArrayRef = Arc::new(StringArray::from(vec!["emea"]));
                Access::full()
                    .with_rows_in("region", &emea)
                    .with_mask("salary", Mask::Null)
                    .with_mask("name", Mask::KeepLast(1))
            })
            .with_udfs(Udfs::new().scalar("half", |n: i64| n / 2));
        Self { handler, seen }
    }

    /// Returns everything that the answer shows, and what the source was asked.
    async fn observe(&self, request: Request) -> (String, Vec<String>) {
        let answer = match invoke(&self.handler, request).await {
            Ok(Response::ReadRecords(response)) => rows(&response.records),
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("{:?} {error}", error.kind()),
        };
        (answer, std::mem::take(&mut *self.seen.lock().unwrap()))
    }
}

fn rows(batch: &RecordBatch) -> String {
    arrow::util::pretty::pretty_format_batches(std::slice::from_ref(batch)).unwrap().to_string()
}

/// Returns 40 people. Region and the last letter of a name are the same for each `hidden`, as are
/// the rows of `emea`; all else differs.
fn payroll(hidden: i64) -> RecordBatch {
    let count = 40 + hidden * 10;
    let region = |n: i64| if n < 20 { "emea" } else { "apac" };
    let ids = Int64Array::from_iter_values(0..count);
    let regions = StringArray::from_iter_values((0..count).map(region));
    let names = StringArray::from_iter_values((0..count).map(|n| {
        let secret = (n * 7 + hidden * 13) % 26;
        format!("{}{}", char::from(b'a' + u8::try_from(secret).unwrap()), n % 10)
    }));
    let salaries: Int64Array = (0..count)
        .map(|n| ((n + hidden) % 5 != 0).then_some(1_000 + (n * 37 + hidden * 501) % 900))
        .collect();
    RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(ids) as ArrayRef, false),
        ("region", Arc::new(regions) as ArrayRef, false),
        ("name", Arc::new(names) as ArrayRef, true),
        ("salary", Arc::new(salaries) as ArrayRef, true),
    ])
    .unwrap()
}

fn clerk() -> FederatedIdentity {
    FederatedIdentity {
        account: Some("111122223333".into()),
        arn: Some("arn:aws:sts::111122223333:assumed-role/Clerk/ann".into()),
        ..FederatedIdentity::default()
    }
}

fn asking(constraints: Constraints) -> ReadRecordsRequest {
    let request = ReadRecordsRequest {
        identity: Some(clerk()),
        constraints,
        ..read_request(payroll(0).schema())
    };
    without_spill_location(request)
}

fn numbers_in(values: &[i64]) -> ValueSet {
    let values = Arc::new(Int64Array::from(values.to_vec()));
    ValueSet::Equatable(EquatableValueSet { values, inclusive: true, null_allowed: false })
}

fn where_set(column: &str, set: ValueSet) -> Constraints {
    Constraints { summary: BTreeMap::from([(column.to_owned(), set)]), ..Constraints::default() }
}

fn at_least(value: ArrayRef) -> ValueSet {
    let data_type = value.data_type().clone();
    let low = Marker::new(Bound::Exactly, value);
    let ranges = vec![Range { low, high: Marker::upper_unbounded(data_type.clone()) }];
    ValueSet::SortedRange(SortedRangeSet { data_type, ranges, null_allowed: false })
}

fn variable(column: &str, data_type: DataType) -> Expression {
    Expression::Variable { column: column.into(), data_type }
}

fn constant(value: ArrayRef) -> Expression {
    let data_type = value.data_type().clone();
    Expression::Constant { values: Some(value), data_type }
}

fn number(value: i64) -> Expression {
    constant(Arc::new(Int64Array::from(vec![value])))
}

fn calling(function: &str, arguments: Vec<Expression>, data_type: DataType) -> Expression {
    Expression::Call { function: function.into(), arguments, data_type }
}

fn where_true(expression: Expression) -> Constraints {
    Constraints { expressions: vec![expression], ..Constraints::default() }
}

/// `1 / (salary - 1037) = 1`: fails if someone has this salary.
fn failing() -> Expression {
    let salary = variable("salary", DataType::Int64);
    let difference = calling(functions::SUBTRACT, vec![salary, number(1_037)], DataType::Int64);
    let quotient = calling(functions::DIVIDE, vec![number(1), difference], DataType::Int64);
    calling(functions::EQUAL, vec![quotient, number(1)], DataType::Boolean)
}

fn ordered(column: &str, direction: Direction, limit: u64) -> Constraints {
    let order_by = vec![OrderByField { column_name: Some(column.into()), direction }];
    Constraints { order_by, limit: Some(limit), ..Constraints::default() }
}

fn planned(relation: &Proto) -> Constraints {
    let bytes = plan(relation, &["id"]).0;
    let substrait_plan = base64_simd::STANDARD.encode_to_string(bytes);
    let query_plan = Some(QueryPlan { substrait_version: None, substrait_plan });
    Constraints { query_plan, ..Constraints::default() }
}

fn payroll_relation() -> Proto {
    table(&[
        ("ID", simple(I64)),
        ("REGION", simple(STRING)),
        ("NAME", simple(STRING)),
        ("SALARY", simple(I64)),
    ])
}

fn only_columns(columns: &[(&str, DataType)], constraints: Constraints) -> ReadRecordsRequest {
    let fields = columns.iter().map(|(name, t)| Field::new(*name, t.clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    ReadRecordsRequest { schema, ..asking(constraints) }
}

type Ask = fn() -> Request;

fn read(request: ReadRecordsRequest) -> Request {
    Request::ReadRecords(request)
}

/// Requests of the clerk who wants to learn a salary, a name, or something about `apac`.
const CURIOUS: [(&str, Ask); 26] = [
    ("all columns", || read(asking(Constraints::default()))),
    ("a salary among these", || read(asking(where_set("salary", numbers_in(&[1_037, 1_038]))))),
    ("a salary at least this", || {
        read(asking(where_set("salary", at_least(Arc::new(Int64Array::from(vec![1_500]))))))
    }),
    ("people without salary", || {
        let data_type = DataType::Int64;
        let set =
            ValueSet::AllOrNone(AllOrNoneValueSet { data_type, all: false, null_allowed: true });
        read(asking(where_set("salary", set)))
    }),
    ("a salary in the name of another case", || {
        read(asking(where_set("SALARY", numbers_in(&[1_037]))))
    }),
    ("a salary, as an expression", || {
        let salary = variable("salary", DataType::Int64);
        read(asking(where_true(calling(
            functions::EQUAL,
            vec![salary, number(1_037)],
            DataType::Boolean,
        ))))
    }),
    ("no salary, negated", || {
        let salary = variable("salary", DataType::Int64);
        let equal = calling(functions::EQUAL, vec![salary, number(1_037)], DataType::Boolean);
        read(asking(where_true(calling(functions::NOT, vec![equal], DataType::Boolean))))
    }),
    ("a division that fails on one salary", || read(asking(where_true(failing())))),
    ("a division that fails, behind an id", || {
        let id = variable("id", DataType::Int64);
        let equal = calling(functions::EQUAL, vec![id, number(1)], DataType::Boolean);
        read(asking(where_true(calling(functions::AND, vec![equal, failing()], DataType::Boolean))))
    }),
    ("the salary compared with the id", || {
        let arguments = vec![variable("salary", DataType::Int64), variable("id", DataType::Int64)];
        read(asking(where_true(calling(functions::LESS_THAN, arguments, DataType::Boolean))))
    }),
    ("the highest salary", || read(asking(ordered("salary", Direction::DescNullsLast, 1)))),
    ("the lowest salary", || read(asking(ordered("salary", Direction::AscNullsLast, 3)))),
    ("the first name", || read(asking(ordered("name", Direction::AscNullsFirst, 5)))),
    ("a name by its first letter", || {
        let pattern = constant(Arc::new(StringArray::from(vec!["a%"])));
        let arguments = vec![variable("name", DataType::Utf8), pattern];
        read(asking(where_true(calling(functions::LIKE_PATTERN, arguments, DataType::Boolean))))
    }),
    ("a name in an order of letters", || {
        read(asking(where_set("name", at_least(Arc::new(StringArray::from(vec!["m"]))))))
    }),
    ("people of a hidden region", || {
        let values: ArrayRef = Arc::new(StringArray::from(vec!["apac"]));
        let set = EquatableValueSet { values, inclusive: true, null_allowed: false };
        read(asking(where_set("region", ValueSet::Equatable(set))))
    }),
    ("all regions but the own", || {
        let values: ArrayRef = Arc::new(StringArray::from(vec!["emea"]));
        let set = EquatableValueSet { values, inclusive: false, null_allowed: false };
        read(asking(where_set("region", ValueSet::Equatable(set))))
    }),
    ("the number of all people", || read(only_columns(&[], Constraints::default()))),
    ("the number of people with this salary", || {
        read(only_columns(&[], where_set("salary", numbers_in(&[1_037]))))
    }),
    ("the first rows", || read(asking(Constraints { limit: Some(30), ..Constraints::default() }))),
    ("the salary as text", || {
        read(only_columns(&[("salary", DataType::Utf8)], Constraints::default()))
    }),
    ("the salary under another case", || {
        read(only_columns(&[("SALARY", DataType::Int64)], Constraints::default()))
    }),
    ("a query plan over the salary", || {
        let condition = call("equal", BOOL, &[column(3), int(1_037)]);
        read(only_columns(
            &[("id", DataType::Int64)],
            planned(&filter(&payroll_relation(), &condition)),
        ))
    }),
    ("the partitions of a salary", || {
        let Request::GetTableLayout(mut layout) =
            layout_request(payroll(0).schema(), &[], where_set("salary", numbers_in(&[1_037])))
        else {
            unreachable!("it is a request for a layout")
        };
        layout.identity = Some(clerk());
        Request::GetTableLayout(layout)
    }),
    ("the definition", || {
        Request::GetTable(GetTableRequest {
            identity: Some(clerk()),
            query_id: Some(QUERY.into()),
            catalog_name: "c".into(),
            table_name: TableName::new("s", "T"),
            query_passthrough_arguments: BTreeMap::new(),
        })
    }),
    ("a function of values that the caller has", || {
        let n: ArrayRef = Arc::new(Int64Array::from(vec![1_037]));
        Request::UserDefinedFunction(UserDefinedFunctionRequest {
            identity: Some(clerk()),
            input_records: RecordBatch::try_from_iter([("0", Arc::clone(&n))]).unwrap(),
            output_schema: Arc::new(Schema::new(vec![Field::new("0", DataType::Int64, true)])),
            method_name: "half".into(),
        })
    }),
];

#[tokio::test]
async fn nothing_that_a_caller_observes_depends_on_what_is_hidden() {
    let (one, other) = (Payroll::new(0), Payroll::new(3));
    let mut answered = 0;
    for (attempt, ask) in CURIOUS {
        let (answer, asked) = one.observe(ask()).await;
        assert_eq!(other.observe(ask()).await, (answer.clone(), asked.clone()), "{attempt}");
        let leaks = asked.iter().any(|text| text.contains("1037") || text.contains("\"a%\""));
        assert!(!leaks, "{attempt}: {asked:?}");
        answered += usize::from(answer.starts_with('+'));
    }
    assert!(answered >= 18, "most attempts are legal queries: {answered}");
    // The same requests do depend on it for a caller who sees everything: the tables differ.
    assert_ne!(rows(&payroll(0)), rows(&payroll(3)));
}

#[tokio::test]
async fn a_caller_without_a_name_or_with_a_similar_one_sees_nothing() {
    let payroll = Payroll::new(0);
    for arn in [
        None,
        Some("arn:aws:sts::111122223333:assumed-role/clerk/ann"),
        Some("arn:aws:sts::111122223333:assumed-role/XClerk/ann"),
        Some("arn:aws:sts::111122223333:assumed-role/\u{421}lerk/ann"),
    ] {
        let identity = arn
            .map(|arn| FederatedIdentity { arn: Some(arn.into()), ..FederatedIdentity::default() });
        let request = ReadRecordsRequest { identity, ..asking(Constraints::default()) };
        assert_eq!(
            error_kind(&payroll.handler, Request::ReadRecords(request)).await,
            ErrorKind::NotFound
        );
    }
}
