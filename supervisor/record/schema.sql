-- The record as an SQLite database: what `--format sqlite` writes, and what the other formats are made from.
-- Bytes of a name that are no UTF-8 make its value a BLOB; all others are TEXT. Times are nanoseconds since the start.

PRAGMA user_version = 1;

-- One row a fact about the run: format, version, command (JSON array), cwd, host, user, start (ns since 1970), view (0 or 1),
-- status (exit status, or 128+N), complete (0: the record was cut off), lost, damaged (parts that could not be read).
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE process (
    id INTEGER PRIMARY KEY,       -- numbered from 1; pids may be used again, these are not
    pid INTEGER,
    parent INTEGER REFERENCES process,
    start INTEGER,                -- ns
    end INTEGER,                  -- NULL: it did not end while it was recorded
    exit_code INTEGER,            -- or NULL
    signal INTEGER,               -- that ended it, or NULL
    user_us INTEGER, system_us INTEGER, max_resident_kb INTEGER,
    program TEXT,                 -- path of what it executed last, or its parent's
    command TEXT                  -- words of that, as a JSON array
);

CREATE TABLE exec (               -- a process may become several programs, one after the other
    id INTEGER PRIMARY KEY,
    process INTEGER NOT NULL REFERENCES process,
    time INTEGER NOT NULL,
    program INTEGER REFERENCES path,
    command TEXT,                 -- JSON array
    cwd TEXT,
    environment TEXT,             -- JSON array, or NULL: not asked for
    cut INTEGER NOT NULL DEFAULT 0 -- some words were not kept
);

CREATE INDEX exec_process ON exec (process, time);

CREATE TABLE path (id INTEGER PRIMARY KEY, name UNIQUE NOT NULL);

CREATE TABLE event (              -- one row a process, kind, path, call and result; see count
    id INTEGER PRIMARY KEY,       -- in the order in which they came
    time INTEGER NOT NULL,        -- of the first
    process INTEGER REFERENCES process,
    kind TEXT NOT NULL,           -- read write create delete rename link metadata list look exec map absent
    call TEXT,
    path INTEGER REFERENCES path,
    path2 INTEGER REFERENCES path,
    said,                         -- as the program said it, where that is not the path
    said2,
    error INTEGER NOT NULL DEFAULT 0, -- errno
    flags INTEGER NOT NULL DEFAULT 0, -- 1 in the layer, 2 directory, 4 exchanged, 8 predicted, 16 opened for reading too, 64 unresolved
    count INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX event_path ON event (path);
CREATE INDEX event_path2 ON event (path2) WHERE path2 IS NOT NULL;
CREATE INDEX event_process ON event (process, path);

CREATE TABLE connection (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    process INTEGER REFERENCES process,
    kind TEXT NOT NULL,           -- connect bind accept
    call TEXT,
    address TEXT NOT NULL,
    error INTEGER NOT NULL DEFAULT 0,
    count INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX connection_process ON connection (process, address);

CREATE TABLE hash (
    path INTEGER NOT NULL REFERENCES path,
    state TEXT NOT NULL,          -- before: as it was before this run changed it; after: at the end
    algorithm TEXT NOT NULL,      -- sha256 blake2b git
    digest TEXT NOT NULL,         -- hexadecimal
    size INTEGER NOT NULL,
    PRIMARY KEY (path, state, algorithm)
) WITHOUT ROWID;

CREATE TABLE violation (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    process INTEGER REFERENCES process,
    call TEXT, path, rule TEXT, text TEXT
);

-- What each path was to the run as a whole, in the order of its events; renamed directories take what is in them along.
CREATE TABLE file (
    path INTEGER PRIMARY KEY REFERENCES path,
    input INTEGER NOT NULL DEFAULT 0,    -- it was there before, and was opened for reading, listed, executed or mapped as it was
    output INTEGER NOT NULL DEFAULT 0,   -- made or written by the run, and there at the end
    temporary INTEGER NOT NULL DEFAULT 0,-- made by the run, and gone at the end
    deleted INTEGER NOT NULL DEFAULT 0,  -- there before, and gone at the end
    absent INTEGER NOT NULL DEFAULT 0,   -- looked for, and never there
    looked INTEGER NOT NULL DEFAULT 0,   -- only asked about
    metadata INTEGER NOT NULL DEFAULT 0, -- there before, and its mode, owner, times or attributes were changed
    directory INTEGER NOT NULL DEFAULT 0,
    size INTEGER                         -- at the end of the run where it is known, else when the report is made; NULL: not known
);
CREATE INDEX file_output ON file (output) WHERE output;
CREATE INDEX file_input ON file (input) WHERE input;
