//! A prompt for queries, or queries from a pipe.

use std::{io::IsTerminal as _, path::PathBuf};

use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    tokenizer::{Token, TokenWithSpan, Tokenizer},
};
use rustyline::{DefaultEditor, error::ReadlineError};

use super::{Usage, query::Session};
use crate::{
    cli::ShellCommand,
    engine::offset,
    output::{Format, say},
};

/// Runs the command.
pub(super) async fn run(command: ShellCommand) -> anyhow::Result<()> {
    if command.running.format == Format::Parquet {
        return Err(Usage(
            "--format parquet is for query with --output FILE: a terminal cannot show it"
                .to_owned(),
        )
        .into());
    }
    let mut session = Session::open(&command.running)?;
    let mut editor = DefaultEditor::new()?;
    let history = history_file();
    if let Some(file) = &history {
        // The first time there is none.
        let _ = editor.load_history(file);
    }
    let piped = !std::io::stdin().is_terminal();
    let mut failed = 0;
    if !piped {
        say("Queries end with a semicolon; \\q leaves, \\explain explains.");
    }
    let mut text = String::new();
    loop {
        let prompt = if text.is_empty() { "athena> " } else { "     -> " };
        // Reading blocks a thread; the functions that queries started go on living on others.
        let (returned, line) = tokio::task::spawn_blocking(move || {
            let line = editor.readline(prompt);
            (editor, line)
        })
        .await?;
        editor = returned;
        match line {
            Ok(line) => {
                match line.trim() {
                    "\\q" | "quit" | "exit" if text.is_empty() => break,
                    "\\explain" if text.is_empty() => {
                        session.explain = !session.explain;
                        say(format_args!(
                            "explanations are {}",
                            if session.explain { "on" } else { "off" }
                        ));
                        continue;
                    }
                    _ => {}
                }
                text.push_str(&line);
                text.push('\n');
                for query in complete_queries(&mut text) {
                    let _ = editor.add_history_entry(format!("{};", query.trim()));
                    failed += usize::from(!run_query(&session, &query).await);
                }
            }
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    // A pipe's last query may end with it; at a prompt, what was typed and not ended is not meant.
    if piped && says_something(&text) {
        failed += usize::from(!run_query(&session, &text).await);
    }
    if let Some(file) = history.filter(|_| !piped) {
        // A shell without a memory is still a shell.
        let _ = editor.save_history(&file);
    }
    anyhow::ensure!(!piped || failed == 0, "{failed} of the queries failed");
    Ok(())
}

/// Runs one query and says whether its rows are there.
async fn run_query(session: &Session, query: &str) -> bool {
    tokio::select! {
        done = session.run(query, None) => {
            if let Err(error) = &done {
                say(format_args!("error: {error:#}"));
            }
            done.is_ok()
        }
        // The query's future is dropped, and with it everything that it does.
        _ = tokio::signal::ctrl_c() => {
            say("cancelled");
            false
        }
    }
}

/// Takes every query that a semicolon ends off the front of `text`; a semicolon in quotes or a
/// comment ends nothing.
fn complete_queries(text: &mut String) -> Vec<String> {
    let mut queries = Vec::new();
    while let Some(end) = end_of_query(text) {
        let rest = text.split_off(end + 1);
        text.truncate(end);
        let query = std::mem::replace(text, rest);
        if says_something(&query) {
            queries.push(query);
        }
    }
    if !says_something(text) && !text.contains("/*") {
        text.clear();
    }
    queries
}

/// Where the first semicolon is that ends a query.
fn end_of_query(text: &str) -> Option<usize> {
    let end = tokens(text).into_iter().find(|token| token.token == Token::SemiColon)?;
    Some(offset(text, end.span.start))
}

/// Whether there is more than spaces and comments.
fn says_something(text: &str) -> bool {
    let is_blank = |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_) | Token::EOF);
    let tokens = tokens(text);
    // What cannot be read is for the parser to complain about.
    !tokens.iter().all(is_blank) || (tokens.is_empty() && !text.trim().is_empty())
}

/// The tokens at the start of `text`, as far as they are complete.
fn tokens(text: &str) -> Vec<TokenWithSpan> {
    let mut tokens = Vec::new();
    // It ends inside of quotes or a comment: the next lines may end them.
    let _ = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location_into_buf(&mut tokens);
    tokens
}

fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let folder =
        state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("athena-local-history"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_end_queries_except_in_quotes_and_comments() {
        let mut text = "SELECT ';' -- not; here\n, \"a;b\";SELECT 2; SELECT".to_owned();
        assert_eq!(complete_queries(&mut text), ["SELECT ';' -- not; here\n, \"a;b\"", "SELECT 2"]);
        assert_eq!(text, " SELECT");
    }

    #[test]
    fn comments_of_many_lines_end_nothing_and_open_no_quotes() {
        let mut text = "SELECT 1 /* a; /* nested; */ don't */ AS a;\nSELECT 2 /* open; ".to_owned();
        assert_eq!(complete_queries(&mut text), ["SELECT 1 /* a; /* nested; */ don't */ AS a"]);
        assert_eq!(text, "\nSELECT 2 /* open; ");
        text.push_str("closed */;");
        assert_eq!(complete_queries(&mut text).len(), 1);
    }

    #[test]
    fn a_quote_that_is_open_waits_for_its_end() {
        let mut text = "SELECT 1; SELECT 'a;\n".to_owned();
        assert_eq!(complete_queries(&mut text), ["SELECT 1"]);
        text.push_str("b';");
        assert_eq!(complete_queries(&mut text), [" SELECT 'a;\nb'"]);
    }

    #[test]
    fn nothing_between_semicolons_is_no_query() {
        let mut text = ";;\n".to_owned();
        assert!(complete_queries(&mut text).is_empty());
        assert!(text.is_empty());
    }
}
