//! A signal that ends this process must not leave functions behind.

use std::{sync::Once, thread};

use tokio::signal::unix::{SignalKind, signal};

use super::process;

/// From now on a termination kills every function before it ends this process, as it would have without.
///
/// Other signals are not taken here. A shell cancels a query by an interrupt (Ctrl-C) and lives on; whoever ends the
/// process for it drops its functions, which live in groups of their own and so are not interrupted by the terminal. A
/// hang-up may have been switched off by `nohup`, which a handler would undo. After that, and after a kill, functions end
/// when they next ask for an invocation and find nobody there.
pub(super) fn watch() {
    static WATCHED: Once = Once::new();
    // A thread of its own, for the runtimes of tests come and go.
    WATCHED.call_once(|| {
        let started = thread::Builder::new().name("signals".to_owned()).spawn(wait);
        if let Err(error) = started {
            tracing::warn!(%error, "cannot watch for signals: functions may outlive this process");
        }
    });
}

fn wait() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let kind = SignalKind::terminate();
        let Ok(mut terminate) = signal(kind) else { return };
        terminate.recv().await;
        process::kill_all();
        // What a shell shows for a process that the signal ended.
        std::process::exit(128 + kind.as_raw_value());
    });
}
