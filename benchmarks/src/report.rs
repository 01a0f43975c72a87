//! What was measured: as text while it comes, as JSON and as a page of the book at the end.

use serde_json::{Value, json};

use crate::{contestant::Contestants, sample::Sample};

/// How everything is measured, as the beginning of the page.
const METHOD: &str = include_str!("../method.md");

/// The side of figures that no connector takes part in.
pub(crate) const ONE_CORE: &str = "one core";

/// What a figure counts, and so which way it is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Megabytes,
    /// Megabytes in a second of CPU time, or of wall time where the figure says so.
    MegabytesASecond,
    RowsASecond,
    /// Of CPU time.
    NanosecondsARow,
    Percent,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::MegabytesASecond => "MB/s",
            Self::RowsASecond => "rows/s",
            Self::NanosecondsARow => "ns/row",
            Self::Percent => "%",
        }
    }

    fn more_is_better(self) -> bool {
        matches!(self, Self::MegabytesASecond | Self::RowsASecond | Self::Percent)
    }
}

/// One figure of one side.
#[derive(Debug)]
struct Figure {
    benchmark: String,
    name: &'static str,
    side: &'static str,
    unit: Unit,
    sample: Sample,
}

/// All figures so far.
#[derive(Debug)]
pub(crate) struct Report {
    machine: Vec<String>,
    figures: Vec<Figure>,
    /// Answers that were wrong.
    notes: Vec<String>,
}

impl Report {
    pub(crate) fn new(contestants: &Contestants, rounds: usize) -> Self {
        Self {
            machine: machine()
                .into_iter()
                .chain(contestants.versions.iter().cloned())
                .chain([format!("rounds: {rounds}")])
                .collect(),
            figures: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// What was measured on, and the heads of the columns.
    pub(crate) fn head(&self) -> String {
        let machine = self.machine.join("\n");
        format!(
            "{machine}\n\n{:<36} {:<24} {:<24} {:>14} {:>31} {:>10}\n",
            "benchmark", "figure", "side", "median", "least .. most", "rust is"
        )
    }

    /// Notes and prints one figure. Where another side has the same one, so many times better is
    /// the first, Rust.
    pub(crate) fn add(
        &mut self,
        benchmark: &str,
        figure: &'static str,
        side: &'static str,
        unit: Unit,
        sample: Sample,
    ) {
        let figure = Figure { benchmark: benchmark.to_owned(), name: figure, side, unit, sample };
        let (name, sample, ratio) =
            (figure.name, &figure.sample, self.ratio(&figure).unwrap_or_default());
        println!(
            "{benchmark:<36} {name:<24} {side:<24} {:>14} {:>31} {ratio:>10}",
            format!("{} {}", short(sample.median()), unit.name()),
            format!("{} .. {}", short(sample.least()), short(sample.most())),
        );
        self.figures.push(figure);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.figures.is_empty()
    }

    /// Notes and prints an answer that was wrong.
    pub(crate) fn note(&mut self, text: String) {
        println!("{text}");
        self.notes.push(text);
    }

    /// Everything as a page of the book: how it was measured, on what, and a table.
    pub(crate) fn markdown(&self) -> String {
        let machine: Vec<String> = self.machine.iter().map(|line| format!("- {line}\n")).collect();
        let notes: Vec<String> = self.notes.iter().map(|text| format!("- {text}\n")).collect();
        let rows: Vec<String> = self.figures.iter().map(|figure| self.row(figure)).collect();
        format!(
            "{METHOD}\n## Measured on\n\n{}\n## Figures\n\n\
             | Benchmark | Figure | Side | Median | Least to most | Rust is |\n|---|---|---|---:|---:|---:|\n{}\n## Wrong answers\n\n{}",
            machine.concat(),
            rows.concat(),
            if notes.is_empty() { "None.\n".to_owned() } else { notes.concat() }
        )
    }

    fn row(&self, figure: &Figure) -> String {
        let Figure { benchmark, name, side, unit, sample } = figure;
        let (median, least, most) =
            (short(sample.median()), short(sample.least()), short(sample.most()));
        let (unit, ratio) = (unit.name(), self.ratio(figure).unwrap_or_default());
        format!(
            "| {benchmark} | {name} | {side} | {median} {unit} | {least} to {most} | {ratio} |\n"
        )
    }

    /// How many times better Rust is, where `figure` is of another side.
    fn ratio(&self, figure: &Figure) -> Option<String> {
        let is_same =
            |other: &&Figure| other.benchmark == figure.benchmark && other.name == figure.name;
        let first = self.figures.iter().find(is_same).filter(|first| first.side != figure.side)?;
        let (rust, other) = (first.sample.median(), figure.sample.median());
        let ratio = if figure.unit.more_is_better() { rust / other } else { other / rust };
        Some(format!("{ratio:.2} x"))
    }

    /// Everything, with every single value.
    pub(crate) fn json(&self) -> String {
        let figures: Vec<Value> = self
            .figures
            .iter()
            .map(|figure| {
                json!({
                    "benchmark": figure.benchmark,
                    "figure": figure.name,
                    "side": figure.side,
                    "unit": figure.unit.name(),
                    "median": figure.sample.median(),
                    "values": figure.sample.values(),
                })
            })
            .collect();
        let mut text = format!(
            "{:#}",
            json!({ "machine": self.machine, "figures": figures, "wrong answers": self.notes })
        );
        text.push('\n');
        text
    }
}

/// Three digits, or whole thousands.
fn short(value: f64) -> String {
    if value >= 1_000.0 {
        let whole = format!("{value:.0}");
        let heads = whole.len() % 3;
        let groups = whole.bytes().enumerate().flat_map(|(at, digit)| {
            let comma = (at > 0 && at % 3 == heads).then_some(',');
            comma.into_iter().chain([char::from(digit)])
        });
        return groups.collect();
    }
    let decimals = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}

fn machine() -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let flags = info.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let has = |flag: &str| flags.split_whitespace().any(|other| other == flag);
    let known: Vec<&str> =
        ["aes", "vaes", "avx2", "avx512f", "sha_ni"].into_iter().filter(|flag| has(flag)).collect();
    vec![format!(
        "machine: {cores} cores, {}, {}",
        model.trim_start_matches(['\t', ' ', ':']),
        known.join(" ")
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        let shown =
            [0.123_4, 1.234, 12.34, 123.4, 999.4, 1_234.0, 12_345.6, 1_234_567.0].map(short);
        assert_eq!(shown, ["0.12", "1.23", "12.3", "123", "999", "1,234", "12,346", "1,234,567"]);
    }
}
