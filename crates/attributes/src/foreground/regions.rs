//! Masks: growing, shrinking, filling, and their connected parts.

/// A yes or no for each cell of a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mask {
    width: usize,
    height: usize,
    cells: Vec<bool>,
}

impl Mask {
    pub fn new(width: usize, height: usize, cells: Vec<bool>) -> Self {
        debug_assert_eq!(cells.len(), width * height);
        Self {
            width,
            height,
            cells,
        }
    }

    /// The middle of the grid: half its width and six tenths of its height.
    pub fn middle(width: usize, height: usize) -> Self {
        let inside = |at: usize, length: usize, margin: f32| {
            let margin = (length as f32 * margin) as usize;
            (margin..length - margin).contains(&at)
        };
        let cells = (0..width * height)
            .map(|i| inside(i % width, width, 0.25) && inside(i / width, height, 0.2))
            .collect();
        Self {
            width,
            height,
            cells,
        }
    }

    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    pub fn cells(&self) -> &[bool] {
        &self.cells
    }

    pub fn get(&self, x: usize, y: usize) -> bool {
        self.cells[y * self.width + x]
    }

    pub fn coverage(&self) -> f32 {
        self.cells.iter().filter(|&&cell| cell).count() as f32 / self.cells.len() as f32
    }

    /// Left, top, right and bottom edges around the set cells; all 0 where there are none.
    pub fn extent(&self) -> (usize, usize, usize, usize) {
        let low = |of: fn((usize, usize)) -> usize| self.set_cells().map(of).min().unwrap_or(0);
        let high = |of: fn((usize, usize)) -> usize| {
            self.set_cells().map(of).max().map_or(0, |last| last + 1)
        };
        (
            low(|at| at.0),
            low(|at| at.1),
            high(|at| at.0),
            high(|at| at.1),
        )
    }

    fn inverted(&self) -> Self {
        Self {
            cells: self.cells.iter().map(|cell| !cell).collect(),
            ..*self
        }
    }

    /// The set cells whose four neighbours are all set; beyond the grid counts as set.
    pub fn eroded(&self) -> Self {
        let cells = (0..self.cells.len())
            .map(|i| self.cells[i] && neighbours(i, self.width, self.height).all(|j| self.cells[j]))
            .collect();
        Self { cells, ..*self }
    }

    /// The set cells and their four neighbours.
    pub fn dilated(&self) -> Self {
        self.inverted().eroded().inverted()
    }

    /// Without parts thinner than three cells: hanger hooks, threads, seams of a floor.
    pub fn opened(&self) -> Self {
        self.eroded().dilated()
    }

    /// Column and row of every set cell, row by row.
    pub fn set_cells(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.cells.len())
            .filter(|&i| self.cells[i])
            .map(|i| (i % self.width, i / self.width))
    }

    /// With holes filled, but for those through which one sees the ground: where `ground` cells lie in a blob at least
    /// `2 * radius + 1` cells thick. A strap or a sandal has such holes; a stripe or a letter of the ground's colour is
    /// thinner. Where they would be more than half of the whole, it is a garment of the ground's colour, and all is filled.
    pub fn filled(&self, ground: &[bool], radius: usize) -> Self {
        let (labels, parts) = self.inverted().parts();
        let mut open = vec![false; parts];
        for i in edge_cells(self.width, self.height) {
            if let Some(part) = labels[i] {
                open[part] = true;
            }
        }
        let hole = |i: usize| labels[i].is_some_and(|part| !open[part]);
        let whole = Self {
            cells: (0..labels.len())
                .map(|i| self.cells[i] || hole(i))
                .collect(),
            ..*self
        };
        let seen = Self {
            cells: (0..labels.len()).map(|i| hole(i) && ground[i]).collect(),
            ..*self
        };
        let core = (0..radius).fold(seen, |seen, _| seen.eroded());
        let seen = (0..=radius).fold(core, |core, _| core.dilated());
        let through: Vec<bool> = (0..labels.len())
            .map(|i| hole(i) && seen.cells[i])
            .collect();
        if 2 * through.iter().filter(|&&cell| cell).count()
            > whole.cells.iter().filter(|&&cell| cell).count()
        {
            return whole;
        }
        let cells = whole
            .cells
            .iter()
            .zip(&through)
            .map(|(&whole, &through)| whole && !through)
            .collect();
        Self { cells, ..*self }
    }

    /// The part with the greatest weight, and every other with at least `ratio` of that weight.
    ///
    /// `weight` is per cell, not negative. `None` where nothing is set.
    pub fn main_parts(&self, weight: &[f32], ratio: f32) -> Option<Self> {
        let (labels, parts) = self.parts();
        let mut totals = vec![0.0_f32; parts];
        for (label, weight) in labels.iter().zip(weight) {
            if let Some(part) = label {
                totals[*part] += weight;
            }
        }
        let greatest = totals.iter().copied().max_by(f32::total_cmp)?;
        let cells = labels
            .iter()
            .map(|label| label.is_some_and(|part| totals[part] >= ratio * greatest))
            .collect();
        Some(Self { cells, ..*self })
    }

    /// The four-connected part each set cell is in, and how many parts there are.
    fn parts(&self) -> (Vec<Option<usize>>, usize) {
        let mut labels = vec![None; self.cells.len()];
        let mut parts = 0;
        let mut stack = Vec::new();
        for start in 0..self.cells.len() {
            if !self.cells[start] || labels[start].is_some() {
                continue;
            }
            labels[start] = Some(parts);
            stack.push(start);
            while let Some(i) = stack.pop() {
                for j in neighbours(i, self.width, self.height) {
                    if self.cells[j] && labels[j].is_none() {
                        labels[j] = Some(parts);
                        stack.push(j);
                    }
                }
            }
            parts += 1;
        }
        (labels, parts)
    }
}

/// The cells left, right, above and below, within the grid.
pub(crate) fn neighbours(i: usize, width: usize, height: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (i % width, i / width);
    [
        (x > 0).then(|| i - 1),
        (x + 1 < width).then(|| i + 1),
        (y > 0).then(|| i - width),
        (y + 1 < height).then(|| i + width),
    ]
    .into_iter()
    .flatten()
}

fn edge_cells(width: usize, height: usize) -> impl Iterator<Item = usize> {
    (0..width * height).filter(move |i| {
        let (x, y) = (i % width, i / width);
        x == 0 || y == 0 || x + 1 == width || y + 1 == height
    })
}
