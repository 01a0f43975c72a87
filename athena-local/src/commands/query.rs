//! One query, its rows, and how they came.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::Instant,
};

use anyhow::Context as _;
use athena_client::Trace;
use athena_engine::{Engine, EngineOptions, Format, Query, RowWriter};

use super::{Usage, registry};
use crate::{
    cli::{QueryCommand, Running},
    output::{ProgressLine, Spool, explanation, say},
};

/// Runs the command.
pub(super) async fn run(command: QueryCommand) -> anyhow::Result<()> {
    let QueryCommand { sql, output, running } = command;
    if running.format == Format::Parquet && output.is_none() {
        return Err(Usage(
            "--format parquet needs --output FILE: a terminal cannot show it".to_owned(),
        )
        .into());
    }
    let session = Session::open(&running)?;
    tokio::select! {
        done = session.run(&sql, output.as_deref()) => done,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("cancelled"),
    }
}

/// An engine and how its rows are printed.
pub(super) struct Session {
    engine: Engine,
    format: Format,
    pub(super) explain: bool,
}

impl Session {
    /// Sets up the engine; no function starts before a query needs it.
    pub(super) fn open(running: &Running) -> anyhow::Result<Self> {
        let options = EngineOptions {
            schema: running.schema.clone(),
            pushdown: running.pushdown,
            trust: running.trust,
            concurrency: usize::from(running.connectors.concurrency),
            memory: running.engine_memory.map(|megabytes| megabytes.saturating_mul(1_000_000)),
        };
        let registry = registry::for_queries(running)?;
        let engine = Engine::try_new(registry.clients(), options)?
            .with_open_function(registry::opener(&registry));
        Ok(Self { engine, format: running.format, explain: running.explain })
    }

    /// Runs `sql` and prints its rows, all or none.
    pub(super) async fn run(&self, sql: &str, output: Option<&Path>) -> anyhow::Result<()> {
        let began = Instant::now();
        let trace = Trace::default();
        let result = self.rows_of(sql, output, &trace).await;
        if self.explain {
            if let Ok((query, _)) = &result {
                say(query.display_plan());
            }
            say(explanation(&trace).trim_end());
        }
        let (_, rows) = result?;
        let seconds = began.elapsed().as_secs_f64();
        say(format_args!("({rows} {}, {seconds:.2} s)", if rows == 1 { "row" } else { "rows" }));
        Ok(())
    }

    async fn rows_of(
        &self,
        sql: &str,
        output: Option<&Path>,
        trace: &Trace,
    ) -> anyhow::Result<(Query, u64)> {
        let progress = ProgressLine::of(trace);
        let query = self.engine.query_into(sql, trace.clone()).await?;
        let rows = if let Some(path) = output {
            self.write_file(&query, path).await?
        } else {
            let (rows, spool) = self.write(&query, Spool::default()).await?;
            drop(progress);
            spool
                .release(&mut std::io::stdout().lock())
                .context("cannot write to standard output")?;
            rows
        };
        Ok((query, rows))
    }

    /// Writes the rows to `path`, under that name only when all are there. What a link leads to is
    /// written, and a pipe or a device is written into.
    async fn write_file(&self, query: &Query, path: &Path) -> anyhow::Result<u64> {
        let resolved = path.canonicalize();
        let path = resolved.as_deref().unwrap_or(path);
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            let (rows, spool) = self.write(query, Spool::default()).await?;
            let file = File::options().write(true).open(path);
            let mut file = file.with_context(|| format!("cannot write to {}", path.display()))?;
            spool
                .release(&mut file)
                .with_context(|| format!("cannot write to {}", path.display()))?;
            return Ok(rows);
        }
        let folder =
            path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut temporary = tempfile::Builder::new();
        // As any new file: what the user's mask leaves of it.
        #[cfg(unix)]
        temporary.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = temporary
            .tempfile_in(folder)
            .with_context(|| format!("cannot write to the folder of {}", path.display()))?;
        let writer = BufWriter::new(file.as_file().try_clone()?);
        let (rows, mut writer) = self.write(query, writer).await?;
        writer.flush()?;
        file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(rows)
    }

    async fn write<W: Write + Send>(&self, query: &Query, out: W) -> anyhow::Result<(u64, W)> {
        let mut writer = RowWriter::try_new(self.format, &query.schema(), out)?;
        let mut rows = query.execute()?;
        let mut count = 0;
        while let Some(batch) = rows.next().await? {
            count += batch.num_rows() as u64;
            writer.write(&batch)?;
        }
        Ok((count, writer.finish()?))
    }
}
