//! Query passthrough in SQL, from `TABLE(...)` to the connector and back.

use std::sync::{Arc, Mutex};

use arrow::{
    array::{ArrayRef, AsArray, Int64Array, StringArray},
    datatypes::{DataType, Field, Int64Type},
    record_batch::RecordBatch,
};
use async_trait::async_trait;
use athena_client::{ClientOptions, FederatedClient, Invoke, InvokeError};
use athena_connector_sdk::{
    Cursor, Handler, PageStream, Passthrough, PassthroughQuery, Pushed, RecordBatchStream, Result,
    Scan, Signature, Split, StaticConnector, TableDef,
};
use athena_engine::{Engine, EngineOptions, PushdownMode};
use athena_protocol::error::FunctionError;
use bytes::Bytes;

/// Source whose queries are a text and a count: numbers from 0, each with the text, in splits of
/// 100. Notes what it is asked for.
#[derive(Clone, Default)]
struct Repeat {
    seen: Arc<Mutex<Vec<String>>>,
}

impl Repeat {
    fn note(&self, what: &str, query: &PassthroughQuery, more: &str) {
        let (text, count) = (query.argument("TEXT"), query.argument("COUNT"));
        self.seen.lock().unwrap().push(format!("{what} {text} {count}{more}"));
    }
}

fn count(query: &PassthroughQuery) -> Result<i64> {
    query
        .argument("COUNT")
        .parse()
        .map_err(|_| athena_connector_sdk::Error::invalid_input("the count is no number"))
}

#[async_trait]
impl Passthrough for Repeat {
    fn signature(&self) -> Signature {
        Signature {
            schema: "system".to_owned(),
            name: "repeat".to_owned(),
            arguments: vec!["TEXT".to_owned(), "COUNT".to_owned()],
        }
    }

    async fn definition(&self, query: PassthroughQuery) -> Result<TableDef> {
        self.note("define", &query, "");
        count(&query)?;
        let columns =
            [Field::new("n", DataType::Int64, false), Field::new("text", DataType::Utf8, false)];
        Ok(TableDef::new(columns))
    }

    async fn splits(
        &self,
        query: PassthroughQuery,
        start_after: Option<Cursor>,
    ) -> Result<PageStream<Split>> {
        let starts = (0..count(&query)?).step_by(100);
        let splits: Vec<_> = starts.map(|start| Split::new().with("start", start)).collect();
        PageStream::from_list(splits, start_after.as_ref())
    }

