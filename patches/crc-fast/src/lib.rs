//! The three checksums of the S3 client, with the API of the crate `crc-fast`.
//!
//! `aws-smithy-checksums` depends on `crc-fast`, which selects the table of an algorithm at run
//! time. The linker therefore keeps the tables of all hundred algorithms: 0.6 MB of incompressible
//! data, a tenth of the deployment package of a Lambda function. The crates that this one calls are
//! as fast. The workspace's `Cargo.toml` replaces `crc-fast` with this crate, under
//! `[patch.crates-io]`. Connectors in other workspaces need the same patch to avoid the extra size.

/// A checksum algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC-32 as in Ethernet and zip.
    Crc32IsoHdlc,
    /// CRC-32C.
    Crc32Iscsi,
    /// CRC-64/NVME.
    Crc64Nvme,
}

/// An incremental checksum.
#[derive(Debug, Clone)]
pub struct Digest(State);

#[derive(Clone)]
enum State {
    Crc32(crc32fast::Hasher),
    Crc32c(u32),
    Crc64(crc64fast_nvme::Digest),
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Crc32(_) => "Crc32",
            Self::Crc32c(_) => "Crc32c",
            Self::Crc64(_) => "Crc64",
        })
    }
}

impl Digest {
    /// Creates the checksum of no bytes.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Crc32(crc32fast::Hasher::new()),
            CrcAlgorithm::Crc32Iscsi => State::Crc32c(0),
            CrcAlgorithm::Crc64Nvme => State::Crc64(crc64fast_nvme::Digest::new()),
        })
    }

    /// Adds `bytes` to the checksum.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(hasher) => hasher.update(bytes),
            State::Crc32c(sum) => *sum = crc32c::crc32c_append(*sum, bytes),
            State::Crc64(digest) => digest.write(bytes),
        }
    }

    /// Returns the checksum of all bytes added; 32-bit checksums are in the low half.
    pub fn finalize(&self) -> u64 {
        match &self.0 {
            State::Crc32(hasher) => hasher.clone().finalize().into(),
            State::Crc32c(sum) => (*sum).into(),
            State::Crc64(digest) => digest.sum64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Check values from the catalogue of CRC algorithms,
    /// <https://reveng.sourceforge.io/crc-catalogue/all.htm>.
    #[test]
    fn checksums_match_the_catalogue_whole_or_in_pieces() {
        let checksums = [
            (CrcAlgorithm::Crc32IsoHdlc, 0xCBF4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xE306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xAE8B_1486_0A79_9888),
        ];
        for (algorithm, expected) in checksums {
            for pieces in [&[&b"123456789"[..]][..], &[b"1234", b"", b"56789"]] {
                let mut digest = Digest::new(algorithm);
                for piece in pieces {
                    digest.update(piece);
                }
                assert_eq!(digest.finalize(), expected, "{algorithm:?} of {} pieces", pieces.len());
            }
        }
    }
}
