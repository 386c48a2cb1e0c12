-- A database of format 1, as its first release makes it, with rows. Never edit: later versions must open it.

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

INSERT INTO photos VALUES
    ('aaaaaaaaaaaaaaaa01', 1234567890123456789, 'shirt.jpg', 'photos/aaaaaaaaaaaaaaaa01.jpg', '2026-05-01T08:00:00.000Z'),
    ('bbbbbbbbbbbbbbbb02', -98765432109876543, 'chinos.jpg', 'photos/bbbbbbbbbbbbbbbb02.jpg', '2026-05-01T08:00:01.000Z'),
    ('cccccccccccccccc03', 42, 'shoes.jpg', 'photos/cccccccccccccccc03.jpg', '2026-05-01T08:00:02.000Z');
INSERT INTO garments VALUES
    ('aaaaaaaaaaaa', 'aaaaaaaaaaaaaaaa01', 'crops/aaaaaaaaaaaa.jpg', '[1.0,2.0,300.0,400.0]', 'blouse', 0.5,
     '[{"name":"white","hex":"#f4f4f2","fraction":1.0}]', 'test-embedder', '2026-05-01T08:00:00.000Z'),
    ('bbbbbbbbbbbb', 'bbbbbbbbbbbbbbbb02', 'crops/bbbbbbbbbbbb.jpg', '[0.0,0.0,300.0,400.0]', 'chinos', 0.9,
     '[{"name":"navy","hex":"#1f2a44","fraction":1.0}]', 'test-embedder', '2026-05-01T08:00:01.000Z'),
    ('cccccccccccc', 'cccccccccccccccc03', 'crops/cccccccccccc.jpg', '[0.0,0.0,300.0,400.0]', 'loafers', 0.9,
     '[{"name":"brown","hex":"#5c3a21","fraction":1.0}]', 'test-embedder', '2026-05-01T08:00:02.000Z');
INSERT INTO edits VALUES ('aaaaaaaaaaaa', 'category', '"shirt"', '2026-05-02T08:00:00.000Z');
