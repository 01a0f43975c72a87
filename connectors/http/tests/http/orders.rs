//! API of the tests: 3,000 orders of three months, with the habits of real APIs.
//!
//! Pages of 500 rows by a cursor; every seventh request is refused with 429 or 503, or its answer
//! is cut; `status` is compared without case and takes several values; `min_amount` includes its bound;
//! amounts are texts; a total that is wrong; members that are absent.

use std::fmt::Write as _;

use crate::server::{Reply, Request};

const PAGE: usize = 500;

/// Declaration of the API, at `address`.
pub(crate) fn declaration(address: &str) -> String {
    format!(
        r#"{{
  "base_url": "{address}/v2/",
  "headers": {{"Authorization": "Bearer ${{PATH}}"}},
  "schemas": {{"shop": {{"orders": {{
    "comment": "orders of a shop",
    "path": "orders",
    "rows": "/data/items",
    "paging": {{"kind": "cursor", "parameter": "after", "next": "/data/next"}},
    "columns": [
      {{"name": "id", "type": "bigint"}},
      {{"name": "status", "type": "varchar"}},
      {{"name": "amount", "type": "decimal(18, 4)", "comment": "in euro"}},
      {{"name": "created", "type": "timestamp"}},
      {{"name": "customer", "type": "varchar", "from": "/customer/name"}},
      {{"name": "tags", "type": "array(varchar)"}}
    ],
    "partition": {{"column": "month", "parameter": "month", "values": ["2024-07", "2024-08", "2024-09"]}},
    "filters": [
      {{"column": "status", "operator": "in", "parameter": "status", "list": "repeat"}},
      {{"column": "amount", "operator": ">=", "parameter": "min_amount", "exact": true}},
      {{"column": "id", "operator": "=", "parameter": "id", "exact": true}}
    ]
  }}}}}}
}}"#
    )
}

/// Order number `n`, as the API returns it.
fn order(n: usize) -> String {
    let mut row = format!(r#"{{"id": {n}, "amount": "{}.{:04}""#, n * 37 % 997, n * 13 % 10_000);
    if !n.is_multiple_of(7) {
        let _ = write!(row, r#", "status": "{}""#, status(n));
    }
    if !n.is_multiple_of(11) {
        let _ = write!(row, r#", "customer": {{"name": "customer {}"}}"#, n % 50);
    }
    let _ = write!(
        row,
        r#", "created": "{}-{:02}T0{}:30:00+02:00", "tags": ["t{}", null], "unknown": {{"a": []}}}}"#,
        month(n),
        1 + n % 28,
        n % 10,
        n % 3
    );
    row
}

fn status(n: usize) -> &'static str {
    ["open", "Open", "paid", "sent"][n % 4]
}

fn month(n: usize) -> &'static str {
    ["2024-07", "2024-08", "2024-09"][n % 3]
}

/// Returns whether an order has a parameter of the request.
fn passes(n: usize, name: &str, value: &str, request: &Request) -> bool {
    match name {
        "month" => month(n) == value,
        "id" => n.to_string() == value,
        "status" => {
            let mut wanted = request.query.iter().filter(|(name, _)| name == "status");
            !n.is_multiple_of(7) && wanted.any(|(_, value)| value.eq_ignore_ascii_case(status(n)))
        }
        "min_amount" => {
            let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
            let least: i64 = format!("{whole}{fraction:0<4}").parse().unwrap();
            i64::try_from((n * 37 % 997) * 10_000 + n * 13 % 10_000).unwrap() >= least
        }
        "after" => true,
        other => panic!("the API has no parameter {other}"),
    }
}

/// Answers a request; `number` is the number of those before it.
pub(crate) fn answer(request: &Request, number: usize) -> Reply {
    assert_eq!(request.path, "/v2/orders");
    assert!(request.headers.contains("authorization: Bearer /"), "{}", request.headers);
    let start: usize = request.parameter("after").map_or(0, |after| after.parse().unwrap());
    let matching: Vec<usize> = (0..3_000)
        .filter(|n| request.query.iter().all(|(name, value)| passes(*n, name, value, request)))
        .collect();
    let page = matching.iter().skip(start).take(PAGE);
    let items: Vec<String> = page.map(|n| order(*n)).collect();
    let next = start + items.len();
    let next = if next < matching.len() { format!("\"{next}\"") } else { "null".to_owned() };
    let body =
        format!(r#"{{"total": 17, "data": {{"next": {next}, "items": [{}]}}}}"#, items.join(", "));
    match number % 21 {
        6 => Reply { headers: vec![("retry-after", "0".to_owned())], ..Reply::status(429) },
        13 => Reply { headers: vec![("retry-after", "0".to_owned())], ..Reply::status(503) },
        20 => Reply { cut: true, ..Reply::ok(body) },
        _ => Reply::ok(body),
    }
}
