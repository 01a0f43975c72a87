//! Logs, configured by the variables of Lambda's logging controls.

use tracing::{Level, Metadata};
use tracing_subscriber::{
    filter::{FilterFn, LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    registry,
    util::SubscriberInitExt,
};

use super::redact::RedactedStderr;

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Text,
}

/// Installs a subscriber, unless the program has one already. Its lines are written by `stderr`.
///
/// `AWS_LAMBDA_LOG_LEVEL` sets the level, by default `INFO`; `RUST_LOG` sets it by target, as in
/// `info,athena_spill=debug`, and takes precedence. Lines are JSON unless `AWS_LAMBDA_LOG_FORMAT`
/// is `Text`. They go to standard error, which Lambda collects like standard output.
pub(super) fn init(stderr: RedactedStderr) {
    let variable = |name: &str| std::env::var(name).ok();
    let format = format(variable("AWS_LAMBDA_LOG_FORMAT").as_deref());
    let filter =
        filter(variable("RUST_LOG").as_deref(), variable("AWS_LAMBDA_LOG_LEVEL").as_deref());
    // The error means that the program has installed a subscriber, which stays.
    let _ = match format {
        Format::Json => {
            registry().with(filter).with(without_bodies()).with(json(stderr)).try_init()
        }
        Format::Text => {
            registry().with(filter).with(without_bodies()).with(text(stderr)).try_init()
        }
    };
}

/// Creates a filter of the lines with which the AWS clients log whole responses, such as a key that
/// KMS derives, and of those with which the runtime repeats an error. No setting brings them back.
fn without_bodies() -> FilterFn {
    FilterFn::new(is_without_body)
}

fn is_without_body(metadata: &Metadata<'_>) -> bool {
    let has_body = *metadata.level() == Level::TRACE && metadata.target().starts_with("aws_");
    !has_body && metadata.target() != "lambda_runtime::layers::panic"
}

/// Creates a filter from directives by target, or else from Lambda's level. Invalid directives
/// count as not set.
///
/// `EnvFilter` of the same crate also filters by span fields, but its regular expressions are a
/// fiftieth of the size of a program.
fn filter(directives: Option<&str>, lambda_level: Option<&str>) -> Targets {
    let targets = directives.and_then(|directives| directives.parse().ok());
    targets.unwrap_or_else(|| Targets::new().with_default(level(lambda_level)))
}

fn json<S>(stderr: RedactedStderr) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> registry::LookupSpan<'a>,
{
    fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(stderr)
}

fn text<S>(stderr: RedactedStderr) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> registry::LookupSpan<'a>,
{
    // Lambda adds a timestamp to every line, and does not render colors.
    fmt::layer().without_time().with_ansi(false).with_writer(stderr)
}

fn format(variable: Option<&str>) -> Format {
    if variable.is_some_and(|format| format.eq_ignore_ascii_case("text")) {
        Format::Text
    } else {
        Format::Json
    }
}

/// Parses a level of Lambda. `FATAL` has no counterpart and becomes `ERROR`.
fn level(variable: Option<&str>) -> LevelFilter {
    match variable.map(str::to_ascii_uppercase).as_deref() {
        Some("TRACE") => LevelFilter::TRACE,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some("WARN") => LevelFilter::WARN,
        Some("ERROR" | "FATAL") => LevelFilter::ERROR,
        Some(_) | None => LevelFilter::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_formats_of_lambda_are_parsed() {
        assert_eq!(level(Some("debug")), LevelFilter::DEBUG);
        assert_eq!(level(Some("FATAL")), LevelFilter::ERROR);
        assert_eq!(level(None), LevelFilter::INFO);
        assert_eq!(format(Some("Text")), Format::Text);
        assert_eq!(format(None), Format::Json);
    }

    #[test]
    fn directives_take_precedence_over_the_level_of_lambda() {
        use tracing::Level;
        let set = filter(Some("warn,athena_spill=debug"), Some("ERROR"));
        assert!(set.would_enable("athena_spill::aws", &Level::DEBUG));
        assert!(
            set.would_enable("hyper", &Level::WARN) && !set.would_enable("hyper", &Level::INFO)
        );
        for directives in [None, Some("a=b=c")] {
            let set = filter(directives, Some("DEBUG"));
            assert!(
                set.would_enable("hyper", &Level::DEBUG)
                    && !set.would_enable("hyper", &Level::TRACE),
                "{directives:?}"
            );
        }
    }
}
