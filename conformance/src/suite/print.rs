//! A report for people, for programs, and for what shows test results.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Area, Coverage, Finding, Report};

impl Report {
    /// The report in lines, for people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |words: String| {
            text.push_str(&words);
            text.push('\n');
        };
        line(format!(
            "source     {}",
            if self.source.is_empty() { "without a name" } else { &self.source }
        ));
        line(format!("announced  {}", self.announced));
        line(format!("seed       {}", self.seed));
        line(format!("requests   {}", self.requests));
        line(format!("cases      {}{}", self.cases, self.undecided_in_words()));
        for coverage in &self.tables {
            line(format!("table      {}", in_words(coverage)));
        }
        for left_out in &self.left_out {
            line(format!("left out   {left_out}"));
        }
        for area in Area::ALL {
            let findings =
                self.findings.iter().filter(|finding| finding.kind.area() == area).count();
            let checks = self.checks.get(&area).copied().unwrap_or_default();
            let verdict = match (checks, findings) {
                (0, 0) => "not looked at".to_owned(),
                (_, 0) => format!("ok, looked at {checks} times"),
                (_, 1) => "1 finding".to_owned(),
                (_, findings) => format!("{findings} findings"),
            };
            line(format!("{:12} {verdict}", area.name()));
        }
        for finding in &self.findings {
            line(String::new());
            line(format!("{}{}", finding.kind, place(finding)));
            line(format!("    {}", finding.kind.meaning()));
            let again = if finding.times > 1 {
                format!(" (and {} times more)", finding.times - 1)
            } else {
                String::new()
            };
            line(format!("    {}{again}", finding.sentence));
        }
        text
    }

    fn undecided_in_words(&self) -> String {
        match self.undecided {
            0 => String::new(),
            undecided => format!(", and {undecided} whose predicate may fail, and did"),
        }
    }

    /// The report as JSON, with the request of each finding as it was sent: some peers insist on
    /// the order of its members.
    ///
    /// # Panics
    ///
    /// Never: numbers and texts can always be written.
    pub fn to_json(&self) -> String {
        let of =
            |area: Area| self.findings.iter().filter(move |finding| finding.kind.area() == area);
        let document = Document {
            source: &self.source,
            announced: &self.announced,
            seed: self.seed,
            requests: self.requests,
            cases: self.cases,
            undecided: self.undecided,
            left_out: &self.left_out,
            checks: Area::ALL.map(|area| Check {
                area: area.name(),
                times: self.checks.get(&area).copied().unwrap_or_default(),
                findings: of(area).count(),
            }),
            tables: self.tables.iter().map(Covered::from).collect(),
            findings: self.findings.iter().map(Found::from).collect(),
        };
        serde_json::to_string_pretty(&document).expect("numbers and texts can always be written")
    }

    /// The report as XML that shows as test results: a test case for each area, which fails if
    /// anything of it is wrong.
    pub fn to_junit(&self) -> String {
        let looked_at: Vec<Area> =
            Area::ALL.into_iter().filter(|area| self.checks.contains_key(area)).collect();
        let of =
            |area: Area| self.findings.iter().filter(move |finding| finding.kind.area() == area);
        let failed = looked_at.iter().filter(|&&area| of(area).next().is_some()).count();
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"conformance of {}\" tests=\"{}\" failures=\"{failed}\">\n",
            escape(&self.source),
            looked_at.len()
        );
        for area in looked_at {
            let _ = write!(xml, "  <testcase classname=\"conformance\" name=\"{}\"", area.name());
            if of(area).next().is_none() {
                xml.push_str("/>\n");
                continue;
            }
            xml.push_str(">\n");
            for finding in of(area) {
                let kind = finding.kind;
                let message = escape(&format!("{kind}{}: {}", place(finding), finding.sentence));
                let _ = writeln!(
                    xml,
                    "    <failure type=\"{kind}\" message=\"{message}\">{}</failure>",
                    escape(kind.meaning())
                );
            }
            xml.push_str("  </testcase>\n");
        }
        xml.push_str("</testsuite>\n");
        xml
    }
}

fn place(finding: &Finding) -> String {
    finding.table.as_ref().map(|table| format!(" of {table}")).unwrap_or_default()
}

