//! `query`: rows on standard output, everything else on standard error.

use super::{bytes_received, failed, printed, run, text};

const ORDERS: &str = "SELECT o_orderkey, o_totalprice FROM tpch.sf0_01.orders \
                      WHERE o_totalprice > 300000 AND o_orderdate < DATE '1995-01-01' ORDER BY o_totalprice DESC LIMIT 5";

#[test]
fn the_query_in_the_readme_joins_two_connectors() {
    let sql = "SELECT c.c_mktsegment, count(*) AS visits, avg(v.seconds) AS seconds \
               FROM example.web.visits v JOIN tpch.sf0_01.customer c ON v.customer_key = c.c_custkey \
               WHERE v.month = 2 GROUP BY 1 ORDER BY 2 DESC";
    let output = run(&["query", sql]);
    let readme = std::fs::read_to_string(super::root().join("README.md")).unwrap();
    let shown = readme.split("```text\n").find(|block| block.starts_with(" c_mktsegment")).unwrap();
    let shown = shown.split_once("```").unwrap().0;
    let lines =
        |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(printed(&output)), lines(shown));
}

#[test]
fn explain_shows_the_pushdown_and_that_it_reduces_the_bytes_received() {
    let with = run(&["query", ORDERS, "--explain", "--format", "csv"]);
    let without = run(&["query", ORDERS, "--explain", "--format", "csv", "--pushdown", "off"]);
    assert_eq!(printed(&with), printed(&without), "the rows are the same");
    assert_eq!(printed(&with).lines().count(), 6);
    let with = text(&with.stderr);
    let without = text(&without.stderr);
    let pushed =
        with.lines().find(|line| line.contains("pushed down: ") && line.contains("limit")).unwrap();
    for part in ["o_totalprice", "o_orderdate", "300000", "1995-01-01", "5"] {
        assert!(pushed.contains(part), "{pushed}");
    }
    assert!(with.contains("order"), "{with}");
    assert!(!without.contains("pushed down"), "{without}");
    for message in [
        "Ping",
        "GetDataSourceCapabilities",
        "GetTable",
        "GetTableLayout",
        "GetSplits",
        "ReadRecords",
    ] {
        assert!(with.contains(message), "{message}");
    }
    assert!(bytes_received(with) * 5.0 < bytes_received(without), "{with}\n{without}");
}

#[test]
fn the_connector_reports_a_missing_table() {
    let output = run(&[
        "query",
        "SELECT * FROM tpch.sf1.orderz",
        "--connector",
        "tpch=cargo:connectors/tpch",
    ]);
    let stderr = failed(&output);
    assert!(stderr.contains("orderz") && stderr.contains("orders"), "{stderr}");
    assert!(stderr.contains("EntityNotFoundException"), "{stderr}");
}

#[test]
fn the_error_of_an_invalid_spec_has_the_syntax() {
    for spec in ["tpch", "=cargo:x", "tpch=ftp://x", "tpch=exec:", "tpch=arn:aws:s3:::bucket"] {
        let output = run(&["query", "SELECT 1", "--connector", spec]);
        assert_eq!(output.status.code(), Some(2), "{spec}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty());
        let stderr = text(&output.stderr);
        assert!(
            ["cargo:", "exec:", "http://", "arn:aws:lambda:"]
                .iter()
                .all(|form| stderr.contains(form)),
            "{stderr}"
        );
    }
}
