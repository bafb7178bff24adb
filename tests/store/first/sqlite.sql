CREATE TABLE checkpoint (
    shard VARCHAR NOT NULL,
    cursor VARCHAR NOT NULL,
    PRIMARY KEY (shard)
);

CREATE TABLE coverage (
    scan_id VARCHAR NOT NULL,
    shard VARCHAR NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (scan_id, shard)
);

CREATE TABLE decision (
    one VARCHAR NOT NULL,
    other VARCHAR NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (one, other)
);

CREATE TABLE fact (
    shard VARCHAR NOT NULL,
    "key" VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    first_at VARCHAR NOT NULL,
    changed_at VARCHAR NOT NULL,
    stale INTEGER DEFAULT '0' NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (shard, "key")
);

CREATE INDEX fact_key ON fact ("key");

CREATE TABLE fact_change (
    id INTEGER NOT NULL,
    scan_id VARCHAR NOT NULL,
    shard VARCHAR NOT NULL,
    "key" VARCHAR NOT NULL,
    "before" BLOB,
    PRIMARY KEY (id)
);

CREATE INDEX fact_change_scan ON fact_change (scan_id);

CREATE TABLE finding (
    fingerprint VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (fingerprint)
);

CREATE TABLE finding_decision (
    id VARCHAR NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE finding_event (
    id INTEGER NOT NULL,
    fingerprint VARCHAR NOT NULL,
    scan_id VARCHAR NOT NULL,
    at VARCHAR NOT NULL,
    change VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX finding_event_fingerprint ON finding_event (fingerprint);

CREATE TABLE memory (
    shard VARCHAR NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (shard)
);

CREATE TABLE meta (
    "key" VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY ("key")
);

CREATE TABLE scan (
    id VARCHAR NOT NULL,
    started_at VARCHAR NOT NULL,
    finished_at VARCHAR,
    exit_code INTEGER,
    config_digest VARCHAR NOT NULL,
    versions VARCHAR NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE snapshot (
    scan_id VARCHAR NOT NULL,
    at VARCHAR NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (scan_id)
);

CREATE TABLE ticket (
    sink VARCHAR NOT NULL,
    "key" VARCHAR NOT NULL,
    token VARCHAR NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (sink, "key")
);
