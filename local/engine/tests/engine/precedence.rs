//! Precedence of the operators of Athena's SQL.

use crate::fake::{Fake, orders};

/// An expression without parentheses, as Athena reads it, and read in another way that has another
/// value. The other reading is empty where it has no type.
const EXPRESSIONS: [(&str, &str, &str); 27] = [
    ("true OR true AND false", "true OR (true AND false)", "(true OR true) AND false"),
    ("false AND true OR true", "(false AND true) OR true", "false AND (true OR true)"),
    ("NOT true OR true", "(NOT true) OR true", "NOT (true OR true)"),
    ("NOT false AND false", "(NOT false) AND false", "NOT (false AND false)"),
    ("NOT NULL IS NULL", "NOT (NULL IS NULL)", "(NOT NULL) IS NULL"),
    ("NOT NULL IS NOT NULL", "NOT (NULL IS NOT NULL)", "(NOT NULL) IS NOT NULL"),
    ("NOT 1 = 2 AND false", "(NOT (1 = 2)) AND false", "NOT (1 = 2 AND false)"),
    ("NOT 1 IN (2) AND false", "(NOT (1 IN (2))) AND false", "NOT (1 IN (2) AND false)"),
    ("NOT 'a' LIKE 'b' OR true", "(NOT ('a' LIKE 'b')) OR true", "NOT ('a' LIKE 'b' OR true)"),
    ("NOT 5 BETWEEN 1 AND 4 AND false", "(NOT (5 BETWEEN 1 AND 4)) AND false", "NOT (false)"),
    ("1 BETWEEN 0 AND 2 AND false", "(1 BETWEEN 0 AND 2) AND false", ""),
    ("5 BETWEEN 2 + 1 AND 2 * 3", "5 BETWEEN (2 + 1) AND (2 * 3)", ""),
    ("1 IS DISTINCT FROM 1 + 1", "1 IS DISTINCT FROM (1 + 1)", ""),
    (
        "true IS DISTINCT FROM true AND false",
        "(true IS DISTINCT FROM true) AND false",
        "true IS DISTINCT FROM (true AND false)",
    ),
    (
        "NOT true IS DISTINCT FROM NULL",
        "NOT (true IS DISTINCT FROM NULL)",
        "(NOT true) IS DISTINCT FROM NULL",
    ),
    ("'a' || 'b' = 'ab'", "('a' || 'b') = 'ab'", ""),
    ("'a' || 'b' LIKE 'a' || '%'", "('a' || 'b') LIKE ('a' || '%')", ""),
    ("'a' || 'b' IN ('ab')", "('a' || 'b') IN ('ab')", ""),
    ("1 + 2 * 3", "1 + (2 * 3)", "(1 + 2) * 3"),
    ("10 - 4 - 3", "(10 - 4) - 3", "10 - (4 - 3)"),
    ("100 / 10 / 5", "(100 / 10) / 5", "100 / (10 / 5)"),
    ("7 % 4 * 2", "(7 % 4) * 2", "7 % (4 * 2)"),
    ("12 / 2 * 3", "(12 / 2) * 3", "12 / (2 * 3)"),
    ("-2 + 3", "(-2) + 3", "-(2 + 3)"),
    ("5 - -2 + 1", "(5 - (-2)) + 1", "5 - (-(2 + 1)) + 1"),
    ("-ARRAY[1, 2][2]", "-(ARRAY[1, 2][2])", ""),
    ("ARRAY[1, 2][1] + 1", "(ARRAY[1, 2][1]) + 1", ""),
];

#[tokio::test]
async fn every_operator_binds_as_in_athena() {
    let mut wrong = Vec::new();
    for (plain, athena, other) in EXPRESSIONS {
        let differs = if other.is_empty() {
            "true".to_owned()
        } else {
            format!("({plain}) IS DISTINCT FROM ({other})")
        };
        let sql = format!("SELECT ({plain}) IS NOT DISTINCT FROM ({athena}) AS a, {differs} AS b");
        let rows = Fake::new(vec![orders(0..1)]).rows(&sql).await;
        if !rows.contains("| true | true |") {
            wrong.push(format!("{plain}: {rows}"));
        }
        // Outside of parentheses too: the last row would be a column of another name or value.
        let sql = format!("SELECT {plain} AS a WHERE ({athena}) IS NOT DISTINCT FROM ({plain})");
        let rows = Fake::new(vec![orders(0..1)]).rows(&sql).await;
        if rows.lines().count() != 5 {
            wrong.push(format!("{plain} alone: {rows}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
