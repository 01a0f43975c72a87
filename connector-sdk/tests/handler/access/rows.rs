//! Every caller gets the rows and values of the rule, against a second implementation of it.

use super::*;

/// Checks that `found` is an answer to the query of rows that pass: all of them, or as many as the
/// limit, with the greatest salaries if they are ordered.
fn check(found: &[Person], query: &Query, mut passing: Vec<Person>) {
    assert!(found.iter().all(|person| passing.contains(person)), "foreign rows in {found:?}");
    let limit = query.constraints.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
    assert_eq!(found.len(), passing.len().min(limit));
    if query.by_salary {
        passing.sort_by_key(|person| std::cmp::Reverse(person.salary));
        let salaries = |people: &[Person]| -> Vec<_> {
            let mut salaries: Vec<_> = people.iter().map(|person| person.salary).collect();
            salaries.sort();
            salaries
        };
        assert_eq!(salaries(found), salaries(&passing[..found.len()]));
    }
}

fn found(read: &ReadResult) -> Vec<Person> {
    let mut people = Vec::new();
    for batch in &read.batches {
        let ids = batch.column(0).as_primitive::<Int64Type>();
        let regions = batch.column(1).as_string::<i32>();
        let names = batch.column(2).as_string::<i32>();
        let salaries = batch.column(3).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let region = REGIONS.into_iter().find(|region| *region == regions.value(row)).unwrap();
            let name = names.iter().nth(row).unwrap().map(str::to_owned);
            let salary = salaries.iter().nth(row).unwrap();
            people.push(Person { id: ids.value(row), region, name, salary });
        }
    }
    people
}

#[tokio::test]
async fn every_caller_gets_the_rows_and_values_of_the_rule_and_no_other() {
    let queries = if std::env::var_os("ATHENA_LONG_TESTS").is_some() { 2_000 } else { 120 };
    let mut random = Random(7);
    let mut rows = 0;
    for number in 0..queries {
        let function = function(number % 2 == 0);
        let caller = CALLERS[number % CALLERS.len()];
        let query = query(&mut random);
        let inline = if random.next(2) == 0 { 0 } else { 1_000_000 };
        let answer = run(&function, caller, &query, inline).await;
        if caller == "stranger" {
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::NotFound);
            continue;
        }
        let visible: Vec<_> =
            people().iter().filter_map(|person| visible(caller, person)).collect();
        let passing = visible
            .into_iter()
            .filter(|person| query.passes.iter().all(|passes| passes(person)))
            .collect();
        let found = found(&answer.unwrap_or_else(|error| panic!("query {number}: {error}")));
        rows += found.len();
        check(&found, &query, passing);
        let offered = function.offered.lock().unwrap();
        if matches!(caller, "clerk" | "tagged") {
            let names_masked = |text: &String| {
                text.contains("salary") || caller == "clerk" && text.contains("\"name\"")
            };
            assert!(!offered.conditions.iter().any(names_masked), "{:?}", offered.conditions);
        }
    }
    println!(
        "faults: {queries} queries of {} callers, {rows} rows as the rule says",
        CALLERS.len()
    );
    assert!(rows > queries * 5);
}

#[tokio::test]
async fn rules_need_trusted_identities_and_conditions_that_can_be_evaluated() {
    let untrusted = spilling(FakeConnector::new(batch(&people()))).0.with_access(rule);
    for request in [
        Request::ReadRecords(read_request(batch(&[]).schema())),
        Request::GetSplits(splits_request()),
        table_request("t"),
    ] {
        let error = invoke(&untrusted, request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessDenied);
        assert!(error.message().contains("athena_connector_trust_identity"), "{error}");
    }
    let trusted = settings(&[("athena_connector_trust_identity", "true")]);
    let absent = |_: &TableName, _: &FederatedIdentity| {
        Access::full().with_rows_in("absent", &regions(&["emea"]))
    };
    let nobody =
        |_: &TableName, _: &FederatedIdentity| Access::full().with_rows_in("region", &regions(&[]));
    let read_with = async |handler: Handler, store| {
        read(&handler.with_settings(trusted.clone()), &store, read_request(batch(&[]).schema()))
            .await
    };
    let (handler, store) = spilling(FakeConnector::new(batch(&people())));
    let error = read_with(handler.with_access(absent), store).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    let (handler, store) = spilling(FakeConnector::new(batch(&people())));
    assert_eq!(read_with(handler.with_access(nobody), store).await.unwrap().count(), 0);
}
