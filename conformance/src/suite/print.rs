//! Output formats of a report: text, JSON and `JUnit` XML.

use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Area, ColumnCoverage, Coverage, Finding, Report};

impl Report {
    /// Formats the report as human-readable text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |content: String| {
            text.push_str(&content);
            text.push('\n');
        };
        line(format!(
            "source     {}",
            if self.source.is_empty() { "unnamed" } else { &self.source }
        ));
        line(format!("announced  {}", self.announced));
        line(format!("seed       {}", self.seed));
        line(format!("requests   {}", self.requests));
        let undecided = match self.undecided {
            0 => String::new(),
            undecided => format!(", {undecided} undecided: the predicate may fail, and did"),
        };
        line(format!("cases      {}{undecided}", self.cases));
        if self.statements > 0 {
            line(format!("statements {}", self.statements));
        }
        for coverage in &self.tables {
            line(format!("table      {coverage}"));
            for column in coverage.columns.iter().filter(|_| coverage.cases > 0) {
                line(format!("           {column}"));
            }
            for column in coverage.sql_columns.iter().filter(|_| coverage.statements > 0) {
                line(format!("           in SQL, {column}"));
            }
        }
        for skipped in &self.skipped {
            line(format!("skipped    {skipped}"));
        }
        for area in self.requested_areas() {
            let findings = self.findings_in(area).count();
            let checks = self.checks.get(&area).copied().unwrap_or_default();
            let verdict = match (checks, findings) {
                (0, 0) => "not checked".to_owned(),
                (_, 0) => format!("ok, {checks} checks"),
                (_, 1) => "1 finding".to_owned(),
                (_, findings) => format!("{findings} findings"),
            };
            line(format!("{:12} {verdict}", area.name()));
        }
        for finding in &self.findings {
            line(String::new());
            line(format!("{}{}", finding.kind, of_table(finding)));
            line(format!("    {}", finding.kind.meaning()));
            let more = if finding.occurrences > 1 {
                format!(" (and {} more)", finding.occurrences - 1)
            } else {
                String::new()
            };
            line(format!("    {}{more}", finding.message));
        }
        text
    }

    /// Returns all areas, the one of SQL only if statements were run.
    fn requested_areas(&self) -> impl Iterator<Item = Area> {
        let asks_sql = self.checks.contains_key(&Area::Sql);
        Area::ALL.into_iter().filter(move |area| *area != Area::Sql || asks_sql)
    }

    fn findings_in(&self, area: Area) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.kind.area() == area)
    }

    /// Formats the report as JSON.
    ///
    /// The request of each finding keeps the order of its members, on which some connectors
    /// depend.
    ///
    /// # Panics
    ///
    /// Never: numbers and strings always have a JSON form.
    pub fn to_json(&self) -> String {
        let document = Document {
            source: &self.source,
            announced: &self.announced,
            seed: self.seed,
            requests: self.requests,
            cases: self.cases,
            undecided: self.undecided,
            skipped: &self.skipped,
            statements: self.statements,
            checks: self
                .requested_areas()
                .map(|area| CheckJson {
                    area: area.name(),
                    checks: self.checks.get(&area).copied().unwrap_or_default(),
                    findings: self.findings_in(area).count(),
                })
                .collect(),
            tables: self.tables.iter().map(CoverageJson::from).collect(),
            findings: self.findings.iter().map(FindingJson::from).collect(),
        };
        serde_json::to_string_pretty(&document)
            .expect("numbers and strings always have a JSON form")
    }

    /// Formats the report as `JUnit` XML with one test case for each checked area.
    pub fn to_junit(&self) -> String {
        let checked: Vec<Area> =
            Area::ALL.into_iter().filter(|area| self.checks.contains_key(area)).collect();
        let failed =
            checked.iter().filter(|&&area| self.findings_in(area).next().is_some()).count();
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuite name=\"conformance of {}\" tests=\"{}\" failures=\"{failed}\">\n",
            escape(&self.source),
            checked.len()
        );
        for area in checked {
            let _ = write!(xml, "  <testcase classname=\"conformance\" name=\"{}\"", area.name());
            if self.findings_in(area).next().is_none() {
                xml.push_str("/>\n");
                continue;
            }
            xml.push_str(">\n");
            for finding in self.findings_in(area) {
                let kind = finding.kind;
                let message = escape(&format!("{kind}{}: {}", of_table(finding), finding.message));
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

/// Returns ` of TABLE`, or nothing for a finding without a table.
fn of_table(finding: &Finding) -> String {
    finding.table.as_ref().map(|table| format!(" of {table}")).unwrap_or_default()
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, splits, splits_read, rows, cases, limits, statements, .. } = self;
        write!(f, "{table}: {rows} rows of {splits_read} of {splits} splits, {cases} cases")?;
        if *limits > 0 {
            write!(f, ", {limits} with a limit")?;
        }
        if *statements > 0 {
            write!(f, ", {statements} SQL statements")?;
        }
        let skipped = &self.skipped;
        if !skipped.is_empty() {
            write!(f, "; skipped: {skipped}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ColumnCoverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, equalities, ranges, lists, null_tests, pairs, .. } = self;
        write!(
            f,
            "{column}: {equalities} equalities, {ranges} ranges, {lists} lists, \
             {null_tests} null tests, {pairs} with other columns"
        )?;
        for (count, noun) in [
            (self.expressions, "expressions"),
            (self.orders, "orders"),
            (self.aggregates, "aggregates"),
        ] {
            if count > 0 {
                write!(f, ", {count} {noun}")?;
            }
        }
        Ok(())
    }
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
    #[serde(skip_serializing_if = "is_zero")]
    statements: u64,
    skipped: &'a [String],
    checks: Vec<CheckJson>,
    tables: Vec<CoverageJson<'a>>,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct CheckJson {
    area: &'static str,
    checks: u64,
    findings: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CoverageJson<'a> {
    table: String,
    splits: usize,
    splits_read: usize,
    rows: usize,
    cases: u64,
    limits: u64,
    columns: Vec<ColumnJson<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    statements: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sql_columns: Vec<ColumnJson<'a>>,
    skipped: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ColumnJson<'a> {
    column: &'a str,
    equalities: u64,
    ranges: u64,
    lists: u64,
    null_tests: u64,
    pairs: u64,
    expressions: u64,
    orders: u64,
    #[serde(skip_serializing_if = "is_zero")]
    aggregates: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl<'a> From<&'a ColumnCoverage> for ColumnJson<'a> {
    fn from(coverage: &'a ColumnCoverage) -> Self {
        let ColumnCoverage {
            column,
            equalities,
            ranges,
            lists,
            null_tests,
            pairs,
            expressions,
            orders,
            aggregates,
        } = coverage;
        Self {
            column,
            equalities: *equalities,
            ranges: *ranges,
            lists: *lists,
            null_tests: *null_tests,
            pairs: *pairs,
            expressions: *expressions,
            orders: *orders,
            aggregates: *aggregates,
        }
    }
}

impl<'a> From<&'a Coverage> for CoverageJson<'a> {
    fn from(coverage: &'a Coverage) -> Self {
        Self {
            table: coverage.table.to_string(),
            splits: coverage.splits,
            splits_read: coverage.splits_read,
            rows: coverage.rows,
            cases: coverage.cases,
            limits: coverage.limits,
            columns: coverage.columns.iter().map(ColumnJson::from).collect(),
            statements: coverage.statements,
            sql_columns: match coverage.statements {
                0 => Vec::new(),
                _ => coverage.sql_columns.iter().map(ColumnJson::from).collect(),
            },
            skipped: (!coverage.skipped.is_empty()).then_some(coverage.skipped.as_str()),
        }
    }
}

#[derive(Serialize)]
struct FindingJson<'a> {
    kind: &'static str,
    area: &'static str,
    meaning: &'static str,
    table: Option<String>,
    message: &'a str,
    occurrences: u64,
    request: RequestJson,
}

