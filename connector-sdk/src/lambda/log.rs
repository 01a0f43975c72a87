//! Logs for operators, by the variables with which Lambda's logging controls are set.

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    registry,
    util::SubscriberInitExt,
};

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Text,
}

/// Installs the subscriber, unless the program has one already.
///
/// The level is that of `AWS_LAMBDA_LOG_LEVEL`, `INFO` by default; `RUST_LOG` can set it by target,
/// as in `info,athena_spill=debug`. Lines are JSON unless `AWS_LAMBDA_LOG_FORMAT` is `Text`. They
/// go to the standard error, which Lambda collects as it does the standard output.
pub(super) fn init() {
    let variable = |name: &str| std::env::var(name).ok();
    let format = format(variable("AWS_LAMBDA_LOG_FORMAT").as_deref());
    let filter =
        filter(variable("RUST_LOG").as_deref(), variable("AWS_LAMBDA_LOG_LEVEL").as_deref());
    // A subscriber of the program's own stays: the error of a second one is not worth more.
    let _ = match format {
        Format::Json => registry().with(filter).with(json()).try_init(),
        Format::Text => registry().with(filter).with(text()).try_init(),
    };
}

/// Levels by target. Those that are no directives count as not set.
///
/// Not the `EnvFilter` of the same crate, which also knows fields of spans: its regular expressions
/// are a fiftieth of a program.
fn filter(directives: Option<&str>, lambdas_level: Option<&str>) -> Targets {
    let set = directives.and_then(|directives| directives.parse().ok());
    set.unwrap_or_else(|| Targets::new().with_default(level(lambdas_level)))
}

fn json<S>() -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> registry::LookupSpan<'a>,
{
    fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(std::io::stderr)
}

fn text<S>() -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> registry::LookupSpan<'a>,
{
    // Lambda stamps every line itself, and nobody reads colours there.
    fmt::layer().without_time().with_ansi(false).with_writer(std::io::stderr)
}

fn format(variable: Option<&str>) -> Format {
    if variable.is_some_and(|format| format.eq_ignore_ascii_case("text")) {
        Format::Text
    } else {
        Format::Json
    }
}

/// Lambda's levels, of which `FATAL` has no other counterpart here than `ERROR`.
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
    fn lambdas_names_of_levels_and_formats_are_understood() {
        assert_eq!(level(Some("debug")), LevelFilter::DEBUG);
        assert_eq!(level(Some("FATAL")), LevelFilter::ERROR);
        assert_eq!(level(None), LevelFilter::INFO);
        assert_eq!(format(Some("Text")), Format::Text);
        assert_eq!(format(None), Format::Json);
    }

    #[test]
    fn directives_go_before_lambdas_level() {
        use tracing::Level;
        let set = filter(Some("warn,athena_spill=debug"), Some("ERROR"));
        assert!(set.would_enable("athena_spill::aws", &Level::DEBUG));
        assert!(
            set.would_enable("hyper", &Level::WARN) && !set.would_enable("hyper", &Level::INFO)
        );
        for wrong in [None, Some("a=b=c")] {
            let set = filter(wrong, Some("DEBUG"));
            assert!(
                set.would_enable("hyper", &Level::DEBUG)
                    && !set.would_enable("hyper", &Level::TRACE),
                "{wrong:?}"
            );
        }
    }
}
