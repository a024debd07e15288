-- The ledger, and what was found in each submission. The canonical tables come from tables.sql.
-- A primary key stands on the ledger only: on the big tables it doubles the file and slows the load.

create sequence load_numbers start 1;

create table submissions (
    load_number bigint primary key default nextval('load_numbers'),
    submission_id varchar not null,
    source_name varchar not null,
    sha256 varchar not null,
    mapping_name varchar,
    mapping_sha256 varchar,
    received_at timestamp not null,
    site_ids varchar[] not null,
    n_input bigint not null,
    n_accepted bigint not null,
    n_rejected bigint not null,
    gate varchar not null,
    gate_reasons varchar[] not null,
    status varchar not null,
    superseded_by varchar,
    check (n_accepted + n_rejected = n_input),
    check (status in ('loaded', 'superseded'))
);

create table quarantine (
    submission_id varchar not null,
    site_id varchar,
    table_name varchar not null,
    source_row bigint,
    record bigint,
    rule_id varchar,
    is_cascade boolean,
    row_json varchar not null
);

create table findings (
    submission_id varchar not null,
    site_id varchar,
    rule_id varchar,
    level varchar,
    file varchar,
    "table" varchar,
    "column" varchar,
    header varchar,
    "row" bigint,
    record bigint,
    line bigint,
    sentence varchar,
    remedy varchar,
    n bigint
);
