//! A prompt for queries, or queries from a pipe.

use std::{io::IsTerminal as _, path::PathBuf};

use athena_engine::{Format, has_statement, take_statements};
use rustyline::{DefaultEditor, error::ReadlineError};

use super::{Usage, query::Session};
use crate::{cli::ShellCommand, output::say};

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
    // A pipe's last query may end with it; at a prompt, what was typed and not ended is not meant.
    if piped && has_statement(&text) {
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

fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let folder =
        state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("athena-local-history"))
}
