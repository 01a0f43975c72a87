//! Filters of the harness against the engine: the same text gives a connector the same constraints.

use std::sync::{Arc, Mutex};

use arrow::datatypes::{DataType, Field, TimeUnit};
use async_trait::async_trait;
use athena_client::{ClientOptions, FederatedClient, Invoke, InvokeError, constraints_to_sql};
use athena_connector_sdk::{
    Context, ErrorKind, Handler, RecordBatchStream, Result, Scan, StaticConnector, Table, TableDef,
    testing::Harness,
};
use athena_engine::{Engine, EngineOptions};
use athena_protocol::{Constraints, error::FunctionError};
use bytes::Bytes;

/// Table without rows, which notes the constraints of each read.
#[derive(Clone, Default)]
struct Noting(Arc<Mutex<Vec<Constraints>>>);

#[async_trait]
impl Table for Noting {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        let columns = [
            ("i", DataType::Int32),
            ("b", DataType::Int64),
            ("x", DataType::Float64),
            ("d", DataType::Decimal128(15, 2)),
            ("s", DataType::Utf8),
            ("ok", DataType::Boolean),
            ("day", DataType::Date32),
            ("at", DataType::Timestamp(TimeUnit::Millisecond, None)),
        ];
        Ok(TableDef::new(columns.map(|(name, data_type)| Field::new(name, data_type, true))))
    }

    async fn scan(&self, scan: Scan) -> Result<RecordBatchStream> {
        self.0.lock().unwrap().push(scan.raw_constraints().clone());
        Ok(RecordBatchStream::empty())
    }
}

#[derive(Debug)]
struct InProcess(Handler);

#[async_trait]
impl Invoke for InProcess {
    async fn invoke(&self, request: Bytes) -> std::result::Result<Bytes, InvokeError> {
        let response = self.0.handle(&request, None).await.map(Bytes::from);
        response.map_err(|error| InvokeError::Function(FunctionError::from(&error)))
    }
}

fn handler(table: &Noting) -> Handler {
    Handler::new(StaticConnector::new().table("s", "t", table.clone()))
}

async fn of_engine(filter: &str) -> Constraints {
    let table = Noting::default();
    let function = Arc::new(InProcess(handler(&table)));
    let client = FederatedClient::new("c", function, None, ClientOptions::default());
    let engine = Engine::try_new(vec![client], EngineOptions::default()).unwrap();
    let query = engine.query(&format!("SELECT * FROM c.s.t WHERE {filter}")).await.unwrap();
    query.collect().await.unwrap();
    table.0.lock().unwrap().remove(0)
}

async fn of_harness(filter: &str) -> Result<Constraints> {
    let table = Noting::default();
    Harness::new(handler(&table)).table("s", "t").filter(filter).rows().await?;
    let mut noted = table.0.lock().unwrap();
    Ok(noted.remove(0))
}

#[tokio::test]
async fn a_filter_gives_the_constraints_that_the_engine_sends_for_it() {
    for filter in [
        "i = 5",
        "5 < i",
        "I >= 5 AND i < 9",
        "i <> 5",
        "i BETWEEN 3 AND 7",
        "i NOT BETWEEN 3 AND 7",
        "i IN (1, 5, 9, 5, 11)",
        "i NOT IN (1, 5)",
        "i IS NULL",
        "NOT (i IS NULL)",
        "i = 5 OR i IS NULL",
        "(i > 3 AND i < 5) OR i = 9",
        "i < 5 OR i >= 5",
        "NOT (i > 5 OR i = 2)",
        "NOT (i > 5 AND s = 'x')",
        "i > 1 AND s = 'x' AND ok",
        "ok",
        "NOT ok",
        "ok = false",
        "s >= 'a' AND s < 'b'",
        "s = 'it''s'",
        "s <> ''",
        "d BETWEEN 0.05 AND 0.07",
        "d > 1",
        "d = -12.5",
        "x > 1.5",
        "x = -1.5",
        "x <> 1.5",
        "x IN (1.5, 2.5, 3.5, 4.5)",
        "x > 1.5 OR x < 2.5",
        "NOT (x > 1.5)",
        "x IS NOT NULL",
        "b = 3000000000",
        "b > -9223372036854775807",
        "day >= DATE '1994-01-01' AND day < DATE '1995-01-01'",
        "at >= TIMESTAMP '2024-03-01 12:00:00'",
        "at < TIMESTAMP '1969-12-31 23:59:59.500'",
        "i = 1 OR s = 'x'",
        "i = 1 OR b = 2 OR s = 'x'",
        "i IN (1, 2, 3, 4, 5) OR b = 1",
        "i IN (1, 2) OR b = 1",
        "i NOT IN (1, 2, 3, 4, 5) OR b = 1",
        "i BETWEEN 1 AND 3 OR b = 1",
        "i IS NULL OR s = 'x'",
        "i IS NOT NULL OR s = 'x'",
        "s LIKE 'a%b_'",
        "s NOT LIKE '%z'",
        "s LIKE 'abc'",
        "s LIKE 'a%' OR i = 1",
        "day = DATE '2024-02-29' OR at = TIMESTAMP '2024-02-29 00:00:00'",
    ] {
        let (engine, harness) = (of_engine(filter).await, of_harness(filter).await.unwrap());
        let text = |constraints| constraints_to_sql(constraints);
        assert_eq!(text(&harness), text(&engine), "{filter}");
        assert_eq!(harness, engine, "{filter}");
    }
}

#[tokio::test]
async fn what_a_filter_cannot_say_is_refused_by_name() {
    for (filter, part) in [
        ("i =", "no condition"),
        ("i = 1 SELECT", "end of the condition"),
        ("nope = 1", "the columns are i, b"),
        ("i = 'x'", "'x' is no literal of type Int32"),
        ("i = 1.5", "1.5 is no literal"),
        ("i = 3000000000", "3000000000 is no literal"),
        ("d = 0.005", "0.005 is no literal"),
        ("s = 1", "1 is no literal of type Utf8"),
        ("day = '2024-01-01'", "no literal of type Date32"),
        ("at = TIMESTAMP '2024-01-01 00:00:00.0001'", "no literal"),
        ("i = NULL", "NULL is no literal"),
        ("i = b", "no literal"),
        ("i + 1 = 2", "is no column"),
        ("upper(s) = 'X'", "is no column"),
        ("s LIKE '%'", "percent signs"),
        ("s LIKE 'a\\%'", "backslash"),
        ("s ILIKE 'a'", "not supported"),
        ("i IS DISTINCT FROM 1", "not supported"),
        ("s", "not supported"),
        ("EXISTS (SELECT 1)", "not supported"),
    ] {
        let error = of_harness(filter).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{filter}");
        assert!(error.message().contains(part), "{filter}: {error}");
    }
}
