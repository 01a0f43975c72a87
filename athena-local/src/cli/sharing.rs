//! Arguments of `share`, `unshare` and `doctor`.

use clap::Args;

use athena_sharing::{arn::InvalidName, consumer::Consumer};

/// Credentials, and the region of a function given by name.
#[derive(Debug, Args)]
pub(crate) struct Credentials {
    /// AWS CLI profile. Can be given twice, in any order, once for each account [default: the
    /// default credential chain].
    #[arg(long = "profile", value_name = "NAME")]
    pub(crate) profiles: Vec<String>,
    /// Region of a function given by name [default: the region of the credentials].
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// Arguments of `share`.
#[derive(Debug, Args)]
pub(crate) struct ShareCommand {
    /// Function: its ARN without alias or version, or its name.
    pub(crate) function: String,
    /// Consumer: an account ID, the ARN of a role or user, or an organization ID (o-...). Can be
    /// given several times.
    #[arg(long = "to", value_name = "CONSUMER", required = true)]
    pub(crate) consumers: Vec<Consumer>,
    /// Organization that callers have to belong to, in addition.
    #[arg(long, value_name = "o-ID", value_parser = organization)]
    pub(crate) organization: Option<String>,
    /// Allow consumers to call the function and read spilled results directly, not only through
    /// Athena. Required by trusted identity propagation. The function must not trust the identity
    /// in a request then.
    #[arg(long)]
    pub(crate) direct: bool,
    /// Change the function policy statement by statement, by the permissions API of Lambda, instead
    /// of replacing it. Such statements cannot restrict calls to Athena.
    #[arg(long)]
    pub(crate) add_permission: bool,
    /// Apply the changes. Without it, only the difference is printed.
    #[arg(long)]
    pub(crate) apply: bool,
    #[command(flatten)]
    pub(crate) credentials: Credentials,
}

/// Arguments of `unshare`.
#[derive(Debug, Args)]
pub(crate) struct UnshareCommand {
    /// Function: its ARN without alias or version, or its name.
    pub(crate) function: String,
    /// Consumer, as given to share. Can be given several times.
    #[arg(
        long = "to",
        value_name = "CONSUMER",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub(crate) consumers: Vec<Consumer>,
    /// Every consumer of the function.
    #[arg(long)]
    pub(crate) all: bool,
    /// Apply the changes. Without it, only the difference is printed.
    #[arg(long)]
    pub(crate) apply: bool,
    #[command(flatten)]
    pub(crate) credentials: Credentials,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorCommand {
    /// Function: its ARN without alias or version, or its name in the account of the credentials.
    pub(crate) function: String,
    /// ARN of a querying role or user. Can be given several times [default: the caller, unless it
    /// belongs to the account of the function].
    #[arg(long = "principal", value_name = "ARN", value_parser = principal)]
    pub(crate) principals: Vec<String>,
    /// Athena catalog of the function, in the account of the principals.
    #[arg(long, value_name = "NAME", value_parser = catalog)]
    pub(crate) catalog: Option<String>,
    /// Athena workgroup of the queries.
    #[arg(long, value_name = "NAME")]
    pub(crate) workgroup: Option<String>,
    /// Organization of both accounts. Without it, conditions on the organization are unknown.
    #[arg(long, value_name = "o-ID", value_parser = organization)]
    pub(crate) organization: Option<String>,
    /// Spill bucket, according to the owner.
    #[arg(long, value_name = "BUCKET", value_parser = bucket)]
    pub(crate) spill_bucket: Option<String>,
    /// Spill prefix, according to the owner.
    #[arg(long, value_name = "PREFIX", requires = "spill_bucket")]
    pub(crate) spill_prefix: Option<String>,
    /// ARN of the KMS key of the spill bucket, according to the owner.
    #[arg(long, value_name = "ARN", value_parser = key)]
    pub(crate) kms_key: Option<String>,
    /// Print the report as JSON, with findings, unknown and passed.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) credentials: Credentials,
}

fn organization(text: &str) -> Result<String, InvalidName> {
    match text.parse::<Consumer>()? {
        Consumer::Organization(id) => Ok(id),
        Consumer::Account(_) | Consumer::Principal(_) => {
            Err(InvalidName::new(text, "is not an organization ID: use o-..."))
        }
    }
}

fn principal(text: &str) -> Result<String, InvalidName> {
    match text.parse::<Consumer>()? {
        Consumer::Principal(arn) if !arn.contains('*') => Ok(arn),
        Consumer::Principal(_) => {
            Err(InvalidName::new(text, "matches several roles: name one of them"))
        }
        Consumer::Account(_) | Consumer::Organization(_) => Err(InvalidName::new(
            text,
            "is not a role or user: use an ARN like arn:aws:iam::ACCOUNT:role/NAME",
        )),
    }
}

fn catalog(text: &str) -> Result<String, InvalidName> {
    let is_valid = |c: char| c.is_alphanumeric() || "_@-".contains(c);
    if (1..=127).contains(&text.chars().count()) && text.chars().all(is_valid) {
        return Ok(text.to_owned());
    }
    Err(InvalidName::new(
        text,
        "is not a valid catalog name: use 1 to 127 letters, digits, underscores, @ and hyphens",
    ))
}

fn bucket(text: &str) -> Result<String, InvalidName> {
    let is_valid = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
    };
    if (3..=63).contains(&text.len()) && text.bytes().all(is_valid) {
        return Ok(text.to_owned());
    }
    Err(InvalidName::new(
        text,
        "is not a valid bucket name: use 3 to 63 lower-case letters, digits, hyphens and dots",
    ))
}

fn key(text: &str) -> Result<String, InvalidName> {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "kms", region, account, key]
            if !region.is_empty() && account.len() == 12 && key.starts_with("key/") =>
        {
            Ok(text.to_owned())
        }
        _ => Err(InvalidName::new(
            text,
            "is not the ARN of a key: use arn:aws:kms:us-east-1:444455556666:key/ID",
        )),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::Cli;

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:444455556666:function:shop";

    fn parses(arguments: &[&str]) -> bool {
        Cli::try_parse_from(["athena-local"].iter().chain(arguments)).is_ok()
    }

    #[test]
    fn invalid_names_are_refused_on_the_command_line() {
        let role = "arn:aws:iam::111122223333:role/Analyst";
        assert!(parses(&["share", FUNCTION, "--to", "111122223333", "--to", role]));
        assert!(parses(&["unshare", FUNCTION, "--all"]));
        let long = "x".repeat(128);
        for invalid in [
            vec!["share", FUNCTION],
            vec!["share", FUNCTION, "--to", "1111"],
            vec!["unshare", FUNCTION],
            vec!["unshare", FUNCTION, "--all", "--to", "111122223333"],
            vec!["doctor", FUNCTION, "--principal", "111122223333"],
            vec!["doctor", FUNCTION, "--catalog", &long],
            vec!["doctor", FUNCTION, "--catalog", "a b"],
            vec!["doctor", FUNCTION, "--organization", "r-1"],
            vec!["doctor", FUNCTION, "--spill-bucket", "Bucket"],
            vec!["doctor", FUNCTION, "--spill-prefix", "p"],
            vec!["doctor", FUNCTION, "--kms-key", "alias/spill"],
        ] {
            assert!(!parses(&invalid), "{invalid:?}");
        }
    }
}
