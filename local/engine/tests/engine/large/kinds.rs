//! Kinds of long and deep SQL.

/// A statement and its outcome.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) sql: String,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// Number of rows.
    Rows(usize),
    /// A part of the error.
    Refused(String),
}

impl Outcome {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Rows(_) => "rows",
            Self::Refused(_) => "refused",
        }
    }
}

/// Returns `count` texts, joined.
pub(super) fn joined(count: usize, separator: &str, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().join(separator)
}

/// Nests `inner` in `depth` pairs of `open` and `close`.
fn nested(depth: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

/// Nests `inner` until the SQL has `size` bytes.
fn filled(size: usize, open: &str, inner: &str, close: &str) -> String {
    nested(size / (open.len() + close.len()), open, inner, close)
}

const ORDERS: &str = "SELECT id FROM lake.shop.orders";

/// Returns SQL as deep as Trino takes it.
pub(super) fn answered(unions: usize) -> Vec<Kind> {
    let rows = |name, rows, sql| Kind { name, sql, outcome: Outcome::Rows(rows) };
    let derived = |select: &str, close: &str| nested(100, &format!("{select} ("), ORDERS, close);
    let condition =
        |open: &str, depth| format!("{ORDERS} WHERE {}", nested(depth, open, "true", ")"));
    vec![
        rows("parentheses", 1, format!("SELECT {}", nested(200, "(", "1", ")"))),
        rows("NOT", 1, format!("SELECT {}", nested(200, "NOT ", "true", ""))),
        rows("NOT in parentheses", 1, format!("SELECT {}", nested(100, "NOT (", "true", ")"))),
        rows("unary minus", 1, format!("SELECT {}", nested(200, "- ", "1", ""))),
        rows("CASE", 1, format!("SELECT {}", nested(100, "CASE WHEN true THEN ", "1", " END"))),
        rows("CAST", 1, format!("SELECT {}", nested(100, "CAST(", "1", " AS bigint)"))),
        rows("functions", 1, format!("SELECT {}", nested(60, "abs(", "1", ")"))),
        rows("scalar subqueries", 1, format!("SELECT {}", nested(100, "(SELECT ", "1", ")"))),
        rows(
            "scalar subqueries of tables",
            4,
            condition("id >= (SELECT min(id) FROM lake.shop.orders WHERE ", 100),
        ),
        rows("IN", 4, condition("id IN (SELECT id FROM lake.shop.orders WHERE ", 100)),
        rows("EXISTS", 4, condition("EXISTS (SELECT id FROM lake.shop.orders WHERE ", 100)),
        rows("derived tables", 4, derived("SELECT * FROM", ") AS t")),
        rows("DISTINCT", 4, derived("SELECT DISTINCT id + 1 AS id FROM", ") AS t")),
        rows("UNION", 5, derived("SELECT id FROM", " UNION SELECT -1) AS t")),
        rows("window functions", 4, derived("SELECT sum(id) OVER () AS id FROM", ") AS t")),
        rows(
            "joins in derived tables",
            2,
            derived("SELECT t.id FROM", ") AS t JOIN (VALUES (1), (2)) AS v(x) ON t.id = v.x"),
        ),
        rows(
            "WITH",
            1,
            format!(
                "WITH c0 AS (SELECT 1 AS a){} SELECT * FROM c99",
                joined(99, "", |n| format!(", c{} AS (SELECT * FROM c{n})", n + 1)),
            ),
        ),
        rows("WITH in WITH", 1, nested(10, "WITH t AS (", "SELECT 1 AS a", ") SELECT * FROM t")),
        rows("UNION ALL", unions, joined(unions, " UNION ALL ", |_| "SELECT 1".to_owned())),
        rows("UNION in parentheses", 101, nested(100, "(", "SELECT 1", ") UNION ALL SELECT 1")),
        rows(
            "joins",
            1,
            format!(
                "SELECT 1 FROM (VALUES (1)) AS v(x) {}",
                joined(50, " ", |n| { format!("JOIN (VALUES (1)) AS v{n}(x) ON v.x = v{n}.x") })
            ),
        ),
    ]
}

/// Returns SQL of about `size` bytes as analysts and their tools write it.
pub(super) fn asked(size: usize) -> Vec<Kind> {
    let kind = |name, outcome, sql| Kind { name, sql, outcome };
    let terms = |operator: &str, comparison: &str| {
        let text = |n: usize| format!("id {comparison} {}", n % 7_000);
        joined(size / 13, &format!(" {operator} "), text)
    };
    let refused = || Outcome::Refused("operators".to_owned());
    let list = joined((size / 10).min(100_000), ", ", |n| n.to_string());
    vec![
        kind("OR of one column", Outcome::Rows(4), format!("{ORDERS} WHERE {}", terms("OR", "="))),
        kind("AND", refused(), format!("{ORDERS} WHERE {}", terms("AND", "<>"))),
        kind("OR", refused(), format!("{ORDERS} WHERE {}", terms("OR", "<>"))),
        kind("+", refused(), format!("SELECT {}", joined(size / 4, " + ", |_| "1".to_owned()))),
        kind("IN", Outcome::Rows(4), format!("{ORDERS} WHERE id IN ({list})")),
        kind("NOT IN", Outcome::Rows(0), format!("{ORDERS} WHERE id NOT IN ({list})")),
    ]
}

/// Returns long SQL without depth.
pub(super) fn long(size: usize) -> Vec<Kind> {
    let one = |name, sql| Kind { name, sql, outcome: Outcome::Rows(1) };
    vec![
        one("string", format!("SELECT length('{}')", "x".repeat(size))),
        one("identifier", format!("SELECT 1 AS {}", "x".repeat(size))),
        one("comment", format!("SELECT /* {} */ 1", "x ".repeat(size / 2))),
        one("comments", format!("SELECT {} 1", "/* */".repeat(size / 5))),
        one("nested comments", format!("SELECT {} 1", filled(size, "/*", "", "*/"))),
        one("lines", format!("SELECT {}\n 1", "-- x\n".repeat(size / 5))),
        one(
            "VALUES",
            format!(
                "SELECT count(*) FROM (VALUES {}) AS v(x)",
                joined(size / 10, ", ", |n| format!("({n})")),
            ),
        ),
    ]
}

/// Returns SQL of `size` bytes that is too long or too deep.
pub(super) fn refused(size: usize) -> Vec<Kind> {
    let kind =
        |name, part: &str, sql| Kind { name, sql, outcome: Outcome::Refused(part.to_owned()) };
    let deep = |name, open, inner, close| {
        kind(name, "nested more than", format!("SELECT {}", filled(size, open, inner, close)))
    };
    let chain = |name, inner, close| {
        kind(name, "operators", format!("SELECT {}", filled(size, "", inner, close)))
    };
    vec![
        deep("parentheses", "(", "1", ")"),
        deep("open parentheses", "(", "1", ""),
        deep("functions", "abs(", "1", ")"),
        deep("NOT", "NOT ", "true", ""),
        deep("NOT in parentheses", "NOT (", "true", ")"),
        deep("CASE", "CASE WHEN true THEN ", "1", " END"),
        deep("CASE in WHEN", "CASE WHEN ", "true", " THEN true END"),
        deep("CAST", "CAST(", "1", " AS bigint)"),
        deep("unary minus", "- ", "1", ""),
        deep("arrays", "ARRAY[", "1", "]"),
        deep("scalar subqueries", "(SELECT ", "1", ")"),
        deep("window functions", "sum(1) OVER (ORDER BY ", "1", ")"),
        deep("an error in functions", "ceil(", "1 1", ")"),
        kind("derived tables", "nested more than", filled(size, "SELECT * FROM (", ORDERS, ") t")),
        kind("queries in parentheses", "nested more than", filled(size, "(", "SELECT 1", ")")),
        kind("WITH", "nested more than", filled(size, "WITH t AS (", ORDERS, ") SELECT 1")),
        kind("130 derived tables", "120 levels", nested(130, "SELECT * FROM (", ORDERS, ") t")),
        kind("11 WITH in WITH", "10 levels", nested(12, "WITH t AS (", ORDERS, ") SELECT 1")),
        kind(
            "joins of subqueries",
            "joins and subqueries",
            format!(
                "SELECT * FROM {}",
                nested(40, "((SELECT * FROM ", "(VALUES (1)) AS v", ") AS a CROSS JOIN b)",)
            ),
        ),
        kind("open joins", "joins and subqueries", "SELECT * FROM ((".repeat(40)),
        kind(
            "IS DISTINCT FROM",
            "operators",
            format!("SELECT {}", filled(size, "1 IS DISTINCT FROM ", "1", "")),
        ),
        chain("::", "1", "::bigint"),
        chain("IS NULL", "1", " IS NULL"),
        chain("IN", "1", " IN (1)"),
        chain("BETWEEN", "1", " BETWEEN 1 AND 2"),
        chain("AT TIME ZONE", "now()", " AT TIME ZONE 'UTC'"),
        chain("||", "'a'", " || 'a'"),
        kind(
            "CAST with ::",
            "mismatched input '::'",
            format!("SELECT {}", nested(400, "", "1", "::bigint")),
        ),
        kind("a name", "100 parts", format!("SELECT {}a", "a.".repeat(size / 2))),
        kind("types", "100 parts", format!("SELECT CAST(1 AS {}", "array<".repeat(size / 6))),
        kind("EXPLAIN", "EXPLAIN of EXPLAIN", format!("{}{ORDERS}", "EXPLAIN ".repeat(size / 8))),
        kind(
            "INTERVAL",
            "INTERVAL of INTERVAL",
            format!("SELECT {}", "INTERVAL ".repeat(size / 9)),
        ),
        kind("digits", "digits", format!("SELECT {}", "1".repeat(size))),
        kind("statements", "several statements", "SELECT 1;".repeat(size / 9)),
        kind("UNION ALL", "2500 SELECTs", joined(size / 19, " UNION ALL ", |_| "SELECT 1".into())),
        kind(
            "WITH used twice",
            "as often as its name",
            format!(
                "WITH c0 AS (SELECT 1 AS a){} SELECT a FROM c40",
                joined(40, "", |n| format!(", c{} AS (SELECT x.a FROM c{n} x, c{n} y)", n + 1)),
            ),
        ),
        kind(
            "joins",
            "joined tables",
            format!("SELECT 1 FROM {}", joined(size / 2, ",", |_| "a".into())),
        ),
        kind(
            "ORDER BY",
            "in ORDER BY",
            format!("{ORDERS} ORDER BY {}", joined(size / 3, ", ", |_| "1".into())),
        ),
        kind(
            "GROUP BY",
            "in GROUP BY",
            format!("{ORDERS} GROUP BY {}", joined(size / 3, ", ", |_| "1".into())),
        ),
        kind("columns", "columns", format!("SELECT {}", joined(size / 3, ", ", |_| "1".into()))),
        kind(
            "branches",
            "WHEN in CASE",
            format!("SELECT CASE {} END", "WHEN 1 THEN 1 ".repeat(12_000)),
        ),
    ]
}
