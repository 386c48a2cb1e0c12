-- Format 2 of wardrobe.db: what was recommended, and what the wearer said of it.

INSERT INTO wardrobe_format VALUES (2);

-- Outfits that were shown, so that feedback can name them.
CREATE TABLE outfits (
    id       TEXT PRIMARY KEY,
    garments TEXT NOT NULL, -- JSON [garment id]
    shown_at TEXT NOT NULL
) STRICT;

-- Every weight follows from these rows. Garments are kept as they were, for those that are removed later.
CREATE TABLE feedback (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    outfit    TEXT NOT NULL,
    signal    TEXT NOT NULL,
    items     TEXT NOT NULL, -- JSON [item]
    instead   TEXT,          -- JSON item
    said_at   TEXT NOT NULL,
    undone_at TEXT           -- NULL: it counts
) STRICT;
