CREATE TABLE checkpoint (
    shard VARCHAR COLLATE "C" NOT NULL,
    cursor VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (shard)
);

CREATE TABLE coverage (
    scan_id VARCHAR COLLATE "C" NOT NULL,
    shard VARCHAR COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (scan_id, shard)
);

CREATE TABLE decision (
    one VARCHAR COLLATE "C" NOT NULL,
    other VARCHAR COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (one, other)
);

CREATE TABLE fact (
    shard VARCHAR COLLATE "C" NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    digest VARCHAR COLLATE "C" NOT NULL,
    first_at VARCHAR COLLATE "C" NOT NULL,
    changed_at VARCHAR COLLATE "C" NOT NULL,
    stale INTEGER DEFAULT '0' NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (shard, key)
);

CREATE INDEX fact_key ON fact (key);

CREATE TABLE fact_change (
    id SERIAL NOT NULL,
    scan_id VARCHAR COLLATE "C" NOT NULL,
    shard VARCHAR COLLATE "C" NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    before BYTEA,
    PRIMARY KEY (id)
);

CREATE INDEX fact_change_scan ON fact_change (scan_id);

CREATE TABLE finding (
    fingerprint VARCHAR COLLATE "C" NOT NULL,
    status VARCHAR COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (fingerprint)
);

CREATE TABLE finding_decision (
    id VARCHAR COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE finding_event (
    id SERIAL NOT NULL,
    fingerprint VARCHAR COLLATE "C" NOT NULL,
    scan_id VARCHAR COLLATE "C" NOT NULL,
    at VARCHAR COLLATE "C" NOT NULL,
    change VARCHAR COLLATE "C" NOT NULL,
    detail VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX finding_event_fingerprint ON finding_event (fingerprint);

CREATE TABLE memory (
    shard VARCHAR COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (shard)
);

CREATE TABLE meta (
    key VARCHAR COLLATE "C" NOT NULL,
    value VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (key)
);

CREATE TABLE scan (
    id VARCHAR COLLATE "C" NOT NULL,
    started_at VARCHAR COLLATE "C" NOT NULL,
    finished_at VARCHAR COLLATE "C",
    exit_code INTEGER,
    config_digest VARCHAR COLLATE "C" NOT NULL,
    versions VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE snapshot (
    scan_id VARCHAR NOT NULL,
    at VARCHAR NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (scan_id)
);

CREATE TABLE ticket (
    sink VARCHAR COLLATE "C" NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    token VARCHAR COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (sink, key)
);
