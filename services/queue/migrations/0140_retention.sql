-- migrate:up

-- When what names a person was taken out of a row, after its term or because the person asked. The row stays, for
-- figures count rows; of a ticket it is also the marker by which its state is told no more.
alter table ticket add column forgotten_at timestamptz;
alter table outcome
    add column forgotten_at timestamptz,
    drop constraint outcome_explained,
    add constraint outcome_explained
        check (kind in ('handled', 'guided') or said is not null or forgotten_at is not null);
alter table remark
    add column forgotten_at timestamptz,
    alter column text drop not null,
    add constraint remark_worded check ((text is null) = (forgotten_at is not null));
alter table promise
    add column forgotten_at timestamptz,
    drop constraint promise_issue_written,
    add constraint promise_issue_written
        check (forgotten_at is not null or (kind = 'written_issue') = (text is not null)),
    drop constraint promise_kept_by_call,
    add constraint promise_kept_by_call check (
        kind = 'next_session'
        or ((kept_at is null) = (kept_by is null) and (forgotten_at is not null or (kept_at is null) = (said is null)))),
    add constraint promise_forgotten_once_kept check (forgotten_at is null or kept_at is not null);

create index ticket_to_forget on ticket (session_id)
    where card is not null or request_digest is not null or person_key is not null;
create index outcome_to_forget on outcome (ticket_id) where said is not null;
create index remark_to_forget on remark (session_id) where text is not null;
create index promise_to_forget on promise (kept_at) where kept_at is not null and forgotten_at is null;

-- migrate:down
drop index promise_to_forget;
drop index remark_to_forget;
drop index outcome_to_forget;
drop index ticket_to_forget;
-- What was forgotten does not come back: its rows go with the column that says so.
delete from promise where forgotten_at is not null;
alter table promise
    drop constraint promise_forgotten_once_kept,
    drop constraint promise_kept_by_call,
    add constraint promise_kept_by_call check (
        kind = 'next_session' or ((kept_at is null) = (kept_by is null) and (kept_at is null) = (said is null))),
    drop constraint promise_issue_written,
    add constraint promise_issue_written check ((kind = 'written_issue') = (text is not null)),
    drop column forgotten_at;
delete from remark where text is null;
alter table remark drop constraint remark_worded, alter column text set not null, drop column forgotten_at;
delete from outcome where forgotten_at is not null and said is null;
alter table outcome
    drop constraint outcome_explained,
    add constraint outcome_explained check (kind in ('handled', 'guided') or said is not null),
    drop column forgotten_at;
alter table ticket drop column forgotten_at;
