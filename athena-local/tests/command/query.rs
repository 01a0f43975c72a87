//! `query`: rows on standard output, everything else on standard error.

use super::{bytes_received, failed, printed, run, text};

const ORDERS: &str = "SELECT o_orderkey, o_totalprice FROM tpch.sf0_01.orders \
                      WHERE o_totalprice > 300000 AND o_orderdate < DATE '1995-01-01' ORDER BY o_totalprice DESC LIMIT 5";

#[test]
fn the_readmes_query_joins_two_connectors() {
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
fn explain_shows_what_was_sent_and_less_comes_back_for_it() {
    let with = run(&["query", ORDERS, "--explain", "--format", "csv"]);
    let without = run(&["query", ORDERS, "--explain", "--format", "csv", "--pushdown", "off"]);
    assert_eq!(printed(&with), printed(&without), "the rows are the same");
    assert_eq!(printed(&with).lines().count(), 6);
    let (with, without) = (text(&with.stderr), text(&without.stderr));
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
fn a_table_that_is_not_there_is_the_connectors_to_report() {
    let output = run(&[
        "query",
        "SELECT * FROM tpch.sf1.orderz",
        "--connector",
        "tpch=cargo:connectors/tpch",
    ]);
    let said = failed(&output);
    assert!(said.contains("orderz") && said.contains("orders"), "{said}");
    assert!(said.contains("EntityNotFoundException"), "{said}");
}

#[test]
fn a_wrong_spec_is_answered_with_the_forms_there_are() {
    for spec in ["tpch", "=cargo:x", "tpch=ftp://x", "tpch=exec:", "tpch=arn:aws:s3:::bucket"] {
        let output = run(&["query", "SELECT 1", "--connector", spec]);
        assert_eq!(output.status.code(), Some(2), "{spec}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty());
        let said = text(&output.stderr);
        assert!(
            ["cargo:", "exec:", "http://", "arn:aws:lambda:"]
                .iter()
                .all(|form| said.contains(form)),
            "{said}"
        );
    }
}