fn in_words(coverage: &Coverage) -> String {
    let Coverage { table, splits, splits_read, rows, cases, left_out } = coverage;
    let mut words =
        format!("{table}: {rows} rows of {splits_read} of {splits} splits, {cases} cases");
    if !left_out.is_empty() {
        let _ = write!(words, "; left out: {left_out}");
    }
    words
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    source: &'a str,
    announced: &'a str,
    seed: u64,
    requests: u64,
    cases: u64,
    undecided: u64,
    left_out: &'a [String],
    checks: [Check; Area::ALL.len()],
    tables: Vec<Covered<'a>>,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Check {
    area: &'static str,
    times: u64,
    findings: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Covered<'a> {
    table: String,
    splits: usize,
    splits_read: usize,
    rows: usize,
    cases: u64,
    left_out: Option<&'a str>,
}

impl<'a> From<&'a Coverage> for Covered<'a> {
    fn from(coverage: &'a Coverage) -> Self {
        Self {
            table: coverage.table.to_string(),
            splits: coverage.splits,
            splits_read: coverage.splits_read,
            rows: coverage.rows,
            cases: coverage.cases,
            left_out: (!coverage.left_out.is_empty()).then_some(coverage.left_out.as_str()),
        }
    }
}

#[derive(Serialize)]
struct Found<'a> {
    kind: &'static str,
    area: &'static str,
    meaning: &'static str,
    table: Option<String>,
    sentence: &'a str,
    times: u64,
    request: Sent,
}

/// A request: as JSON if it is, else as text.
#[derive(Serialize)]
#[serde(untagged)]
enum Sent {
    Json(Box<RawValue>),
    Text(String),
}

impl<'a> From<&'a Finding> for Found<'a> {
    fn from(finding: &'a Finding) -> Self {
        let text = String::from_utf8_lossy(&finding.request).into_owned();
        Self {
            kind: finding.kind.name(),
            area: finding.kind.area().name(),
            meaning: finding.kind.meaning(),
            table: finding.table.as_ref().map(ToString::to_string),
            sentence: &finding.sentence,
            times: finding.times,
            request: serde_json::from_str(&text).map_or(Sent::Text(text), Sent::Json),
        }
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no form for these.
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use athena_protocol::TableName;
    use bytes::Bytes;

    use super::*;
    use crate::suite::{Kind, report::Fault};

    fn report() -> Report {
        let mut report = Report { source: "a <b>".to_owned(), ..Report::default() };
        report.checked(Area::Listing);
        report.checked(Area::Predicates);
        let table = TableName::new("s", "t");
        for _ in 0..3 {
            let request = Bytes::from_static(b"{\"b\":2,\"a\":1}");
            report.add(Some(&table), Fault::new(Kind::RowsLost, &request, "2 of \"3\" rows"));
        }
        report.add(None, Fault::new(Kind::PagesSkip, &Bytes::from_static(b"{\"half"), "1 of 2"));
        report
    }

    #[test]
    fn people_read_each_finding_once_with_its_meaning() {
        let text = report().to_text();
        assert!(text.contains("rows-lost of s.t\n"), "{text}");
        assert!(text.contains("2 of \"3\" rows (and 2 times more)"), "{text}");
        assert!(text.contains(Kind::PagesSkip.meaning()), "{text}");
        assert!(text.contains("limits       not looked at"), "{text}");
    }

    #[test]
    fn programs_get_the_requests() {
        let text = report().to_json();
        assert!(text.contains("\"request\": {\"b\":2,\"a\":1}"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["findings"][0]["times"], 3);
        assert_eq!(json["findings"][1]["request"], "{\"half");
        assert_eq!(json["checks"].as_array().unwrap().len(), Area::ALL.len());
    }

    #[test]
    fn junit_fails_the_areas_with_findings() {
        let xml = report().to_junit();
        assert!(
            xml.contains("name=\"conformance of a &lt;b&gt;\" tests=\"2\" failures=\"2\""),
            "{xml}"
        );
        assert!(xml.contains("message=\"rows-lost of s.t: 2 of &quot;3&quot; rows\""), "{xml}");
        assert!(
            report().findings.len() == 2
                && Report::default().to_junit().contains("tests=\"0\" failures=\"0\"")
        );
    }
}
