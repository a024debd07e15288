-- A submission can be withdrawn, with a reason. A check cannot be altered, so the ledger is written anew.

create table submissions_next (
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
    withdrawn_at timestamp,
    withdrawn_reason varchar,
    check (n_accepted + n_rejected = n_input),
    check (status in ('loaded', 'superseded', 'withdrawn'))
);

insert into submissions_next (
    load_number, submission_id, source_name, sha256, mapping_name, mapping_sha256, received_at, site_ids,
    n_input, n_accepted, n_rejected, gate, gate_reasons, status, superseded_by
)
select
    load_number, submission_id, source_name, sha256, mapping_name, mapping_sha256, received_at, site_ids,
    n_input, n_accepted, n_rejected, gate, gate_reasons, status, superseded_by
from submissions;

drop table submissions;

alter table submissions_next rename to submissions;
