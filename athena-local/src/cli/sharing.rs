//! The command line of sharing a function with another account.

use clap::Args;

use athena_sharing::{arn::InvalidName, consumer::Consumer};

/// Whose credentials, and where a function is that is given by its name alone.
#[derive(Debug, Args)]
pub(crate) struct Credentials {
    /// Profile of the AWS command line with credentials of one side. May be given twice, once for
    /// each side: whose they are, AWS says. Without it: the credentials of the environment.
    #[arg(long = "profile", value_name = "NAME")]
    pub(crate) profiles: Vec<String>,
    /// Region of a function that is given by its name alone. Without it: that of the environment.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// What is shared with whom.
#[derive(Debug, Args)]
pub(crate) struct ShareCommand {
    /// The function: its ARN without alias or version, or its name.
    pub(crate) function: String,
    /// With whom: an account of 12 digits, the ARN of a role or user, or an organization (o-...).
    /// May be given several times.
    #[arg(long = "to", value_name = "WHO", required = true)]
    pub(crate) consumers: Vec<Consumer>,
    /// Organization of which every caller has to be, too.
    #[arg(long, value_name = "o-ID", value_parser = organization)]
    pub(crate) organization: Option<String>,
    /// Let the consumers call the function and read what it spilled themselves too, not only
    /// through Athena. Needed with trusted identity propagation; then the function must not believe
    /// the identity in a request.
    #[arg(long)]
    pub(crate) direct: bool,
    /// Change the function's policy statement by statement, as templates with permissions of Lambda
    /// do, in place of replacing it. Such a statement cannot ask that Athena calls.
    #[arg(long)]
    pub(crate) add_permission: bool,
    /// Change the policies. Without it the difference is printed, and nothing is changed.
    #[arg(long)]
    pub(crate) apply: bool,
    #[command(flatten)]
    pub(crate) credentials: Credentials,
}

/// What is no longer shared.
#[derive(Debug, Args)]
pub(crate) struct UnshareCommand {
    /// The function: its ARN without alias or version, or its name.
    pub(crate) function: String,
    /// With whom it is shared: as it was given to share. May be given several times.
    #[arg(
        long = "to",
        value_name = "WHO",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub(crate) consumers: Vec<Consumer>,
    /// Everybody with whom share has shared it.
    #[arg(long)]
    pub(crate) all: bool,
    /// Change the policies. Without it the difference is printed, and nothing is changed.
    #[arg(long)]
    pub(crate) apply: bool,
    #[command(flatten)]
    pub(crate) credentials: Credentials,
}

/// What cannot be queried.
#[derive(Debug, Args)]
pub(crate) struct DoctorCommand {
    /// The function: its ARN without alias or version, or its name, with credentials of its owner.
    pub(crate) function: String,
    /// ARN of a role or user who queries. May be given several times. Without it: whoever has the
    /// credentials, if they are not of the function's own account.
    #[arg(long = "principal", value_name = "ARN", value_parser = principal)]
    pub(crate) principals: Vec<String>,
    /// Catalog of Athena under which the function is registered in the account of those who query.
    #[arg(long, value_name = "NAME", value_parser = catalog)]
    pub(crate) catalog: Option<String>,
    /// Workgroup in which they query.
    #[arg(long, value_name = "NAME")]
    pub(crate) workgroup: Option<String>,
    /// Organization of both accounts. Without it, statements that ask for one are not decided.
    #[arg(long, value_name = "o-ID", value_parser = organization)]
    pub(crate) organization: Option<String>,
    /// Bucket to which the function spills, as its owner said.
    #[arg(long, value_name = "BUCKET", value_parser = bucket)]
    pub(crate) spill_bucket: Option<String>,
    /// What the key of every spilled object begins with, as its owner said.
    #[arg(long, value_name = "PREFIX", requires = "spill_bucket")]
    pub(crate) spill_prefix: Option<String>,
    /// ARN of the KMS key with which the bucket encrypts, as its owner said.
    #[arg(long, value_name = "ARN", value_parser = key)]
    pub(crate) kms_key: Option<String>,
    /// Print the report as JSON: findings, unseen and passed.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) credentials: Credentials,
}

fn organization(text: &str) -> Result<String, InvalidName> {
    match text.parse::<Consumer>()? {
        Consumer::Organization(id) => Ok(id),
        Consumer::Account(_) | Consumer::Principal(_) => {
            Err(InvalidName::new(text, "is no organization, which begins with o-"))
        }
    }
}

fn principal(text: &str) -> Result<String, InvalidName> {
    match text.parse::<Consumer>()? {
        Consumer::Principal(arn) if !arn.contains('*') => Ok(arn),
        Consumer::Principal(_) => {
            Err(InvalidName::new(text, "stands for several roles; name one of them"))
        }
        Consumer::Account(_) | Consumer::Organization(_) => Err(InvalidName::new(
            text,
            "is not one role or user; give its ARN, arn:aws:iam::ACCOUNT:role/NAME",
        )),
    }
}

fn catalog(text: &str) -> Result<String, InvalidName> {
    let plain = |c: char| c.is_alphanumeric() || "_@-".contains(c);
    if (1..=127).contains(&text.chars().count()) && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err(InvalidName::new(
        text,
        "is no name of a catalog, which has 1 to 127 letters, digits, underscores, @ and hyphens",
    ))
}

fn bucket(text: &str) -> Result<String, InvalidName> {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
    };
    if (3..=63).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err(InvalidName::new(
        text,
        "is no name of a bucket, which has 3 to 63 lower-case letters, digits, hyphens and dots",
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
            "is not the ARN of a key, which looks like arn:aws:kms:us-east-1:444455556666:key/ID",
        )),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::Cli;

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:444455556666:function:shop";

    fn parses(words: &[&str]) -> bool {
        Cli::try_parse_from(["athena-local"].iter().chain(words)).is_ok()
    }

    #[test]
    fn what_names_nothing_is_refused_on_the_command_line() {
        let role = "arn:aws:iam::111122223333:role/Analyst";
        assert!(parses(&["share", FUNCTION, "--to", "111122223333", "--to", role]));
        assert!(parses(&["unshare", FUNCTION, "--all"]));
        let long = "x".repeat(128);
        for wrong in [
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
            assert!(!parses(&wrong), "{wrong:?}");
        }
    }
}
