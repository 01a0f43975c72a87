//! `check`: the report on standard output, the report files, and the exit status.

use std::{fs, process::Output};

use super::{printed, run, text};

/// A temporary folder for the reports of a check, as JSON and as `JUnit` XML.
struct Reports(tempfile::TempDir);

impl Reports {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let json = self.path("json");
        let junit = self.path("junit");
        run(&[&["check"], arguments, &["--json", &json, "--junit", &junit]].concat())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path("json")).unwrap()).unwrap()
    }
}

#[test]
fn the_example_connector_has_no_findings() {
    let reports = Reports::new();
    let output = reports.run(&["cargo:connectors/example", "--cases", "300", "--seed", "11"]);
    let report = printed(&output);
    assert!(report.contains("web.visits: 3000 rows of 60 of 60 splits"), "{report}");
    assert!(!report.contains("not checked"), "{report}");
    let json = reports.json();
    assert_eq!(
        (&json["findings"], &json["seed"]),
        (&serde_json::json!([]), &serde_json::json!(11))
    );
    // A predicate that fails on a row, such as a division by zero, is undecided.
    let cases = json["cases"].as_u64().unwrap();
    let undecided = json["undecided"].as_u64().unwrap();
    assert!(
        cases + undecided >= 300
            && undecided * 20 < cases
            && json["requests"].as_u64().unwrap() > 500,
        "{json}"
    );
    let junit = fs::read_to_string(reports.path("junit")).unwrap();
    assert!(junit.contains("tests=\"9\" failures=\"0\""), "{junit}");
}

#[test]
fn only_the_given_tables_are_checked() {
    let reports = Reports::new();
    let output = reports.run(&[
        "cargo:connectors/tpch",
        "--cases",
        "200",
        "--table",
        "sf0_01.customer",
        "--table",
        "sf1.lineitem",
        "--max-rows",
        "4000",
    ]);
    printed(&output);
    let json = reports.json();
    let tables: Vec<_> = json["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["table"].as_str().unwrap())
        .collect();
    assert_eq!(tables, ["sf0_01.customer", "sf1.lineitem"]);
    assert_eq!(json["tables"][0]["rows"], 1_500);
    // A split of a million rows exceeds the limit, and the report says so.
    assert_eq!(json["tables"][1]["rows"], 0);
    assert!(json["tables"][1]["skipped"].as_str().unwrap().contains("2000"), "{json}");
}

#[test]
fn findings_are_an_error_and_have_their_requests() {
    let reports = Reports::new();
    // This function uses the Runtime API, but not Athena's protocol.
    let output = reports.run(&["exec:python3 -m tests.functions.behavior"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("invalid-response"), "{}", text(&output.stdout));
    let json = reports.json();
    assert_eq!(json["findings"][0]["request"]["@type"], "PingRequest");
    assert!(text(&output.stderr).contains("1 finding"), "{}", text(&output.stderr));
}

#[test]
fn an_invalid_command_line_is_a_usage_error() {
    for arguments in [
        &["check"][..],
        &["check", "nowhere"],
        &["check", "cargo:connectors/example", "--cases", "many"],
        &["check", "cargo:connectors/example", "--table", "visits"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
