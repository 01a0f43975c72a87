//! Results: printed as they are measured, and written as JSON and as a documentation page at the
//! end.

use serde_json::{Value, json};

use crate::{contestant::Contestants, sample::Sample};

/// Description of the method, which opens the page.
const METHOD: &str = include_str!("../method.md");

/// Side of figures that involve no connector.
pub(crate) const ONE_CORE: &str = "one core";

/// Unit of a figure, which determines whether more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Microseconds,
    Milliseconds,
    Megabytes,
    /// Megabytes per second, of CPU time unless the figure's name says otherwise.
    MegabytesPerSecond,
    RowsPerSecond,
    /// Of CPU time.
    NanosecondsPerRow,
    Percent,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::MegabytesPerSecond => "MB/s",
            Self::RowsPerSecond => "rows/s",
            Self::NanosecondsPerRow => "ns/row",
            Self::Percent => "%",
        }
    }

    fn more_is_better(self) -> bool {
        matches!(self, Self::MegabytesPerSecond | Self::RowsPerSecond | Self::Percent)
    }
}

/// Figure of one side.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) benchmark: String,
    pub(crate) name: &'static str,
    /// Connector, or [`ONE_CORE`].
    pub(crate) side: &'static str,
    pub(crate) unit: Unit,
    pub(crate) sample: Sample,
}

/// All figures measured so far.
#[derive(Debug)]
pub(crate) struct Report {
    machine: Vec<String>,
    figures: Vec<Figure>,
    /// Incorrect results.
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

    /// Formats the environment and the column headings.
    pub(crate) fn head(&self) -> String {
        let machine = self.machine.join("\n");
        format!(
            "{machine}\n\n{:<36} {:<24} {:<24} {:>14} {:>31} {:>14}\n",
            "benchmark", "figure", "side", "median", "min .. max", "rust advantage"
        )
    }

    /// Adds and prints one figure. If another side has the same figure, the ratio to it is printed
    /// as well.
    pub(crate) fn add(&mut self, figure: Figure) {
        let Figure { benchmark, name, side, unit, sample } = &figure;
        let ratio = self.ratio(&figure).unwrap_or_default();
        println!(
            "{benchmark:<36} {name:<24} {side:<24} {:>14} {:>31} {ratio:>14}",
            format!("{} {}", short(sample.median()), unit.name()),
            format!("{} .. {}", short(sample.min()), short(sample.max())),
        );
        self.figures.push(figure);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.figures.is_empty()
    }

    /// Adds and prints an incorrect result.
    pub(crate) fn note(&mut self, text: String) {
        println!("{text}");
        self.notes.push(text);
    }

    /// Formats the documentation page: method, environment and figures.
    pub(crate) fn markdown(&self) -> String {
        let machine: Vec<String> = self.machine.iter().map(|line| format!("- {line}\n")).collect();
        let notes: Vec<String> = self.notes.iter().map(|text| format!("- {text}\n")).collect();
        let rows: Vec<String> = self.figures.iter().map(|figure| self.row(figure)).collect();
        format!(
            "{METHOD}\n## Environment\n\n{}\n## Figures\n\n\
             | Benchmark | Figure | Side | Median | Range | Rust advantage |\n\
             |---|---|---|---:|---:|---:|\n{}\n## Incorrect results\n\n{}",
            machine.concat(),
            rows.concat(),
            if notes.is_empty() { "None.\n".to_owned() } else { notes.concat() }
        )
    }

    fn row(&self, figure: &Figure) -> String {
        let Figure { benchmark, name, side, unit, sample } = figure;
        let median = short(sample.median());
        let min = short(sample.min());
        let max = short(sample.max());
        let unit = unit.name();
        let ratio = self.ratio(figure).unwrap_or_default();
        format!("| {benchmark} | {name} | {side} | {median} {unit} | {min} to {max} | {ratio} |\n")
    }

    /// Returns the factor by which Rust is better, if `figure` belongs to another side.
    fn ratio(&self, figure: &Figure) -> Option<String> {
        let is_same =
            |other: &&Figure| other.benchmark == figure.benchmark && other.name == figure.name;
        let first = self.figures.iter().find(is_same).filter(|first| first.side != figure.side)?;
        let rust = first.sample.median();
        let other = figure.sample.median();
        let ratio = if figure.unit.more_is_better() { rust / other } else { other / rust };
        Some(format!("{ratio:.2} x"))
    }

    /// Formats all figures with every single value.
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
            json!({ "machine": self.machine, "figures": figures, "incorrect results": self.notes })
        );
        text.push('\n');
        text
    }
}

/// Formats with three significant digits, or as a whole number with separators.
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
    fn numbers_have_three_digits_or_separators() {
        let formatted =
            [0.123_4, 1.234, 12.34, 123.4, 999.4, 1_234.0, 12_345.6, 1_234_567.0].map(short);
        assert_eq!(
            formatted,
            ["0.12", "1.23", "12.3", "123", "999", "1,234", "12,346", "1,234,567"]
        );
    }
}
