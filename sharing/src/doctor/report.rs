//! The diagnosis report, as text and as JSON.

use std::fmt;

use serde::{Serialize, Serializer};

/// The result of a diagnosis.
///
/// Displays as text, one line or paragraph per entry, and a summary as the last line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Certain problems, without duplicates.
    pub findings: Vec<Finding>,
    /// Facts that could not be determined, each with a remedy if there is one, without duplicates.
    pub unknown: Vec<String>,
    /// Checks that passed.
    pub passed: Vec<Passed>,
}

/// A certain problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The checked object.
    pub check: Check,
    /// The aspect of the object.
    pub subject: Subject,
    /// The account that can fix the problem.
    pub side: Side,
    /// The problem, as a clause.
    pub problem: String,
    /// A command to run, a statement to paste, or an instruction; possibly of several lines.
    pub fix: String,
}

/// A check that passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// The checked object.
    pub check: Check,
    /// The aspect of the object.
    pub subject: Subject,
}

/// The object of a check; displays in kebab case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The function and its configuration.
    Function,
    /// The resource-based policy of the function.
    FunctionPolicy,
    /// The spill bucket.
    Bucket,
    /// The policy of the spill bucket.
    BucketPolicy,
    /// The KMS key of the spill bucket.
    Key,
    /// The policy of the KMS key.
    KeyPolicy,
    /// The execution role of the function and its policies.
    ExecutionRole,
    /// The Athena data catalog.
    Catalog,
    /// The Athena workgroup.
    Workgroup,
    /// The querying principal.
    Principal,
    /// The identity-based policies of the querying principal.
    IdentityPolicy,
    /// The permissions boundary of the querying principal or of the execution role.
    PermissionsBoundary,
    /// The hints of the owner.
    OwnerHints,
}

/// The aspect of an object that a check covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Existence.
    Existence,
    /// State, such as of a function or key.
    State,
    /// Region.
    Region,
    /// Account.
    Account,
    /// The environment variable `spill_bucket`.
    SpillBucket,
    /// The environment variable `disable_spill_encryption`.
    SpillEncryption,
    /// The environment variable `athena_connector_seal`.
    Seal,
    /// The environment variable `athena_connector_trust_identity`.
    TrustIdentity,
    /// The manager of a key: AWS or the customer.
    KeyManager,
    /// The hinted key's region.
    KeyRegion,
    /// The hinted bucket.
    Bucket,
    /// The hinted prefix.
    Prefix,
    /// The hinted key.
    Key,
    /// The type of a catalog.
    CatalogType,
    /// The function of a catalog.
    Function,
    /// The alias or version in the function of a catalog.
    Qualifier,
    /// The answer of the function to Athena.
    Answer,
    /// The output location of a workgroup.
    Results,
    /// A catalog or principal by its name.
    Name(String),
    /// An action of a principal.
    Action {
        /// Action, such as `s3:GetObject`.
        action: &'static str,
        /// ARN of the principal.
        principal: String,
    },
    /// An action of principals that no grant names.
    UnrelatedPrincipals {
        /// Action, such as `s3:GetObject`.
        action: &'static str,
    },
}

/// One of the two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The account of the function.
    Owner,
    /// The account of the querying principals.
    Consumer,
}

impl Report {
    pub(super) fn fail(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    pub(super) fn unknown(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.unknown.contains(&text) {
            self.unknown.push(text);
        }
    }

    pub(super) fn pass(&mut self, check: Check, subject: Subject) {
        self.passed.push(Passed { check, subject });
    }

    /// Returns the report as an indented JSON object.
    #[expect(clippy::missing_panics_doc, reason = "serialization cannot fail")]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings are JSON")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Passed { check, subject } in &self.passed {
            writeln!(f, "passed   {check}  {subject}")?;
        }
        for text in &self.unknown {
            writeln!(f, "unknown  {text}")?;
        }
        for finding in &self.findings {
            write!(f, "\n{finding}")?;
        }
        let count = self.findings.len();
        let problems = if count == 1 { "problem" } else { "problems" };
        let unknown = self.unknown.len();
        writeln!(f, "\n{count} {problems}, {unknown} unknown, {} passed", self.passed.len())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, subject, side, problem, fix } = self;
        writeln!(f, "problem  {check}  {subject}  (to be fixed by the {side})")?;
        writeln!(f, "  {problem}\n  fix:")?;
        for line in fix.lines() {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

impl Check {
    fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::FunctionPolicy => "function-policy",
            Self::Bucket => "bucket",
            Self::BucketPolicy => "bucket-policy",
            Self::Key => "key",
            Self::KeyPolicy => "key-policy",
            Self::ExecutionRole => "execution-role",
            Self::Catalog => "catalog",
            Self::Workgroup => "workgroup",
            Self::Principal => "principal",
            Self::IdentityPolicy => "identity-policy",
            Self::PermissionsBoundary => "permissions-boundary",
            Self::OwnerHints => "owner-hints",
        }
    }

    /// Returns the name with spaces, for use in a sentence.
    pub(super) fn noun(self) -> String {
        self.as_str().replace('-', " ")
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Existence => "exists",
            Self::State => "state",
            Self::Region => "region",
            Self::Account => "account",
            Self::SpillBucket => "spill_bucket",
            Self::SpillEncryption => "disable_spill_encryption",
            Self::Seal => "athena_connector_seal",
            Self::TrustIdentity => "athena_connector_trust_identity",
            Self::KeyManager => "manager",
            Self::KeyRegion => "key region",
            Self::Bucket => "bucket",
            Self::Prefix => "prefix",
            Self::Key => "key",
            Self::CatalogType => "type",
            Self::Function => "function",
            Self::Qualifier => "qualifier",
            Self::Answer => "answers",
            Self::Results => "results",
            Self::Name(name) => name,
            Self::Action { action, principal } => return write!(f, "{action} for {principal}"),
            Self::UnrelatedPrincipals { action } => {
                return write!(f, "{action} for unrelated principals");
            }
        })
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Owner => "owner",
            Self::Consumer => "consumer",
        })
    }
}
