-- A database of format 1, as its first release makes it. Never edit: later versions must open it.
CREATE TABLE vectors_format (version INTEGER NOT NULL) STRICT;
CREATE TABLE vectors_collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    dimension INTEGER NOT NULL,
    metric TEXT NOT NULL,
    embedder TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE vectors_records (
    collection INTEGER NOT NULL REFERENCES vectors_collections (id),
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    norm REAL NOT NULL,
    metadata TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (collection, user, id)
) STRICT;
CREATE INDEX vectors_records_by_revision ON vectors_records (collection, revision);
INSERT INTO vectors_format VALUES (1);
INSERT INTO vectors_collections VALUES (1, 'looks', 2, 'cosine', 'starter-v1', 2);
INSERT INTO vectors_records VALUES
    (1, 'default', 'shirt', 1, 5.0, '{"formality":0.5,"slots":["top"]}', x'0000404000008040'),
    (1, 'default', 'jeans', 2, 2.0, '{}', x'0000004000000000');
