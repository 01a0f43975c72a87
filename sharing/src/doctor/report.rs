//! What was found out, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

/// What was found out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What is wrong, in the order in which a query meets it.
    pub findings: Vec<Finding>,
    /// What could not be seen or decided, and how it could be.
    pub unseen: Vec<String>,
    /// What is in order.
    pub passed: Vec<Passed>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `function`, `function-policy`, `bucket`, `bucket-policy`, `key`,
    /// `key-policy`, `execution-role`, `catalog`, `workgroup`, `principal`, `identity-policy`,
    /// `permissions-boundary` or `told`.
    pub check: &'static str,
    /// Which part of it: an action, a setting, or the name of it.
    pub subject: String,
    /// Who can mend it.
    pub side: Side,
    /// What is wrong, as a sentence.
    pub what: String,
    /// What to do or to paste.
    pub fix: String,
}

/// One of the two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The account of the function.
    Owner,
    /// The account of those who query.
    Consumer,
}

/// Something that is in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// As in a [`Finding`].
    pub check: &'static str,
    /// As in a [`Finding`].
    pub subject: String,
}

impl Report {
    pub(super) fn wrong(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    pub(super) fn unseen(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.unseen.contains(&what) {
            self.unseen.push(what);
        }
    }

    pub(super) fn passed(&mut self, check: &'static str, subject: impl Into<String>) {
        self.passed.push(Passed { check, subject: subject.into() });
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for passed in &self.passed {
            let _ = writeln!(out, "ok      {}  {}", passed.check, passed.subject);
        }
        for unseen in &self.unseen {
            let _ = writeln!(out, "unseen  {unseen}");
        }
        for finding in &self.findings {
            let Finding { check, subject, side, what, fix } = finding;
            let side = match side {
                Side::Owner => "owner",
                Side::Consumer => "consumer",
            };
            let _ = writeln!(
                out,
                "\nWRONG   {check}  {subject}  (to be mended by the {side})\n  {what}\n  fix:"
            );
            for line in fix.lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
        let (wrong, unseen) = (self.findings.len(), self.unseen.len());
        let _ = writeln!(out, "\n{wrong} wrong, {unseen} not seen, {} in order", self.passed.len());
        out
    }

    /// The report for programs: one JSON object.
    #[expect(clippy::missing_panics_doc, reason = "it cannot")]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts are JSON")
    }
}
