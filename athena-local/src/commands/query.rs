//! The `query` command.

use std::{
    fs::File,
    io::{BufWriter, IsTerminal as _, Write},
    os::unix::fs::FileTypeExt as _,
    path::Path,
    time::Instant,
};

use anyhow::Context as _;
use athena_client::Trace;
use athena_engine::{Engine, EngineOptions, Format, Query, RowWriter};
use athena_lambda_host::TemporaryFolder;

use super::{Usage, registry, signals::until_stopped};
use crate::{
    cli::{QueryCommand, QueryOptions},
    output::{ProgressLine, Spool, explanation, say},
};

/// Runs the command.
pub(super) async fn run(command: QueryCommand) -> anyhow::Result<()> {
    let QueryCommand { sql, output, options } = command;
    if options.format == Format::Parquet && output.is_none() {
        return Err(Usage("--format parquet needs --output FILE".to_owned()).into());
    }
    if let Some(path) = &output
        && path.is_dir()
    {
        let path = path.display();
        return Err(Usage(format!("--output {path} is a folder; add the name of a file")).into());
    }
    until_stopped(async {
        let session = Session::open(&options)?;
        session.run(&sql, output.as_deref()).await
    })
    .await
}

/// An engine and the output options of its queries.
pub(super) struct Session {
    engine: Engine,
    format: Format,
    pub(super) explain: bool,
    /// Temporary files of the engine. Deleted after it, in the order of the fields.
    _temporary: TemporaryFolder,
}

impl Session {
    /// Creates the engine. Starts no function: the first query that needs one does.
    pub(super) fn open(options: &QueryOptions) -> anyhow::Result<Self> {
        let temporary = TemporaryFolder::create("engine")
            .context("cannot create a folder for temporary files; set TMPDIR to another folder")?;
        let engine_options = EngineOptions {
            schema: options.schema.clone(),
            pushdown: options.pushdown,
            trust: options.trust,
            concurrency: usize::from(options.connectors.concurrency),
            memory: options.engine_memory.map(|megabytes| megabytes.saturating_mul(1_000_000)),
            temporary_folder: Some(temporary.path().to_owned()),
        };
        let registry = registry::for_queries(options)?;
        let engine = Engine::try_new(registry.clients(), engine_options)?
            .with_open_function(registry::opener(&registry));
        Ok(Self { engine, format: options.format, explain: options.explain, _temporary: temporary })
    }

    /// Runs `sql` and prints all its rows, or none if it fails.
    pub(super) async fn run(&self, sql: &str, output: Option<&Path>) -> anyhow::Result<()> {
        let start = Instant::now();
        let trace = Trace::default();
        let result = self.rows_of(sql, output, &trace).await;
        if self.explain {
            if let Ok((query, _)) = &result {
                say(query.display_plan());
            }
            say(explanation(&trace).trim_end());
        }
        let (_, rows) = result?;
        let seconds = start.elapsed().as_secs_f64();
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
            let terminal = std::io::stdout().is_terminal();
            let (rows, spool) = self.write(&query, Spool::default(), terminal).await?;
            drop(progress);
            spool
                .release(&mut std::io::stdout().lock())
                .context("cannot write to standard output")?;
            rows
        };
        Ok((query, rows))
    }

    /// Writes the rows to `path`, which is replaced only when all rows are complete.
    ///
    /// Follows a symbolic link. Opens a pipe or a device instead of replacing it.
    async fn write_file(&self, query: &Query, path: &Path) -> anyhow::Result<u64> {
        let resolved = path.canonicalize();
        let path = resolved.as_deref().unwrap_or(path);
        if let Some(kind) = path.metadata().ok().map(|found| found.file_type())
            && !kind.is_file()
        {
            // Opening a pipe would wait for its reader, but a terminal is a device.
            let terminal = kind.is_char_device()
                && File::options().write(true).open(path).is_ok_and(|file| file.is_terminal());
            let (rows, spool) = self.write(query, Spool::default(), terminal).await?;
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
        // The permissions of any new file, subject to the user's mask.
        #[cfg(unix)]
        temporary.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = temporary
            .tempfile_in(folder)
            .with_context(|| format!("cannot write to the folder of {}", path.display()))?;
        let writer = BufWriter::new(file.as_file().try_clone()?);
        let (rows, mut writer) = self.write(query, writer, false).await?;
        writer.flush()?;
        file.persist(path).with_context(|| format!("cannot write to {}", path.display()))?;
        Ok(rows)
    }

    async fn write<W: Write + Send>(
        &self,
        query: &Query,
        out: W,
        terminal: bool,
    ) -> anyhow::Result<(u64, W)> {
        let mut writer = RowWriter::try_new(self.format, &query.schema(), out)?;
        if terminal {
            writer = writer.for_terminal();
        }
        let mut rows = query.execute()?;
        let mut count = 0;
        while let Some(batch) = rows.next().await? {
            count += batch.num_rows() as u64;
            writer.write(&batch)?;
        }
        Ok((count, writer.finish()?))
    }
}
