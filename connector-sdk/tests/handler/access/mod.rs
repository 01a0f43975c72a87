//! Rows and columns by caller: the table, the rule and the queries of its tests.

mod leaks;
mod rows;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use arrow::{
    array::{ArrayRef, AsArray, Int64Array, StringArray},
    datatypes::{DataType, Int64Type},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Access, Conjunct, Error, ErrorKind, Handler, Mask, Pushed, RecordBatchStream, TableName,
    predicate::{Constraints, Expression, OrderByField},
};
use athena_protocol::{
    FederatedIdentity, Request, Response,
    message::ReadRecordsRequest,
    predicate::{Bound, Direction, Marker, Range, SortedRangeSet, ValueSet, functions},
};
use athena_spill::testing::MemoryStore;

use crate::fixture::*;

const ROWS: i64 = 300;
const REGIONS: [&str; 3] = ["emea", "apac", "amer"];
const CALLERS: [&str; 5] = ["auditor", "emea", "clerk", "tagged", "stranger"];

/// A person of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Person {
    id: i64,
    region: &'static str,
    name: Option<String>,
    salary: Option<i64>,
}

fn people() -> Vec<Person> {
    let person = |id: i64| Person {
        id,
        region: REGIONS[usize::try_from(id * 7 % 3).unwrap()],
        name: (id % 11 != 0).then(|| format!("person-{:05}", id * 7919 % 100_000)),
        salary: (id % 13 != 0).then_some(1_000_000 + id * 104_729 % 50_021),
    };
    (0..ROWS).map(person).collect()
}

fn batch(people: &[Person]) -> RecordBatch {
    let ids = people.iter().map(|person| person.id);
    let salaries: Int64Array = people.iter().map(|person| person.salary).collect();
    let names: StringArray = people.iter().map(|person| person.name.clone()).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(Int64Array::from_iter_values(ids)) as ArrayRef, false),
        (
            "region",
            Arc::new(StringArray::from_iter_values(people.iter().map(|person| person.region))),
            false,
        ),
        ("name", Arc::new(names), true),
        ("salary", Arc::new(salaries), true),
    ])
    .unwrap()
}

fn identity(caller: &str) -> FederatedIdentity {
    FederatedIdentity {
        account: Some("111122223333".into()),
        arn: Some(format!("arn:aws:sts::111122223333:assumed-role/{caller}/ann")),
        tags: match caller {
            "tagged" => BTreeMap::from([("region".to_owned(), Some("apac".to_owned()))]),
            _ => BTreeMap::new(),
        },
        ..FederatedIdentity::default()
    }
}

fn regions(names: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(names))
}

/// Returns the access of a caller: the rule under test.
fn rule(table: &TableName, caller: &FederatedIdentity) -> Access {
    assert_eq!(table.to_string().to_lowercase(), table.to_string());
    let arn = caller.arn.as_deref().unwrap_or_default();
    let role = arn.split('/').nth(1).unwrap_or_default();
    match (role, caller.tags.get("region")) {
        ("auditor", _) => Access::full(),
        ("emea", _) => Access::full().with_rows_in("region", &regions(&["emea"])),
        ("clerk", _) => {
            Access::full().with_mask("SALARY", Mask::Null).with_mask("name", Mask::KeepLast(2))
        }
        ("tagged", Some(Some(region))) => Access::full()
            .with_rows_in("region", &regions(&[region, "amer"]))
            .with_mask("salary", Mask::Null),
        _ => Access::hidden(),
    }
}

/// Returns a person as a caller sees it, by the same rule written once more.
fn visible(caller: &str, person: &Person) -> Option<Person> {
    let masked = |name: &String| {
        let hidden = name.len() - 2;
        format!("{}{}", "*".repeat(hidden), &name[hidden..])
    };
    match caller {
        "auditor" => Some(person.clone()),
        "emea" => (person.region == "emea").then(|| person.clone()),
        "clerk" => {
            let name = person.name.as_ref().map(masked);
            Some(Person { salary: None, name, ..person.clone() })
        }
        "tagged" => (person.region != "emea").then(|| Person { salary: None, ..person.clone() }),
        _ => None,
    }
}

/// Conditions and limits that the connector was offered.
#[derive(Debug, Default)]
struct Offered {
    conditions: Vec<String>,
    limits: Vec<u64>,
}

struct Function {
    handler: Handler,
    store: Arc<MemoryStore>,
    offered: Arc<Mutex<Offered>>,
}

