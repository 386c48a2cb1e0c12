-- A database of format 3, as its first release makes it. Never edit: later versions must open it.
CREATE TABLE vectors_format (version INTEGER NOT NULL) STRICT;
CREATE TABLE vectors_collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    dimension INTEGER NOT NULL,
    metric TEXT NOT NULL,
    embedder TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    precision TEXT NOT NULL DEFAULT 'f32',
    records INTEGER NOT NULL DEFAULT 0,
    digest INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE vectors_records (
    collection INTEGER NOT NULL REFERENCES vectors_collections (id),
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    norm REAL NOT NULL,
    metadata TEXT NOT NULL,
    vector BLOB NOT NULL,
    token INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (collection, user, id)
) STRICT;
CREATE INDEX vectors_records_by_revision ON vectors_records (collection, revision);
CREATE TABLE vectors_removed (
    collection INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    token INTEGER NOT NULL,
    PRIMARY KEY (collection, revision, token)
) STRICT, WITHOUT ROWID;
CREATE TABLE vectors_mirrors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    default_user TEXT NOT NULL
) STRICT;
CREATE TABLE vectors_queue (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    mirror INTEGER NOT NULL REFERENCES vectors_mirrors (id),
    collection INTEGER NOT NULL,
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    UNIQUE (mirror, collection, user, id) ON CONFLICT REPLACE
) STRICT;
INSERT INTO vectors_format VALUES (3);
INSERT INTO vectors_collections VALUES
    (1, 'looks', 2, 'cosine', 'starter-v1', 3, 'f32', 2, 30),
    (2, 'half', 2, 'cosine', 'starter-v1', 1, 'f16', 1, 40);
INSERT INTO vectors_records VALUES
    (1, 'default', 'shirt', 1, 5.0, '{"formality":0.5,"slots":["top"]}', x'0000404000008040', 10),
    (1, 'default', 'jeans', 2, 2.0, '{}', x'0000004000000000', 20),
    (2, 'default', 'jeans', 1, 2.0, '{}', x'00400000', 40);
INSERT INTO vectors_removed VALUES (1, 3, 30);
INSERT INTO vectors_mirrors VALUES (1, 'http://localhost:8000', '5eed0123456789ab');
INSERT INTO vectors_queue VALUES (1, 1, 1, 'default', 'shirt'), (4, 1, 1, 'default', 'socks');
