//! Reproducible pseudo-random numbers.

/// Pseudo-random number generator (splitmix64).
///
/// Not that of the `rand` crate, whose sequences may change between releases: a seed of a report
/// must reproduce its cases.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// Creates the generator of one stream of a seed. Streams are independent of each other.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = Self(seed ^ stream.wrapping_mul(0x2545_F491_4F6C_DD1D));
        rng.next();
        rng
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`, which must not be 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("less than a bound that fits")
    }

    /// Returns true in `percent` of 100 draws.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Returns an item of `from`, which must not be empty.
    pub(crate) fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Shuffles `items`.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_stream_determine_the_numbers() {
        let draw = |mut rng: Rng| (0..20).map(|_| rng.below(1_000)).collect::<Vec<_>>();
        assert_eq!(draw(Rng::new(7, 3)), draw(Rng::new(7, 3)));
        assert_ne!(draw(Rng::new(7, 3)), draw(Rng::new(7, 4)));
        assert_ne!(draw(Rng::new(7, 3)), draw(Rng::new(8, 3)));
        let mut items: Vec<_> = (0..50).collect();
        Rng::new(1, 0).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
