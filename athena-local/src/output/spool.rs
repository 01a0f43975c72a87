//! Bytes that must not be seen before they are complete.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write};

use tempfile::SpooledTempFile;

/// Output up to this size stays in memory.
const IN_MEMORY: usize = 16 * 1024 * 1024;

/// Holds output in memory, and beyond 16 MB in a temporary file, until it is released.
#[derive(Debug)]
pub(crate) struct Spool(SpooledTempFile);

impl Default for Spool {
    fn default() -> Self {
        Self(SpooledTempFile::new(IN_MEMORY))
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Spool {
    /// Writes everything to `out`.
    ///
    /// # Errors
    ///
    /// What `out` or the temporary file says. A reader that went away, such as `head`, is no error.
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
    fn what_went_in_comes_out_even_from_a_file() {
        let mut spool = Spool(SpooledTempFile::new(8));
        let text = b"longer than what stays in memory";
        spool.write_all(text).unwrap();
        let mut out = Vec::new();
        spool.release(&mut out).unwrap();
        assert_eq!(out, text);
    }
}
