//! The address of a function.

use std::{fmt, path::PathBuf, str::FromStr};

/// The address of a function: a package, a process, an endpoint or an ARN.
///
/// `Display` writes text that parses as the same spec.
///
/// ```
/// use athena_lambda_host::Spec;
///
/// let spec: Spec = "exec:python3 'my function.py'".parse()?;
/// assert_eq!(spec, Spec::Exec(vec!["python3".into(), "my function.py".into()]));
/// # Ok::<(), athena_lambda_host::InvalidSpec>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spec {
    /// `cargo:PATH`: the folder of a package, built and hosted here.
    Cargo(PathBuf),
    /// `exec:COMMAND`: any program that uses the Lambda Runtime API, hosted here. The command is
    /// split into words like in a shell, but no shell runs.
    Exec(Vec<String>),
    /// `http://HOST:PORT[/PATH]`: an Invoke endpoint, such as `cargo lambda watch` or the runtime
    /// interface emulator. Without a path, the path of the Invoke operation with the function's
    /// name is used.
    Http(String),
    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`: a function in AWS.
    Arn(String),
}

impl Spec {
    /// The syntax of all forms, human-readable.
    pub const SYNTAX: &str = "cargo:PATH, exec:COMMAND, http://HOST:PORT[/PATH] or \
                              arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]";

    /// Returns whether the function runs as a child of this process, and so can use the S3
    /// stand-in.
    pub fn is_hosted(&self) -> bool {
        match self {
            Self::Cargo(_) | Self::Exec(_) => true,
            Self::Http(_) | Self::Arn(_) => false,
        }
    }
}

/// An error of parsing a [`Spec`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSpec {
    text: String,
    fault: &'static str,
}

impl fmt::Display for InvalidSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid function {:?}: {}; expected {}", self.text, self.fault, Spec::SYNTAX)
    }
}

impl std::error::Error for InvalidSpec {}

impl FromStr for Spec {
    type Err = InvalidSpec;

    fn from_str(text: &str) -> Result<Self, InvalidSpec> {
        parse(text).map_err(|fault| InvalidSpec { text: text.to_owned(), fault })
    }
}

fn parse(text: &str) -> Result<Spec, &'static str> {
    if let Some(path) = text.strip_prefix("cargo:") {
        return if path.is_empty() {
            Err("the path is empty")
        } else {
            Ok(Spec::Cargo(PathBuf::from(path)))
        };
    }
    if let Some(command) = text.strip_prefix("exec:") {
        let words = shlex::split(command).ok_or("a quote is not closed")?;
        // An empty first word would be an empty program name.
        return match words.first() {
            Some(program) if !program.is_empty() => Ok(Spec::Exec(words)),
            Some(_) | None => Err("the command is empty"),
        };
    }
    if text.starts_with("http://") {
        return match text.parse::<hyper::Uri>() {
            Ok(uri) if uri.host().is_some_and(|host| !host.is_empty()) => {
                Ok(Spec::Http(text.to_owned()))
            }
            Ok(_) | Err(_) => Err("not a URL"),
        };
    }
    if text.starts_with("https://") {
        return Err("https is not supported, only http to this machine or through a tunnel");
    }
    if text.starts_with("arn:") {
        return if is_function_arn(text) {
            Ok(Spec::Arn(text.to_owned()))
        } else {
            Err("not the ARN of a Lambda function")
        };
    }
    Err("unknown prefix")
}

/// Returns whether `arn` has the parts of a function's ARN. Partitions other than `aws` (China,
/// government) have the same form.
fn is_function_arn(arn: &str) -> bool {
    let parts: Vec<_> = arn.split(':').collect();
    let [_, partition, "lambda", region, account, "function", name, qualifier @ ..] = &parts[..]
    else {
        return false;
    };
    let filled = [partition, region, account, name]
        .into_iter()
        .chain(qualifier)
        .all(|part| !part.is_empty());
    filled && qualifier.len() <= 1 && partition.starts_with("aws")
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cargo(path) => write!(f, "cargo:{}", path.display()),
            Self::Exec(words) => {
                let words = words.iter().map(String::as_str);
                // Quoting fails only for a NUL, which no argument of a process can have.
                f.write_str("exec:")?;
                f.write_str(&shlex::try_join(words).map_err(|_| fmt::Error)?)
            }
            Self::Http(url) => f.write_str(url),
            Self::Arn(arn) => f.write_str(arn),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:shop";

    #[test]
    fn all_forms_round_trip() {
        let forms = [
            ("cargo:connectors/tpch", Spec::Cargo("connectors/tpch".into())),
            ("exec:./bootstrap", Spec::Exec(vec!["./bootstrap".into()])),
            (
                "exec:java -cp 'a b:c' Main",
                Spec::Exec(["java", "-cp", "a b:c", "Main"].map(Into::into).into()),
            ),
            ("http://127.0.0.1:9000", Spec::Http("http://127.0.0.1:9000".into())),
            (
                "http://localhost:9000/lambda-url/shop",
                Spec::Http("http://localhost:9000/lambda-url/shop".into()),
            ),
            (ARN, Spec::Arn(ARN.into())),
        ];
        for (text, spec) in forms {
            assert_eq!(text.parse(), Ok(spec.clone()), "{text}");
            assert_eq!(spec.to_string().parse(), Ok(spec), "{text}");
        }
        assert!(format!("{ARN}:live").parse::<Spec>().is_ok());
    }

    #[test]
    fn quoted_words_stay_together() {
        let spec: Spec = r#"exec:sh -c "echo 'a b'" a\ b '' "#.parse().unwrap();
        assert_eq!(spec, Spec::Exec(["sh", "-c", "echo 'a b'", "a b", ""].map(Into::into).into()));
    }

    #[test]
    fn an_invalid_spec_is_rejected_with_the_syntax() {
        let wrong = [
            "",
            "tpch",
            "cargo:",
            "exec:",
            "exec:  ",
            "exec:''",
            "exec:echo 'open",
            "http://",
            "http:///path",
            "https://example.com",
            "arn:aws:s3:::bucket",
            "arn:aws:lambda:eu-west-1:111122223333:layer:shop",
            "arn:aws:lambda:eu-west-1:111122223333:function:",
            "arn:aws:lambda:eu-west-1:111122223333:function:shop:live:more",
            "arn:gcp:lambda:eu-west-1:111122223333:function:shop",
        ];
        for text in wrong {
            let error = text.parse::<Spec>().unwrap_err().to_string();
            assert!(
                ["cargo:PATH", "exec:COMMAND", "http://", "arn:aws:lambda:"]
                    .iter()
                    .all(|form| error.contains(form))
            );
        }
    }
}
