-- A database of format 2, as its first release makes it, with rows. Never edit: later versions must open it.

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

INSERT INTO outfits VALUES ('0123456789abcdef', '["aaaaaaaaaaaa","bbbbbbbbbbbb","cccccccccccc"]', '2026-05-03T08:00:00.000Z');
INSERT INTO feedback (outfit, signal, items, instead, said_at, undone_at) VALUES
    ('0123456789abcdef', 'like', '[{"id":"aaaaaaaaaaaa","category":"shirt","colors":[{"name":"white","hex":"#f4f4f2","fraction":1.0}],"formality":0.6,"pattern":null,"seasons":[],"styles":[],"embedding":null,"laundry":false,"certainty":0.9},
      {"id":"bbbbbbbbbbbb","category":"chinos","colors":[{"name":"navy","hex":"#1f2a44","fraction":1.0}],"formality":0.5,"pattern":null,"seasons":[],"styles":[],"embedding":null,"laundry":false,"certainty":0.9},
      {"id":"cccccccccccc","category":"loafers","colors":[{"name":"brown","hex":"#5c3a21","fraction":1.0}],"formality":0.65,"pattern":null,"seasons":[],"styles":[],"embedding":null,"laundry":false,"certainty":0.9}]', NULL, '2026-05-03T12:00:00.000Z', NULL),
    ('0123456789abcdef', 'wear', '[{"id":"aaaaaaaaaaaa","category":"shirt","colors":[{"name":"white","hex":"#f4f4f2","fraction":1.0}],"formality":0.6,"pattern":null,"seasons":[],"styles":[],"embedding":null,"laundry":false,"certainty":0.9},
      {"id":"bbbbbbbbbbbb","category":"chinos","colors":[{"name":"navy","hex":"#1f2a44","fraction":1.0}],"formality":0.5,"pattern":null,"seasons":[],"styles":[],"embedding":null,"laundry":false,"certainty":0.9},
      {"id":"cccccccccccc","category":"loafers","colors":[{"name":"brown","hex":"#5c3a21","fraction":1.0}],"formality":0.65,"pattern":null,"seasons":[],"styles":[],"embedding":null,"laundry":false,"certainty":0.9}]', '{"id":"dddddddddddd","category":"boots","colors":[{"name":"black","hex":"#1a1a1a","fraction":1.0}],"formality":0.4,"pattern":null,"seasons":[],"styles":[],"embedding":null,"laundry":false,"certainty":0.9}', '2026-05-04T12:00:00.000Z', NULL),
    ('0123456789abcdef', 'wear', '[{"id":"aaaaaaaaaaaa","category":"shirt","colors":[{"name":"white","hex":"#f4f4f2","fraction":1.0}],"formality":0.6,"pattern":null,"seasons":[],"styles":[],"embedding":null,"laundry":false,"certainty":0.9},
      {"id":"bbbbbbbbbbbb","category":"chinos","colors":[{"name":"navy","hex":"#1f2a44","fraction":1.0}],"formality":0.5,"pattern":null,"seasons":[],"styles":[],"embedding":null,"laundry":false,"certainty":0.9},
      {"id":"cccccccccccc","category":"loafers","colors":[{"name":"brown","hex":"#5c3a21","fraction":1.0}],"formality":0.65,"pattern":null,"seasons":[],"styles":[],"embedding":null,"laundry":false,"certainty":0.9}]', NULL, '2026-05-05T12:00:00.000Z', '2026-05-06T12:00:00.000Z');
