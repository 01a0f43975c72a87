//! The 22 queries of TPC-H with random filters on their tables, with every pushdown mode.
//!
//! `ATHENA_TPCH_SEEDS` sets the seeds, each with all queries. By default, a few seeds share the
//! queries.
//!
//! ```text
//! ATHENA_TPCH_SEEDS=1..100 \
//!     cargo test --release -p athena-tests --test main tpch::seeds -- --nocapture
//! ```

use std::{env, fmt::Write, ops::RangeInclusive, time::Instant};

use super::{
    Wire,
    queries::{TextRows, queries, rounded_averages, run},
    reference, scale,
};

#[tokio::test(flavor = "multi_thread")]
async fn queries_with_random_filters_return_the_same_rows_with_every_pushdown_mode() {
    let (schema, factor) = scale();
    let tables = reference::tables(factor);
    let wire = Wire::open().await;
    let engines = wire.engines();
    let mut count = 0;
    let mut rows = 0;
    let mut empty = 0;
    let mut wrong = Vec::new();
    let chosen = seeds_from_env();
    for seed in chosen.clone().unwrap_or(DEFAULT_SEEDS) {
        let began = Instant::now();
        for (number, (name, sql)) in (0..).zip(&queries()) {
            if chosen.is_none() && number % DEFAULT_SEEDS.end() != seed % DEFAULT_SEEDS.end() {
                continue;
            }
            let sql = filtered(sql, &mut Rng::new(seed, name));
            let reference = tables.sql(&rounded_averages(&sql)).await.unwrap();
            let expected = TextRows::of(&reference.collect().await.unwrap()).sorted();
            count += 1;
            rows += expected.rows.len();
            empty += usize::from(expected.rows.is_empty());
            for (mode, engine) in &engines {
                let (found, _) = run(engine, &sql, false).await;
                if let Some(difference) = expected.difference(&found.sorted()) {
                    wrong.push(format!("seed {seed}, {name}, {mode}: {difference}\n{sql}"));
                }
            }
        }
        println!("{schema} seed {seed}: {:.1} s", began.elapsed().as_secs_f64());
    }
    println!(
        "{count} queries in {} pushdown modes, {rows} rows expected, {empty} queries without rows, \
         {} wrong",
        engines.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(empty * 2 < count, "too many queries without rows: {empty} of {count}");
}

/// Default seeds, which share the queries.
const DEFAULT_SEEDS: RangeInclusive<u64> = 1..=6;

/// Returns the seeds in `ATHENA_TPCH_SEEDS`.
fn seeds_from_env() -> Option<RangeInclusive<u64>> {
    let text = env::var("ATHENA_TPCH_SEEDS").ok()?;
    let ends = text
        .split_once("..")
        .and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    Some(ends.unwrap_or_else(|| panic!("ATHENA_TPCH_SEEDS is {text:?}, expected one like 1..100")))
}

/// Pseudo-random number generator (splitmix64), reproducible by seed.
struct Rng(u64);

impl Rng {
    fn new(seed: u64, query: &str) -> Self {
        let mix = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        Self(
            query
                .bytes()
                .fold(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xCBF2_9CE4_8422_2325, mix),
        )
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[usize::try_from(self.below(items.len() as u64)).expect("an index of a slice")]
    }
}

/// Column with the constants of its filters.
#[derive(Clone, Copy)]
enum Column {
    /// Integers from 0 to a maximum.
    Number(&'static str, u64),
    /// Decimals of scale 2 up to a maximum.
    Money(&'static str, u64),
    Date(&'static str),
    Text(&'static str, &'static [&'static str]),
}

use Column::{Date, Money, Number, Text};

const SEGMENTS: &[&str] = &["AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY"];
const MODES: &[&str] = &["AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"];
const NATIONS: &[&str] = &["BRAZIL", "CANADA", "FRANCE", "GERMANY", "INDIA", "SAUDI ARABIA", "zoo"];
const WORDS: &[&str] = &["", "a", "carefully", "quick%", "s", "\u{e9}"];
const TYPES: &[&str] = &["ECONOMY ANODIZED STEEL", "PROMO BRUSHED COPPER", "STANDARD", "M"];

const TABLES: &[(&str, &[Column])] = &[
    (
        "customer",
        &[
            Number("c_custkey", 1_500),
            Number("c_nationkey", 24),
            Money("c_acctbal", 9_999),
            Text("c_mktsegment", SEGMENTS),
        ],
    ),
    (
        "lineitem",
        &[
            Number("l_orderkey", 60_000),
            Number("l_linenumber", 7),
            Money("l_quantity", 50),
            Money("l_extendedprice", 90_000),
            Money("l_discount", 0),
            Date("l_shipdate"),
            Date("l_receiptdate"),
            Text("l_shipmode", MODES),
            Text("l_comment", WORDS),
        ],
    ),
    (
        "orders",
        &[
            Number("o_orderkey", 60_000),
            Number("o_custkey", 1_500),
            Money("o_totalprice", 400_000),
            Date("o_orderdate"),
            Text("o_comment", WORDS),
        ],
    ),
    (
        "part",
        &[
            Number("p_partkey", 2_000),
            Number("p_size", 50),
            Money("p_retailprice", 1_900),
            Text("p_type", TYPES),
        ],
    ),
    (
        "partsupp",
        &[Number("ps_availqty", 9_999), Money("ps_supplycost", 1_000), Text("ps_comment", WORDS)],
    ),
    ("supplier", &[Number("s_suppkey", 100), Money("s_acctbal", 9_999), Text("s_comment", WORDS)]),
    ("nation", &[Number("n_nationkey", 24), Text("n_name", NATIONS)]),
];

/// Filters some tables of a query.
fn filtered(sql: &str, rng: &mut Rng) -> String {
    let mut ctes = String::new();
    for (table, columns) in TABLES {
        if rng.below(2) == 0 {
            let condition = condition(columns, rng, 2);
            writeln!(ctes, "{table} as (select * from {table} where {condition}),")
                .expect("a string grows");
        }
    }
    if ctes.is_empty() {
        return sql.to_owned();
    }
    match sql.trim_start().strip_prefix("with ") {
        Some(rest) => format!("with {ctes}{rest}"),
        None => format!("with {}\n{sql}", ctes.trim_end_matches(",\n")),
    }
}

/// Generates a condition that keeps rows in most cases.
fn condition(columns: &[Column], rng: &mut Rng, depth: u32) -> String {
    if depth > 0 && rng.below(3) == 0 {
        let left = condition(columns, rng, depth - 1);
        let right = condition(columns, rng, depth - 1);
        return match rng.below(4) {
            0 => format!("({left} and {right})"),
            1 => format!("not ({left} and {right})"),
            _ => format!("({left} or {right})"),
        };
    }
    match *rng.choose(columns) {
        Number(name, most) => number(name, most, rng),
        Money(name, most) => {
            let operator = rng.choose::<&str>(&["<", "<=", ">", ">=", "<>"]);
            format!("{name} {operator} {}.{:02}", rng.below(most + 1), rng.below(100))
        }
        Date(name) => {
            let day = |rng: &mut Rng| {
                format!(
                    "date '{}-{:02}-{:02}'",
                    1992 + rng.below(7),
                    1 + rng.below(12),
                    1 + rng.below(28)
                )
            };
            let first = day(rng);
            let second = day(rng);
            match rng.below(4) {
                0 => format!("{name} <> {first}"),
                1 => format!("{name} not between {first} and {second}"),
                2 => format!("{name} > {first}"),
                _ => format!("{name} <= {first}"),
            }
        }
        Text(name, values) => {
            let value = *rng.choose(values);
            match rng.below(6) {
                0 => format!("{name} <> '{value}'"),
                1 => format!("{name} like '%{value}%'"),
                2 => format!("{name} not like '{value}_%'"),
                3 => format!("{name} >= '{value}'"),
                4 => format!("{name} not in ('{value}', '{}')", rng.choose(values)),
                _ => format!("{name} is not null"),
            }
        }
    }
}

fn number(name: &str, most: u64, rng: &mut Rng) -> String {
    let first = rng.below(most + 1);
    let second = rng.below(most + 1);
    match rng.below(7) {
        0 => format!("{name} <> {first}"),
        1 => format!("{name} between {} and {}", first.min(second) / 2, first.max(second)),
        2 => format!("{name} % {} <> {}", 2 + rng.below(5), rng.below(2)),
        3 => format!("{name} + {} > {}", rng.below(10), first / 2),
        4 => format!("{name} not in ({first}, {second}, {})", rng.below(most + 1)),
        5 => format!("nullif({name}, {first}) is not null"),
        _ => format!("{name} >= {}", first / 2),
    }
}
