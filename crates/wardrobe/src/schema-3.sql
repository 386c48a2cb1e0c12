-- Format 3: tags, the wear log, settings, several photos of a garment, and removing that can be taken back.

INSERT INTO wardrobe_format VALUES (3);

-- What the tagger saw of a garment: JSON {pattern, fit, formality, seasons, styles}. NULL: no tagger has said.
ALTER TABLE garments ADD COLUMN tags TEXT;

-- A garment that is a further photo of another, which is the one that is shown. NULL: it is one of its own.
ALTER TABLE garments ADD COLUMN view_of TEXT REFERENCES garments (id) ON DELETE CASCADE;
-- NULL: it is there.
ALTER TABLE garments ADD COLUMN removed_at TEXT;

CREATE INDEX garments_view_of ON garments (view_of);

-- What was worn, beside what feedback says was worn. Days are those of the wearer's own calendar.
CREATE TABLE wears (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    day       TEXT NOT NULL, -- YYYY-MM-DD
    garments  TEXT NOT NULL, -- JSON [garment id]
    said_at   TEXT NOT NULL,
    undone_at TEXT           -- NULL: it counts
) STRICT;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL -- JSON
) STRICT;
