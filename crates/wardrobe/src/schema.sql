-- Format 1 of wardrobe.db. Paths are relative to the wardrobe's folder.
-- Vectors live beside these tables, in those of the vector index.

CREATE TABLE wardrobe_format (
    version INTEGER NOT NULL
) STRICT;

INSERT INTO wardrobe_format VALUES (1);

CREATE TABLE photos (
    sha256   TEXT PRIMARY KEY,
    phash    INTEGER NOT NULL, -- 64 bits, as a signed integer
    name     TEXT NOT NULL,    -- what the file was called when it came in
    file     TEXT NOT NULL,
    added_at TEXT NOT NULL
) STRICT;

-- What the models saw. NULL: no model has said.
CREATE TABLE garments (
    id                  TEXT PRIMARY KEY,
    photo               TEXT NOT NULL REFERENCES photos (sha256) ON DELETE CASCADE,
    crop                TEXT NOT NULL,
    bbox                TEXT NOT NULL, -- JSON [x0, y0, x1, y1], pixels of the upright photo
    category            TEXT NOT NULL,
    category_confidence REAL NOT NULL,
    colors              TEXT NOT NULL, -- JSON [{name, hex, fraction}]
    embedder            TEXT NOT NULL,
    created_at          TEXT NOT NULL
) STRICT;

CREATE INDEX garments_photo ON garments (photo);

-- What the wearer said. Laid over `garments` on reading; analysing a photo again leaves it alone.
CREATE TABLE edits (
    garment   TEXT NOT NULL REFERENCES garments (id) ON DELETE CASCADE,
    field     TEXT NOT NULL,
    value     TEXT NOT NULL, -- JSON
    edited_at TEXT NOT NULL,
    PRIMARY KEY (garment, field)
) STRICT;
