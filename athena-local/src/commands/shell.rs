//! A prompt for queries.

use std::path::PathBuf;

use rustyline::{DefaultEditor, error::ReadlineError};

use super::{Usage, query::Session};
use crate::{cli::ShellCommand, output::Format};

/// Runs the command.
pub(super) async fn run(command: ShellCommand) -> anyhow::Result<()> {
    if command.running.format == Format::Parquet {
        return Err(
            Usage("--format parquet is for query with --output FILE: a terminal cannot show it".to_owned()).into()
        );
    }
    let mut session = Session::open(&command.running)?;
    let mut editor = DefaultEditor::new()?;
    let history = history_file();
    if let Some(file) = &history {
        // The first time there is none.
        let _ = editor.load_history(file);
    }
    eprintln!("Queries end with a semicolon; \\q leaves, \\explain explains.");
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
                        eprintln!("explanations are {}", if session.explain { "on" } else { "off" });
                        continue;
                    }
                    _ => {}
                }
                text.push_str(&line);
                text.push('\n');
                for query in complete_queries(&mut text) {
                    let _ = editor.add_history_entry(format!("{};", query.trim()));
                    run_query(&session, &query).await;
                }
            }
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(file) = &history {
        // A shell without a memory is still a shell.
        let _ = editor.save_history(file);
    }
    Ok(())
}

async fn run_query(session: &Session, query: &str) {
    tokio::select! {
        done = session.run(query, None) => {
            if let Err(error) = done {
                eprintln!("error: {error:#}");
            }
        }
        // The query's future is dropped, and with it everything that it does.
        _ = tokio::signal::ctrl_c() => eprintln!("cancelled"),
    }
}

/// Takes every query that a semicolon ends off the front of `text`; a semicolon in quotes or a comment ends nothing.
fn complete_queries(text: &mut String) -> Vec<String> {
    let mut queries = Vec::new();
    while let Some(end) = end_of_query(text) {
        let rest = text.split_off(end + 1);
        text.truncate(end);
        let query = std::mem::replace(text, rest);
        if !query.trim().is_empty() {
            queries.push(query);
        }
    }
    if text.trim().is_empty() {
        text.clear();
    }
    queries
}

fn end_of_query(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut comment = false;
    let mut chars = text.char_indices().peekable();
    while let Some((index, char)) = chars.next() {
        match (char, quote) {
            ('\n', _) if comment => comment = false,
            (end, Some(begin)) if end == begin => quote = None,
            ('\'' | '"', None) if !comment => quote = Some(char),
            ('-', None) if !comment && chars.peek().is_some_and(|&(_, next)| next == '-') => comment = true,
            (';', None) if !comment => return Some(index),
            _ => {}
        }
    }
    None
}

fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let folder = state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
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
    fn nothing_between_semicolons_is_no_query() {
        let mut text = ";;\n".to_owned();
        assert!(complete_queries(&mut text).is_empty());
        assert!(text.is_empty());
    }
}
