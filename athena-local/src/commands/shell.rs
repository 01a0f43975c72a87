//! The `shell` command: queries from a prompt or from a pipe.

use std::{io::IsTerminal as _, path::PathBuf};

use athena_engine::{Format, has_statement, take_statements};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use rustyline::{DefaultEditor, error::ReadlineError};

use super::{
    Usage,
    query::Session,
    signals::{Signals, Stopped},
};
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
    let mut signals = Signals::new()?;
    let mut editor = DefaultEditor::new()?;
    let terminal = TerminalSettings::read();
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
        (editor, line) = match signals.stop(read_line(editor, prompt)).await {
            Ok(read) => read?,
            Err(stopped) => {
                terminal.restore();
                return Err(stopped.into());
            }
        };
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
                    failed += usize::from(!run_query(&session, &query, &mut signals).await?);
                }
            }
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    // The last query of a pipe needs no semicolon. An unfinished query at a prompt is discarded.
    if piped && has_statement(&text) {
        failed += usize::from(!run_query(&session, &text, &mut signals).await?);
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

/// Runs one query, prints its error, and returns whether it succeeded. Ctrl-C cancels only the
/// query; fails if another signal arrives.
async fn run_query(session: &Session, query: &str, signals: &mut Signals) -> Result<bool, Stopped> {
    match signals.stop(session.run(query, None)).await {
        Ok(done) => {
            if let Err(error) = &done {
                say(format_args!("error: {error:#}"));
            }
            Ok(done.is_ok())
        }
        // Dropping the future has cancelled the query.
        Err(Stopped::Interrupt) => {
            say("cancelled");
            Ok(false)
        }
        Err(stopped @ (Stopped::Hangup | Stopped::Terminate)) => Err(stopped),
    }
}

/// Settings of the terminal before the editor changes them.
struct TerminalSettings(Option<Termios>);

impl TerminalSettings {
    /// Reads the settings of standard input, if it is a terminal.
    fn read() -> Self {
        Self(tcgetattr(std::io::stdin()).ok())
    }

    /// Restores the settings. The editor does so when it has read a line, but not if a signal ends
    /// the command before.
    fn restore(&self) {
        if let Some(settings) = &self.0 {
            // Fails if the terminal has been closed.
            let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, settings);
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