/// Creates a function whose source evaluates nothing, or claims every condition.
fn function(is_claiming: bool) -> Function {
    let offered = Arc::new(Mutex::new(Offered::default()));
    let record = Arc::clone(&offered);
    let connector = FakeConnector::new(batch(&people())).with_read(move |request| {
        let pushed = request.push_down(|conjunct| {
            record.lock().unwrap().conditions.push(match conjunct {
                Conjunct::Values { column, set } => format!("{column} {set:?}"),
                Conjunct::Expression(expression) => format!("{expression:?}"),
                other => panic!("no form for {other:?}"),
            });
            if is_claiming { Pushed::Superset(()) } else { Pushed::Unsupported }
        });
        record.lock().unwrap().limits.extend(pushed.limit);
        let rows = batch(&people());
        let slices = (0..rows.num_rows()).step_by(70).map(move |start| {
            let len = 70.min(rows.num_rows() - start);
            Ok(rows.slice(start, len))
        });
        Ok(RecordBatchStream::new(futures::stream::iter(slices.collect::<Vec<_>>())))
    });
    let (handler, store) = spilling(connector);
    let settings = settings(&[("athena_connector_trust_identity", "true")]);
    Function { handler: handler.with_settings(settings).with_access(rule), store, offered }
}

/// Pseudo-random numbers by `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }
}

type Condition = Box<dyn Fn(&Person) -> bool>;

/// A query: conditions, order and limit, with their meaning on a person.
struct Query {
    constraints: Constraints,
    passes: Vec<Condition>,
    by_salary: bool,
}

fn at_least(column: &str, value: ArrayRef) -> (String, ValueSet) {
    let data_type = value.data_type().clone();
    let low = Marker::new(Bound::Exactly, value);
    let ranges = vec![Range { low, high: Marker::upper_unbounded(data_type.clone()) }];
    let set = SortedRangeSet { data_type, ranges, null_allowed: false };
    (column.to_owned(), ValueSet::SortedRange(set))
}

fn equals(column: &str, value: ArrayRef) -> Expression {
    let data_type = value.data_type().clone();
    let variable = Expression::Variable { column: column.into(), data_type: data_type.clone() };
    Expression::Call {
        function: functions::EQUAL.into(),
        arguments: vec![variable, Expression::Constant { values: Some(value), data_type }],
        data_type: DataType::Boolean,
    }
}

fn query(random: &mut Random) -> Query {
    let mut query =
        Query { constraints: Constraints::default(), passes: Vec::new(), by_salary: false };
    let someone = people()[usize::try_from(random.next(300)).unwrap()].clone();
    if random.next(2) == 0 {
        let least = someone.salary.unwrap_or(1_020_000);
        let (column, set) = at_least("salary", Arc::new(Int64Array::from(vec![least])));
        query.constraints.summary.insert(column, set);
        query.passes.push(Box::new(move |person| person.salary >= Some(least)));
    }
    if random.next(3) == 0 {
        let name = someone.name.clone().unwrap_or_default();
        // The value as it is, or as a clerk sees it.
        let name =
            if random.next(2) == 0 { name } else { format!("**********{:02}", random.next(100)) };
        let value: ArrayRef = Arc::new(StringArray::from(vec![name.as_str()]));
        query.constraints.expressions.push(equals("name", value));
        query.passes.push(Box::new(move |person| person.name.as_deref() == Some(name.as_str())));
    }
    if random.next(3) == 0 {
        let region = REGIONS[usize::try_from(random.next(3)).unwrap()];
        query.constraints.expressions.push(equals("region", regions(&[region])));
        query.passes.push(Box::new(move |person| person.region == region));
    }
    if random.next(3) == 0 {
        let (column, set) = at_least("id", Arc::new(Int64Array::from(vec![someone.id])));
        query.constraints.summary.insert(column, set);
        query.passes.push(Box::new(move |person| person.id >= someone.id));
    }
    if random.next(2) == 0 {
        query.constraints.limit = Some(random.next(40));
        query.by_salary = random.next(2) == 0;
    }
    if query.by_salary {
        let direction = Direction::DescNullsLast;
        query.constraints.order_by =
            vec![OrderByField { column_name: Some("salary".into()), direction }];
    }
    query
}

async fn run(
    function: &Function,
    caller: &str,
    query: &Query,
    inline: u64,
) -> Result<ReadResult, Error> {
    let request = ReadRecordsRequest {
        identity: Some(identity(caller)),
        constraints: query.constraints.clone(),
        max_inline_block_size: inline,
        max_block_size: 4_000,
        ..read_request(batch(&[]).schema())
    };
    read(&function.handler, &function.store, request).await
}
