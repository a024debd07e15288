-- Numerator, denominator and status of every rule by site: other limits can be tried without checking again.

create table rule_results (
    submission_id varchar not null,
    rule_id varchar not null,
    site_id varchar,
    "table" varchar,
    "column" varchar,
    status varchar not null,
    n_violating bigint,
    n_checked bigint,
    value double,
    is_waived boolean
);
