//! The three checksums that the S3 client knows, under the names of the crate `crc-fast`.
//!
//! `aws-smithy-checksums` takes them from `crc-fast`, whose code finds the table of an algorithm
//! while it runs: those of all hundred stay in every program, 0.6 MB that do not compress, a tenth
//! of what a Lambda function is loaded from. What is called here is as fast, and
//! `[patch.crates-io]` in the manifest of the workspace puts it in that place. A connector in a
//! workspace of its own can do the same, or be that much larger.

/// Which checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC-32 of Ethernet and zip.
    Crc32IsoHdlc,
    /// CRC-32C.
    Crc32Iscsi,
    /// CRC-64/NVME.
    Crc64Nvme,
}

/// The checksum of bytes that come piece by piece.
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
    /// Of no bytes yet.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Crc32(crc32fast::Hasher::new()),
            CrcAlgorithm::Crc32Iscsi => State::Crc32c(0),
            CrcAlgorithm::Crc64Nvme => State::Crc64(crc64fast_nvme::Digest::new()),
        })
    }

    /// Of `bytes` too.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(hasher) => hasher.update(bytes),
            State::Crc32c(sum) => *sum = crc32c::crc32c_append(*sum, bytes),
            State::Crc64(digest) => digest.write(bytes),
        }
    }

    /// Of all that came; those of 32 bits are the low half.
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

    /// The check values of the catalogue of CRC algorithms,
    /// <https://reveng.sourceforge.io/crc-catalogue/all.htm>.
    #[test]
    fn sums_are_those_of_the_catalogue_whole_or_in_pieces() {
        let sums = [
            (CrcAlgorithm::Crc32IsoHdlc, 0xCBF4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xE306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xAE8B_1486_0A79_9888),
        ];
        for (algorithm, expected) in sums {
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
