//! Hidden rows and masked values are in no error, definition, list or log.

use super::*;

/// Lines of a log, at every level.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

/// Returns the salaries and names in `text` that the caller cannot know: those of people who are
/// hidden or masked, without `known`, which the query itself has.
fn leaks(text: &str, caller: &str, known: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    for person in people() {
        let seen = visible(caller, &person);
        let salary = seen.as_ref().and_then(|seen| seen.salary);
        let name = seen.as_ref().and_then(|seen| seen.name.clone());
        secrets.extend(person.salary.filter(|_| salary.is_none()).map(|salary| salary.to_string()));
        secrets.extend(person.name.filter(|real| name.as_ref() != Some(real)));
    }
    secrets.retain(|secret| text.contains(secret.as_str()) && !known.contains(secret.as_str()));
    secrets
}

#[tokio::test]
async fn no_hidden_value_is_in_an_error_or_in_any_line_of_the_log() {
    let lines = if std::env::var_os("ATHENA_LONG_TESTS").is_some() { 10_000 } else { 400 };
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut random = Random(11);
    let (mut seen, mut errors, mut number) = (0, 0, 0);
    while seen + errors < lines {
        number += 1;
        let caller = ["emea", "clerk", "tagged", "stranger"][number % 4];
        let function = function(number % 2 == 0);
        let variables =
            [("athena_connector_trust_identity", "true"), ("athena_connector_audit", "true")];
        let function =
            Function { handler: function.handler.with_settings(settings(&variables)), ..function };
        let query = query(&mut random);
        // Blocks of every third query are too small for a row.
        let mut read = ReadRecordsRequest {
            identity: Some(identity(caller)),
            constraints: query.constraints.clone(),
            max_inline_block_size: if number % 3 == 0 { 0 } else { 1_000_000 },
            max_block_size: if number % 3 == 0 { 200 } else { 4_000 },
            ..read_request(batch(&[]).schema())
        };
        if number % 5 == 0 {
            read.split.encryption_key = None;
        }
        let answer = invoke(&function.handler, Request::ReadRecords(read)).await;
        let mut text = log.take();
        seen += text.lines().count();
        if let Err(error) = answer {
            errors += 1;
            text.extend([error.to_string(), format!("{error:?}")]);
        }
        let known = format!("{:?}", query.constraints);
        assert_eq!(leaks(&text, caller, &known), [""; 0], "query {number} of {caller}: {text}");
    }
    // The search finds what it looks for.
    let planted = format!("salary {}", people()[1].salary.unwrap());
    assert_eq!(leaks(&planted, "clerk", "").len(), 1);
    println!("faults: {seen} lines and {errors} errors of {number} reads without a hidden value");
    assert!(errors > number / 6 && seen >= number);
}

#[tokio::test]
async fn a_masked_value_is_in_no_error_definition_or_list() {
    let function = function(true);
    let as_caller = |caller: &str| Some(identity(caller));
    for (caller, names, salary_is_nullable) in [("clerk", true, true), ("stranger", false, false)] {
        let mut list = tables_request("s", -1, None);
        list.identity = as_caller(caller);
        let Ok(Response::ListTables(tables)) =
            invoke(&function.handler, Request::ListTables(list)).await
        else {
            panic!("no list")
        };
        assert_eq!(!tables.tables.is_empty(), names, "{caller}");
        let Request::GetTable(mut table) = table_request("t") else { panic!("no request") };
        table.identity = as_caller(caller);
        let definition = invoke(&function.handler, Request::GetTable(table)).await;
        match definition {
            Ok(Response::GetTable(table)) => {
                let field = table.schema.field_with_name("salary").unwrap();
                assert_eq!(field.is_nullable(), salary_is_nullable);
            }
            other => assert_eq!(other.unwrap_err().kind(), ErrorKind::NotFound),
        }
        let splits = athena_protocol::message::GetSplitsRequest {
            identity: as_caller(caller),
            ..splits_request()
        };
        let splits = invoke(&function.handler, Request::GetSplits(splits)).await;
        assert_eq!(splits.is_ok(), names, "{caller}");
    }
    // A condition that fails on real values, such as a division by them, sees masked ones.
    let salary = Expression::Variable { column: "salary".into(), data_type: DataType::Int64 };
    let value = |value: i64| Expression::Constant {
        values: Some(Arc::new(Int64Array::from(vec![value]))),
        data_type: DataType::Int64,
    };
    let call = |function: &str, arguments: Vec<Expression>, data_type| Expression::Call {
        function: function.into(),
        arguments,
        data_type,
    };
    let secret = people()[1].salary.unwrap();
    let difference = call(functions::SUBTRACT, vec![salary, value(secret)], DataType::Int64);
    let quotient = call(functions::DIVIDE, vec![value(1), difference], DataType::Int64);
    let condition = call(functions::EQUAL, vec![quotient, value(1)], DataType::Boolean);
    let constraints = Constraints { expressions: vec![condition], ..Constraints::default() };
    let query = Query { constraints, passes: Vec::new(), by_salary: false };
    assert!(run(&function, "auditor", &query, 0).await.is_err());
    assert_eq!(run(&function, "clerk", &query, 0).await.unwrap().count(), 0);
}
