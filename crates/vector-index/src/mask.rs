//! Which rows of a chunk.

/// Rows a chunk holds.
pub(crate) const CHUNK: usize = 1024;

/// A bit for each row of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mask([u64; CHUNK / 64]);

impl Mask {
    /// No row.
    pub(crate) const NONE: Self = Self([0; CHUNK / 64]);

    /// The rows that `test` holds for, of the first `rows`.
    pub(crate) fn of(rows: usize, test: impl Fn(usize) -> bool) -> Self {
        let mut mask = Self::NONE;
        for row in 0..rows {
            mask.0[row / 64] |= u64::from(test(row)) << (row % 64);
        }
        mask
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.0
    }

    pub(crate) fn from_words(words: &[u64]) -> Option<Self> {
        words.try_into().ok().map(Self)
    }

    pub(crate) fn contains(&self, row: usize) -> bool {
        self.0[row / 64] >> (row % 64) & 1 == 1
    }

    pub(crate) fn insert(&mut self, row: usize) {
        self.0[row / 64] |= 1 << (row % 64);
    }

    pub(crate) fn remove(&mut self, row: usize) {
        self.0[row / 64] &= !(1 << (row % 64));
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The rows of both.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.0
            .iter_mut()
            .zip(&other.0)
            .for_each(|(word, other)| *word &= other);
        self
    }

    /// The rows of either.
    pub(crate) fn or(mut self, other: &Self) -> Self {
        self.0
            .iter_mut()
            .zip(&other.0)
            .for_each(|(word, other)| *word |= other);
        self
    }

    /// The rows, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(self.0).flat_map(|(i, mut word)| {
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros())?;
                word &= word - 1;
                Some(64 * i + bit)
            })
        })
    }
}