    async fn read(
        &self,
        query: PassthroughQuery,
        split: Split,
        scan: Scan,
    ) -> Result<RecordBatchStream> {
        let pushed = scan.push_down(|_| Pushed::Superset(()));
        self.note("read", &query, &format!(" of {}", pushed.conjuncts.len()));
        let start: i64 = split.get("start")?;
        let numbers = start..count(&query)?.min(start + 100);
        let texts = numbers.clone().map(|_| query.argument("TEXT"));
        let text: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        let n: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
        Ok(RecordBatch::try_from_iter([("n", n), ("text", text)])?.into())
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

/// Creates an engine with the catalog `mine`, which has the function, and `plain`, which has none.
fn engine(source: &Repeat, pushdown: PushdownMode) -> Engine {
    let handlers = [
        ("mine", Handler::new(StaticConnector::new()).with_passthrough(source.clone())),
        ("plain", Handler::new(StaticConnector::new())),
    ];
    let clients = handlers.map(|(name, handler)| {
        FederatedClient::new(name, Arc::new(InProcess(handler)), None, ClientOptions::default())
    });
    let options = EngineOptions { pushdown, ..EngineOptions::default() };
    Engine::try_new(clients.into(), options).unwrap()
}

async fn numbers(engine: &Engine, sql: &str) -> Vec<i64> {
    let query = engine.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:#}"));
    let batches = query.collect().await.unwrap_or_else(|error| panic!("{sql}: {error:#}"));
    let columns = batches.iter().map(|batch| batch.column(0).as_primitive::<Int64Type>());
    columns.flat_map(|column| column.values().to_vec()).collect()
}

#[tokio::test]
async fn the_result_of_a_query_of_the_source_is_a_table_like_any_other() {
    let five = "TABLE(mine.system.repeat(TEXT => 'a', COUNT => '5'))";
    for pushdown in [PushdownMode::Off, PushdownMode::Sets, PushdownMode::Full] {
        let engine = engine(&Repeat::default(), pushdown);
        for (sql, rows) in [
            (format!("SELECT n FROM {five} ORDER BY n"), vec![0, 1, 2, 3, 4]),
            (format!("SELECT n FROM {five} WHERE n BETWEEN 2 AND 3 ORDER BY 1"), vec![2, 3]),
            (format!("SELECT t.n FROM {five} AS t ORDER BY t.n DESC LIMIT 2"), vec![4, 3]),
            (format!("SELECT m FROM {five} AS t (m, x) WHERE x = 'a' AND m > 3"), vec![4]),
            (format!("SELECT count(*) FROM {five} a JOIN {five} b ON a.n = b.n + 1"), vec![4]),
            (format!("WITH q AS (SELECT n FROM {five}) SELECT sum(n) FROM q"), vec![10]),
            ("SELECT n FROM TABLE(system.repeat('a', '2')) ORDER BY n".to_owned(), vec![0, 1]),
            (
                "SELECT n FROM TABLE(MINE.System.Repeat(count => '1', \"Text\" => 'a'))".to_owned(),
                vec![0],
            ),
            (
                "SELECT count(*) FROM TABLE(mine.system.repeat('it''s', '1234'))".to_owned(),
                vec![1_234],
            ),
        ] {
            assert_eq!(numbers(&engine, &sql).await, rows, "{sql} {pushdown:?}");
        }
    }
}

#[tokio::test]
async fn the_arguments_reach_the_source_as_they_are_written_and_conditions_beside_them() {
    let source = Repeat::default();
    let engine = engine(&source, PushdownMode::Full);
    let sql =
        "SELECT n FROM TABLE(mine.system.repeat(COUNT => '3', TEXT => 'It''s A')) WHERE n > 1";
    assert_eq!(numbers(&engine, sql).await, [2]);
    let seen = source.seen.lock().unwrap().clone();
    assert_eq!(seen.last().map(String::as_str), Some("read It's A 3 of 1"));
    assert!(seen[..seen.len() - 1].iter().all(|what| what == "define It's A 3"), "{seen:?}");
}

#[tokio::test]
async fn a_wrong_call_says_what_is_right() {
    let engine = engine(&Repeat::default(), PushdownMode::Full);
    for (call, part) in [
        ("TABLE(mine.system.query('a'))", "it has system.repeat"),
        ("TABLE(plain.system.repeat('a', '1'))", "it has none"),
        ("TABLE(other.system.repeat('a', '1'))", "catalog other"),
        ("TABLE(repeat('a', '1'))", "needs a schema"),
        ("TABLE(mine.system.repeat(TEXT => 'a'))", "COUNT => '...'"),
        ("TABLE(mine.system.repeat('a', '1', '2'))", "no argument 3; it has TEXT, COUNT"),
        ("TABLE(mine.system.repeat(TXT => 'a', COUNT => '1'))", "no argument TXT"),
        ("TABLE(mine.system.repeat(TEXT => 'a', TEXT => 'b', COUNT => '1'))", "given twice"),
        ("TABLE(mine.system.repeat('a', 1))", "is no text"),
        ("TABLE(mine.system.repeat('a', 'many'))", "the count is no number"),
        ("mine.system.repeat(TEXT => 'a', COUNT => '1')", "write TABLE(mine.system.repeat(...))"),
    ] {
        let error = engine.query(&format!("SELECT n FROM {call}")).await.unwrap_err();
        assert!(format!("{error:#}").contains(part), "{call}: {error:#}");
    }
}
