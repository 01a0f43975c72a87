//! The `shell` command: queries from a prompt or from a pipe.

use std::{io::IsTerminal as _, path::PathBuf};

use athena_engine::{Format, has_statement, take_statements};
use rustyline::{DefaultEditor, error::ReadlineError};

use super::{Usage, query::Session};
use crate::{cli::ShellCommand, output::say};

/// Runs the command.
pub(super) async fn run(command: ShellCommand) -> anyhow::Result<()> {
    if command.options.format == Format::Parquet {
        return Err(Usage(
            "--format parquet is not supported by shell; use query with --output FILE".to_owned(),
        )
        .into());
    }
    let mut session = Session::open(&command.options)?;
    let mut editor = DefaultEditor::new()?;
    let history = history_file();
    if let Some(file) = &history {
        // The file does not exist at first.
        let _ = editor.load_history(file);
    }
    let piped = !std::io::stdin().is_terminal();
    let mut failed = 0;
    if !piped {
        say("Queries end with a semicolon. \\q quits, \\explain turns explanations on or off.");
    }
    let mut text = String::new();
    loop {
        let prompt = if text.is_empty() { "athena> " } else { "     -> " };
        let line;
        (editor, line) = read_line(editor, prompt).await?;
        match line {
            Ok(line) => {
                match line.trim() {
                    "\\q" | "quit" | "exit" if text.is_empty() => break,
                    "\\explain" if text.is_empty() => {
                        session.explain = !session.explain;
                        say(format_args!(
                            "explanations are now {}",
                            if session.explain { "on" } else { "off" }
                        ));
                        continue;
                    }
                    _ => {}
                }
                text.push_str(&line);
                text.push('\n');
                for query in take_statements(&mut text) {
                    let _ = editor.add_history_entry(format!("{};", query.trim()));
                    failed += usize::from(!run_query(&session, &query).await);
                }
            }
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    // The last query of a pipe needs no semicolon. An unfinished query at a prompt is discarded.
    if piped && has_statement(&text) {
        failed += usize::from(!run_query(&session, &text).await);
    }
    if let Some(file) = history.filter(|_| !piped) {
        // A missing history is not an error.
        let _ = editor.save_history(&file);
    }
    let noun = if failed == 1 { "query" } else { "queries" };
    anyhow::ensure!(!piped || failed == 0, "{failed} {noun} failed");
    Ok(())
}

/// Reads a line and returns it with the editor. Reading blocks, so it runs on a separate thread.
async fn read_line(
    mut editor: DefaultEditor,
    prompt: &'static str,
) -> anyhow::Result<(DefaultEditor, rustyline::Result<String>)> {
    let read = tokio::task::spawn_blocking(move || {
        let line = editor.readline(prompt);
        (editor, line)
    });
    Ok(read.await?)
}

/// Runs one query, prints its error, and returns whether it succeeded.
async fn run_query(session: &Session, query: &str) -> bool {
    tokio::select! {
        done = session.run(query, None) => {
            if let Err(error) = &done {
                say(format_args!("error: {error:#}"));
            }
            done.is_ok()
        }
        // Dropping the future cancels the query.
        _ = tokio::signal::ctrl_c() => {
            say("cancelled");
            false
        }
    }
}

fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let folder =
        state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("athena-local-history"))
}
