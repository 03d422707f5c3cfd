-- migrate:up

-- How often in a row preparing the message failed in a way that nobody foresaw; waiting for what is missing is no failure.
alter table message add column preparation_failures integer not null default 0;
alter table message add constraint message_preparation_failures_bounded check (preparation_failures between 0 and 100);

-- migrate:down
alter table message drop column preparation_failures;
