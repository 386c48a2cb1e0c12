//! A server that holds the vectors too, for many machines or programs to ask.
//!
//! The wardrobe's own database stays the truth: each change is written there, and in the same transaction queued for the
//! server. What a server does not take now, it is sent the next time.

use serde::Serialize;
use wardrobe_vector_index::VectorStore;

use crate::{Filter, Result, Wardrobe, vectors};

/// What was sent to a server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Vectors it has taken.
    pub sent: usize,
    /// Vectors that wait for the next time.
    pub waiting: usize,
    /// Why they do.
    pub error: Option<String>,
}

impl Wardrobe {
    /// Lets a server hold the vectors, too, and answer what is alike, in [`Wardrobe::similar`] and [`Wardrobe::search`].
    ///
    /// `name` stands for it, such as its address: what waits for a server waits under this name. Nothing is sent yet: see
    /// [`Wardrobe::deliver`]. All that is asked of the server is sent before.
    ///
    /// # Errors
    /// A database that cannot be read or, the first time, written.
    pub fn mirror_to(&mut self, name: &str, server: Box<dyn VectorStore>) -> Result<()> {
        self.vectors()?;
        let Some(vectors) = self.vectors.get_mut() else {
            return Ok(());
        };
        let known = vectors.is_mirrored_to(name)?;
        vectors.mirror_to(name, server)?;
        if known {
            return Ok(());
        }
        // Vectors that an earlier version has stored lack what filters look at.
        let collections = self.vectors()?.collections()?;
        let shown = self.garments(&Filter::default())?;
        let removed = self.removed()?;
        self.store.transaction(|tx| {
            let shown = shown.iter().map(|garment| (garment, false));
            let removed = removed.iter().map(|garment| (garment, true));
            shown.chain(removed).try_for_each(|(garment, removed)| {
                vectors::describe_in(tx, garment, removed, &collections)
            })
        })
    }

    /// Sends the server what waits for it, and calls `progress` with how many vectors it has taken so far, of how many.
    /// `None` where there is no server. A server that cannot take them is no error: [`Delivery::error`] says so, and they
    /// go on waiting.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn deliver(&self, mut progress: impl FnMut(usize, usize)) -> Result<Option<Delivery>> {
        let vectors = self.vectors()?;
        let Some(total) = vectors.waiting()? else {
            return Ok(None);
        };
        let mut sent = 0;
        let outcome = vectors.send(|more| {
            sent += more;
            progress(sent, total.max(sent));
        });
        Ok(Some(Delivery {
            sent,
            waiting: vectors.waiting()?.unwrap_or_default(),
            error: outcome.err().map(|error| error.to_string()),
        }))
    }

    /// How many vectors wait for the server.
    pub(crate) fn waiting(&self) -> Result<usize> {
        Ok(self.vectors()?.waiting()?.unwrap_or_default())
    }
}
