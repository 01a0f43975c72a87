//! Conditions whose meaning differs between Athena and `DataFusion`: each is true in Athena.

use crate::fake::{Fake, orders};

/// Returns the conditions that are not true over `tables`.
async fn not_true(tables: &str, conditions: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for condition in conditions {
        let sql = format!("SELECT count(*) AS n FROM {tables} WHERE {condition}");
        let rows = Fake::new(vec![orders(0..1)]).rows(&sql).await;
        if !rows.contains("| 1 |") {
            wrong.push(format!("{condition}:\n{rows}"));
        }
    }
    wrong
}

#[tokio::test]
async fn timestamps_with_time_zone_are_compared_as_instants() {
    let tables = "(VALUES (TIMESTAMP '2022-11-14 20:00:00.123 America/New_York', \
                  TIMESTAMP '2022-11-15 01:00:00.123', DATE '2022-11-15')) AS t(tz, ts, day)";
    let conditions = [
        "tz = TIMESTAMP '2022-11-15 01:00:00.123 UTC'",
        "tz = TIMESTAMP '2022-11-15 01:00:00.123'",
        "tz = TIMESTAMP '2022-11-14 20:00:00.123 America/New_York'",
        "tz = TIMESTAMP '2022-11-15 02:00:00.123 +01:00'",
        "tz = TIMESTAMP '2022-11-15 10:00:00.123 Asia/Tokyo'",
        "TIMESTAMP '2022-11-15 01:00:00.123 UTC' = tz",
        "tz <> TIMESTAMP '2022-11-14 20:00:00.123 UTC'",
        "tz > TIMESTAMP '2022-11-15 01:00:00 UTC'",
        "tz >= TIMESTAMP '2022-11-15 01:00:00.123'",
        "tz < TIMESTAMP '2022-11-15 01:00 America/New_York'",
        "tz <= TIMESTAMP '2022-11-15 01:00:00.123 Europe/London'",
        "tz IN (TIMESTAMP '2022-11-15 02:00:00.123 Europe/Paris', NULL)",
        "tz NOT IN (TIMESTAMP '2022-11-14 20:00:00.123', TIMESTAMP '2020-01-01 00:00 UTC')",
        "tz BETWEEN DATE '2022-11-15' AND TIMESTAMP '2022-11-15 02:00:00'",
        "tz NOT BETWEEN TIMESTAMP '2022-11-14 00:00 UTC' AND TIMESTAMP '2022-11-15 01:00 UTC'",
        "tz = ts",
        "ts = tz",
        "tz > day",
        "day < tz",
        "ts IN (tz)",
        "tz IS NOT DISTINCT FROM ts",
        "tz IS DISTINCT FROM TIMESTAMP '2022-11-14 20:00:00.123'",
        "tz IN (SELECT TIMESTAMP '2022-11-15 01:00:00.123')",
        "ts IN (SELECT TIMESTAMP '2022-11-14 20:00:00.123 America/New_York')",
        "day NOT IN (SELECT TIMESTAMP '2022-11-15 00:00 America/New_York')",
        "EXISTS (SELECT 1 FROM (SELECT TIMESTAMP '2022-11-15 01:00:00.123' AS x) AS o WHERE x = tz)",
    ];
    assert_eq!(not_true(tables, &conditions).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_timestamp_with_time_zone_casts_to_the_wall_clock_of_its_zone() {
    let tables = "(VALUES (TIMESTAMP '2022-11-14 20:00:00.123 America/New_York', \
                  TIMESTAMP '2022-11-15 01:00:00.123')) AS t(tz, ts)";
    let conditions = [
        "CAST(tz AS timestamp) = TIMESTAMP '2022-11-14 20:00:00.123'",
        "CAST(tz AS date) = DATE '2022-11-14'",
        "TRY_CAST(tz AS timestamp) = TIMESTAMP '2022-11-14 20:00:00.123'",
        "CAST(ts AS timestamp with time zone) = tz",
        "CAST(CAST(tz AS timestamp) AS timestamp with time zone) < tz",
        "CAST(DATE '2022-11-15' AS timestamp with time zone) = TIMESTAMP '2022-11-15 00:00 UTC'",
        "CAST(TIMESTAMP '2022-07-01 00:30 Asia/Kolkata' AS timestamp) = TIMESTAMP '2022-07-01 00:30:00'",
        "CAST(TIMESTAMP '2022-07-01 00:30 -11:30' AS date) = DATE '2022-07-01'",
    ];
    assert_eq!(not_true(tables, &conditions).await, Vec::<String>::new());
}

#[tokio::test]
async fn joins_of_timestamps_with_and_without_time_zone_compare_instants() {
    let a = "(VALUES (TIMESTAMP '2022-11-14 20:00:00 America/New_York')) AS a(at)";
    let b =
        "(VALUES (TIMESTAMP '2022-11-15 01:00:00'), (TIMESTAMP '2022-11-14 20:00:00')) AS b(at)";
    for join in ["JOIN {b} ON a.at = b.at", "JOIN {b} USING (at)", "LEFT JOIN {b} USING (at)"] {
        let join = join.replace("{b}", b);
        let sql = format!("SELECT count(*) AS n, count(b.at) AS matched FROM {a} {join}");
        let rows = Fake::new(vec![orders(0..1)]).rows(&sql).await;
        assert!(rows.contains("| 1 | 1       |"), "{sql}\n{rows}");
    }
}

#[tokio::test]
async fn an_unknown_time_zone_is_an_error() {
    let error = Fake::new(vec![orders(0..1)])
        .error("SELECT TIMESTAMP '2022-11-15 01:00 Mars/Olympus'")
        .await;
    assert!(error.contains("time zone \"Mars/Olympus\""), "{error}");
}

#[tokio::test]
async fn operators_bind_as_in_athena() {
    let conditions = [
        "true IS DISTINCT FROM true AND false IS NOT DISTINCT FROM true OR true",
        "NOT (1 IS DISTINCT FROM 1 AND true)",
        "NOT (true IS DISTINCT FROM true AND false)",
        "(true IS DISTINCT FROM (true AND false)) AND NOT (true IS DISTINCT FROM true AND false)",
        "1 IS DISTINCT FROM 2 AND 3 BETWEEN 2 AND 4",
        "1 IS NOT DISTINCT FROM 1 OR 1 / 0 = 1",
        "1 IS DISTINCT FROM 1 + 1 AND true",
        "NOT 1 IS DISTINCT FROM 1",
        "NOT 1 IS DISTINCT FROM 2 OR true",
        "NOT (NOT 1 IS DISTINCT FROM 2 AND true)",
        "1 IS DISTINCT FROM 2 OR 1 IS DISTINCT FROM 2 AND false",
        "1 IS DISTINCT FROM 1 AND 1 IS DISTINCT FROM 2 OR 1 IS DISTINCT FROM 2 OR false",
        "true AND 1 IS DISTINCT FROM 1 OR 2 = 2 AND NOT 1 IS DISTINCT FROM 1",
        "NOT true OR true",
        "NOT 1 = 2 AND true",
        "1 + 2 * 3 = 7",
        "-2 + 3 = 1",
        "7 - 2 - 1 = 4",
        "true OR false AND false",
        "1 = 1 AND 2 <> 3 OR false",
        "NOT 1 IN (2, 3) AND true",
        "NOT 5 BETWEEN 1 AND 4",
        "'a' || 'b' = 'ab'",
        "1 < 2 = true",
        "NULL IS NULL AND true",
        "(NULL = 1) IS NULL",
    ];
    assert_eq!(not_true("(VALUES (1)) AS t(x)", &conditions).await, Vec::<String>::new());
}

#[tokio::test]
async fn lists_of_columns_are_compared_by_value() {
    let tables = "(VALUES (1, 1, 1, 2)) AS t(a, b, c, d)";
    let conditions = [
        "a IN (b) AND a IN (c)",
        "a IN (b, d) AND a IN (c, d)",
        "NOT (a NOT IN (b) OR a NOT IN (c))",
        "NOT (a IN (b) AND a NOT IN (c))",
        "NOT (a IN (b, 5) AND a NOT IN (c, 6))",
        "a NOT IN (d) AND a NOT IN (d, 7)",
        "(a IN (d, NULL)) IS NULL",
        "(a NOT IN (d, NULL)) IS NULL",
        "a IN (b, NULL)",
    ];
    assert_eq!(not_true(tables, &conditions).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_backslash_in_a_pattern_is_a_character() {
    let tables = r"(VALUES ('a\c', 'a\%', 'abc')) AS t(s, p, x)";
    let conditions = [
        r"s LIKE 'a\c'",
        r"s LIKE 'a\%'",
        r"s LIKE p",
        r"x NOT LIKE 'a\c'",
        r"x NOT LIKE 'a\bc'",
        r"p LIKE 'a\\%' ESCAPE '\'",
        r"'a%' LIKE 'a\%' ESCAPE '\'",
        r"'ab' NOT LIKE 'a\%' ESCAPE '\'",
    ];
    assert_eq!(not_true(tables, &conditions).await, Vec::<String>::new());
}

#[tokio::test]
async fn clauses_with_other_rows_in_datafusion_are_refused_by_name() {
    let values = "(VALUES (1), (NULL)) AS";
    for (sql, name) in [
        (format!("SELECT k FROM {values} a(k) RIGHT JOIN {values} b(k) USING (k)"), "RIGHT JOIN"),
        (format!("SELECT k FROM {values} a(k) FULL JOIN {values} b(k) USING (k)"), "FULL JOIN"),
        (format!("SELECT k FROM {values} a(k) NATURAL FULL JOIN {values} b(k)"), "NATURAL FULL"),
        (
            format!(
                "SELECT 1 FROM ({values} a(k) RIGHT JOIN {values} b(k) USING (k)) \
                 CROSS JOIN {values} c(x)"
            ),
            "RIGHT JOIN",
        ),
        (format!("SELECT k FROM {values} a(k) EXCEPT ALL SELECT 1"), "EXCEPT ALL"),
        (format!("SELECT k FROM {values} a(k) INTERSECT ALL SELECT 1"), "INTERSECT ALL"),
        (format!("(SELECT 1 UNION SELECT 2) EXCEPT ALL SELECT k FROM {values} a(k)"), "EXCEPT ALL"),
        (
            format!("SELECT * FROM (SELECT k FROM {values} a(k) EXCEPT ALL SELECT 1) AS t"),
            "EXCEPT ALL",
        ),
    ] {
        let error = Fake::new(vec![orders(0..1)]).error(&sql).await;
        assert!(error.contains(name) && error.contains("not supported"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn rounding_a_decimal_carries() {
    let tables = "(VALUES (CAST(9.9 AS decimal(2,1)), CAST(-99.99 AS decimal(4,2)))) AS t(a, b)";
    let conditions = [
        "ceil(a) = 10",
        "floor(a) = 9",
        "ceil(b) = -99",
        "floor(b) = -100",
        "CAST(ceil(a) AS varchar) = '10'",
        "ceil(CAST(7 AS decimal(1,0))) = 7",
        "ceil(CAST(0.99 AS decimal(2,2))) = 1",
        "floor(1.5e0) = 1e0",
    ];
    assert_eq!(not_true(tables, &conditions).await, Vec::<String>::new());
}