/// Request of a finding: JSON if it is valid JSON, otherwise text.
#[derive(Serialize)]
#[serde(untagged)]
enum RequestJson {
    Json(Box<RawValue>),
    Text(String),
}

impl<'a> From<&'a Finding> for FindingJson<'a> {
    fn from(finding: &'a Finding) -> Self {
        let text = String::from_utf8_lossy(&finding.request).into_owned();
        Self {
            kind: finding.kind.name(),
            area: finding.kind.area().name(),
            meaning: finding.kind.meaning(),
            table: finding.table.as_ref().map(ToString::to_string),
            message: &finding.message,
            occurrences: finding.occurrences,
            request: serde_json::from_str(&text).map_or(RequestJson::Text(text), RequestJson::Json),
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
            // XML 1.0 cannot represent control characters.
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
        report.count_check(Area::Listing);
        report.count_check(Area::Predicates);
        let table = TableName::new("s", "t");
        for _ in 0..3 {
            let request = Bytes::from_static(b"{\"b\":2,\"a\":1}");
            report.add(Some(&table), Fault::new(Kind::RowsLost, &request, "2 of \"3\" rows"));
        }
        report.add(None, Fault::new(Kind::PagesSkip, &Bytes::from_static(b"{\"half"), "1 of 2"));
        report
    }

    #[test]
    fn text_has_each_finding_once_with_its_meaning() {
        let text = report().to_text();
        assert!(text.contains("rows-lost of s.t\n"), "{text}");
        assert!(text.contains("2 of \"3\" rows (and 2 more)"), "{text}");
        assert!(text.contains(Kind::PagesSkip.meaning()), "{text}");
        assert!(text.contains("limits       not checked"), "{text}");
    }

    #[test]
    fn json_has_the_requests() {
        let text = report().to_json();
        assert!(text.contains("\"request\": {\"b\":2,\"a\":1}"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["findings"][0]["occurrences"], 3);
        assert_eq!(json["findings"][1]["request"], "{\"half");
        // Without statements, the report does not mention SQL.
        assert_eq!(json["checks"].as_array().unwrap().len(), Area::ALL.len() - 1);
        assert!(json.get("statements").is_none());
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
