//! Blocks of the size that Athena requests, serialized and encrypted by third-party code.

use arrow::{ipc::writer::StreamWriter, record_batch::RecordBatch};
use athena_connector_bench::BenchTable;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Returns the approximate number of rows in a block of 16,000,000 bytes.
pub(crate) fn block_rows(table: BenchTable) -> u64 {
    match table {
        BenchTable::Narrow3 => 550_000,
        BenchTable::Wide16 | BenchTable::Huge2 => 84_500,
    }
}

/// Serializes `batch` with Arrow's own writer.
pub(crate) fn serialize(batch: &RecordBatch, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    let mut writer = StreamWriter::try_new(buffer, &batch.schema())?;
    writer.write(batch)?;
    Ok(writer.finish()?)
}

/// Encrypts in place with one pass of AES-256-GCM, by the fastest available backend.
pub(crate) fn encrypt(buffer: &mut [u8]) -> anyhow::Result<()> {
    let failed = |_| anyhow::anyhow!("a block is too long for AES-GCM");
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(failed)?);
    let nonce = Nonce::assume_unique_for_key([9; 12]);
    cipher.seal_in_place_separate_tag(nonce, Aad::empty(), buffer).map(drop).map_err(failed)
}
