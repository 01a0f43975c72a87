//! Statements of Athena users, compared with the recorded answers of Trino: see `README.md`.
//!
//! The connectors run as functions in processes of this program, so that rows cross the wire.

mod answer;
mod compare;
mod corpus;
mod type_name;
mod verdict;

use std::{collections::BTreeMap, env, fs, path::Path, process::ExitCode, sync::Arc};

use athena_client::{ClientOptions, FederatedClient, Invoke};
use athena_connector_example::Example;
use athena_connector_sdk::lambda;
use athena_connector_tpch::Tpch;
use athena_engine::{Engine, EngineOptions};
use athena_lambda_host::{FunctionOptions, HostedFunction, LocalS3};

use answer::Answer;
use corpus::Statement;
use verdict::Verdict;

/// Set to write the list of differences instead of checking it.
const UPDATE: &str = "ATHENA_SQL_UPDATE";
/// Argument with which this program is a connector.
const CONNECTOR: &str = "--run-connector";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, name] if flag == CONNECTOR && name == "tpch" => {
            lambda::block_on(lambda::run(Tpch)).expect("the connector runs");
            ExitCode::SUCCESS
        }
        [flag, _] if flag == CONNECTOR => {
            lambda::block_on(lambda::run(Example::from_env())).expect("the connector runs");
            ExitCode::SUCCESS
        }
        // Arguments of the test runner name statements.
        ids => {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
            runtime.block_on(judge(ids))
        }
    }
}

/// Runs the statements `ids`, or all, and compares their verdicts with the list of differences.
async fn judge(ids: &[String]) -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("the file exists");
    let recorded = ["trino.jsonl", "trino476.jsonl"].map(|name| corpus::answers(&read(name)));
    let s3 = LocalS3::start(None).await.expect("a local S3 can be started");
    let engine = engine(&s3);

    let statements = corpus::statements(&read("corpus.sql"));
    let ids = selected(ids);
    if !ids.is_empty() && !statements.iter().any(|statement| ids.contains(&statement.id.as_str())) {
        println!("test result: ok. 0 passed; 0 failed; 0 ignored; no statement is named {ids:?}");
        return ExitCode::SUCCESS;
    }
    let mut verdicts = BTreeMap::new();
    for statement in statements {
        if !ids.is_empty() && !ids.contains(&statement.id.as_str()) {
            continue;
        }
        let ours = run(&engine, &statement).await;
        let theirs = recorded.iter().filter_map(|answers| answers.get(&statement.id));
        let verdict = theirs.map(|theirs| Verdict::of(&statement, theirs, &ours)).min();
        let verdict = verdict.expect("every statement has a recorded answer");
        if !ids.is_empty() {
            println!("{} {verdict}\n{}\n{ours:?}", statement.id, statement.text());
        }
        verdicts.insert(statement.id, verdict);
    }
    println!("{}", verdict::summary(verdicts.values()));
    if !ids.is_empty() {
        return ExitCode::SUCCESS;
    }
    let path = folder.join("differences.tsv");
    let known = verdict::read(&fs::read_to_string(&path).unwrap_or_default());
    if env::var_os(UPDATE).is_some() {
        fs::write(&path, verdict::write(&verdicts, &known)).expect("the file can be written");
        return ExitCode::SUCCESS;
    }
    let changed = verdict::changed(&verdicts, &known);
    for line in &changed {
        println!("{line}");
    }
    let (failed, passed) = (changed.len(), verdicts.len().saturating_sub(changed.len()));
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {result}. {passed} passed; {failed} failed; 0 ignored;");
    if changed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("differences.tsv is not up to date; if each change is intended, set {UPDATE}=1");
    ExitCode::FAILURE
}

/// Returns the statements that the arguments name, without options of test runners.
fn selected(arguments: &[String]) -> Vec<&str> {
    let mut ids = Vec::new();
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        match argument {
            "--skip" | "--test-threads" | "--format" | "--color" => _ = arguments.next(),
            option if option.starts_with('-') => {}
            id => ids.push(id),
        }
    }
    ids
}

/// Creates an engine with the catalogs of the statements.
fn engine(s3: &LocalS3) -> Engine {
    let program = env::current_exe().expect("this program has a path");
    let catalogs = ["tpch", "example"].map(|name| {
        let options =
            FunctionOptions { name: name.to_owned(), env: s3.env(), ..FunctionOptions::default() };
        let function = HostedFunction::new(&program, [CONNECTOR, name], options);
        let function: Arc<dyn Invoke> = Arc::new(function);
        FederatedClient::new(name, function, Some(s3.store()), ClientOptions::default())
    });
    Engine::try_new(catalogs.to_vec(), EngineOptions::default()).expect("an engine can be created")
}

/// Runs the texts of `statement` in order and returns the answer of the last one, or the first
/// error.
async fn run(engine: &Engine, statement: &Statement) -> Answer {
    let mut last = Answer::Error("no statement".to_owned());
    for sql in &statement.texts {
        last = match query(engine, sql).await {
            Ok(answer) => answer,
            Err(error) => return Answer::Error(format!("{error:#}")),
        };
    }
    last
}

async fn query(engine: &Engine, sql: &str) -> anyhow::Result<Answer> {
    let query = engine.query(sql).await?;
    let batches = query.collect().await?;
    Answer::of(&query.schema(), &batches)
}
