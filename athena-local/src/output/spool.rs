//! A buffer for output that must be complete before it is written.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write};

use tempfile::SpooledTempFile;

/// Maximum size of output in memory, in bytes.
const IN_MEMORY: usize = 16 * 1024 * 1024;

/// A buffer in memory, and beyond 16 MB in a temporary file.
#[derive(Debug)]
pub(crate) struct Spool(SpooledTempFile);

impl Default for Spool {
    fn default() -> Self {
        Self(SpooledTempFile::new(IN_MEMORY))
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|error| {
            let folder = std::env::temp_dir();
            let folder = folder.display();
            io::Error::new(
                error.kind(),
                format!(
                    "cannot write rows to a temporary file in {folder}: {error}; free space there, \
                     or set TMPDIR to a folder on another disk"
                ),
            )
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Spool {
    /// Writes the buffer to `out`.
    ///
    /// # Errors
    ///
    /// If `out` or the temporary file fails. A closed pipe, such as to `head`, is not an error.
    pub(crate) fn release(mut self, out: &mut dyn Write) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(0))?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = self.0.read(&mut buffer)?;
            if read == 0 {
                return ignore_closed(out.flush());
            }
            if let Err(error) = out.write_all(&buffer[..read]) {
                return ignore_closed(Err(error));
            }
        }
    }
}

fn ignore_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_in_a_file_is_released_completely() {
        let mut spool = Spool(SpooledTempFile::new(8));
        let text = b"longer than the part that stays in memory";
        spool.write_all(text).unwrap();
        let mut out = Vec::new();
        spool.release(&mut out).unwrap();
        assert_eq!(out, text);
    }
}
