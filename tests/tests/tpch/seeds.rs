//! The 22 queries with random filters on their tables: pushdown off, sets and full give the rows of
//! the generator's own tables.
//!
//! `ATHENA_TPCH_SEEDS` says which seeds; without it there are a few, each with its share of the
//! queries: `ATHENA_TPCH_SEEDS=1..100 cargo test --release -p athena-local --test main tpch::seeds
//! -- --nocapture`.

use std::{env, fmt::Write, ops::RangeInclusive, time::Instant};

use athena_client::ClientOptions;
use athena_engine::PushdownMode;

use super::{
    Wire,
    queries::{Table, queries, run},
    reference, scale,
};

#[tokio::test(flavor = "multi_thread")]
async fn queries_with_random_filters_give_the_same_rows_whatever_is_pushed_down() {
    let (schema, factor) = scale();
    let tables = reference::tables(factor);
    let wire = Wire::open().await;
    let ways = [
        ("off", wire.engine(PushdownMode::Off, ClientOptions::default())),
        ("sets", wire.engine(PushdownMode::Sets, ClientOptions::default())),
        ("full", wire.engine(PushdownMode::Full, ClientOptions::default())),
    ];
    let (mut asked, mut rows, mut empty, mut wrong) = (0, 0, 0, Vec::new());
    let chosen = chosen();
    for seed in chosen.clone().unwrap_or(FEW) {
        let began = Instant::now();
        for (number, (name, sql)) in (0..).zip(&queries()) {
            if chosen.is_none() && number % FEW.end() != seed % FEW.end() {
                continue;
            }
            let sql = filtered(sql, &mut Dice::new(seed, name));
            let expected =
                Table::of(&tables.sql(&sql).await.unwrap().collect().await.unwrap()).sorted();
            (asked, rows, empty) = (
                asked + 1,
                rows + expected.rows.len(),
                empty + usize::from(expected.rows.is_empty()),
            );
            for (way, engine) in &ways {
                let (found, _) = run(engine, &sql, false).await;
                if let Some(difference) = expected.difference(&found.sorted()) {
                    wrong.push(format!("seed {seed}, {name}, {way}: {difference}\n{sql}"));
                }
            }
        }
        println!("{schema} seed {seed}: {:.1} s", began.elapsed().as_secs_f64());
    }
    println!(
        "{asked} queries asked in {} ways, {rows} rows expected, {empty} of the queries without rows, {} wrong",
        ways.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(empty * 2 < asked, "{empty} of {asked} queries without rows prove little");
}

/// The seeds that share the queries among them where none are chosen.
const FEW: RangeInclusive<u64> = 1..=6;

/// The seeds that were chosen, if any were.
fn chosen() -> Option<RangeInclusive<u64>> {
    let text = env::var("ATHENA_TPCH_SEEDS").ok()?;
    let ends = text
        .split_once("..")
        .and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    Some(ends.unwrap_or_else(|| panic!("ATHENA_TPCH_SEEDS is {text:?}, expected one like 1..100")))
}

/// A small generator with a seed, the same on every run.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, query: &str) -> Self {
        let mix = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        Self(
            query
                .bytes()
                .fold(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xCBF2_9CE4_8422_2325, mix),
        )
    }

    fn below(&mut self, bound: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).expect("a place in a slice")]
    }
}

/// A column and how constants of its type are written.
#[derive(Clone, Copy)]
enum Column {
    /// Whole numbers from 0 to this.
    Number(&'static str, u64),
    /// Decimals with two digits after the point, up to this.
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

/// The query over tables that lack some of their rows.
fn filtered(sql: &str, dice: &mut Dice) -> String {
    let mut ctes = String::new();
    for (table, columns) in TABLES {
        if dice.below(2) == 0 {
            let condition = condition(columns, dice, 2);
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

/// A condition that leaves rows more often than not.
fn condition(columns: &[Column], dice: &mut Dice, depth: u32) -> String {
    if depth > 0 && dice.below(3) == 0 {
        let (left, right) =
            (condition(columns, dice, depth - 1), condition(columns, dice, depth - 1));
        return match dice.below(4) {
            0 => format!("({left} and {right})"),
            1 => format!("not ({left} and {right})"),
            _ => format!("({left} or {right})"),
        };
    }
    match *dice.pick(columns) {
        Number(name, most) => number(name, most, dice),
        Money(name, most) => {
            let operator = dice.pick::<&str>(&["<", "<=", ">", ">=", "<>"]);
            format!("{name} {operator} {}.{:02}", dice.below(most + 1), dice.below(100))
        }
        Date(name) => {
            let day = |dice: &mut Dice| {
                format!(
                    "date '{}-{:02}-{:02}'",
                    1992 + dice.below(7),
                    1 + dice.below(12),
                    1 + dice.below(28)
                )
            };
            let (first, second) = (day(dice), day(dice));
            match dice.below(4) {
                0 => format!("{name} <> {first}"),
                1 => format!("{name} not between {first} and {second}"),
                2 => format!("{name} > {first}"),
                _ => format!("{name} <= {first}"),
            }
        }
        Text(name, values) => {
            let value = *dice.pick(values);
            match dice.below(6) {
                0 => format!("{name} <> '{value}'"),
                1 => format!("{name} like '%{value}%'"),
                2 => format!("{name} not like '{value}_%'"),
                3 => format!("{name} >= '{value}'"),
                4 => format!("{name} not in ('{value}', '{}')", dice.pick(values)),
                _ => format!("{name} is not null"),
            }
        }
    }
}

fn number(name: &str, most: u64, dice: &mut Dice) -> String {
    let (first, second) = (dice.below(most + 1), dice.below(most + 1));
    match dice.below(7) {
        0 => format!("{name} <> {first}"),
        1 => format!("{name} between {} and {}", first.min(second) / 2, first.max(second)),
        2 => format!("{name} % {} <> {}", 2 + dice.below(5), dice.below(2)),
        3 => format!("{name} + {} > {}", dice.below(10), first / 2),
        4 => format!("{name} not in ({first}, {second}, {})", dice.below(most + 1)),
        5 => format!("nullif({name}, {first}) is not null"),
        _ => format!("{name} >= {}", first / 2),
    }
}
