-- migrate:up

-- When words and addresses of a message were deleted: the marker by which its state is told no more.
alter table message add column forgotten_at timestamptz;
drop index message_to_forget;
create index message_to_forget on message (settled_at) where forgotten_at is null;

-- migrate:down
drop index message_to_forget;
create index message_to_forget on message (settled_at) where body is not null or phone is not null;
alter table message drop column forgotten_at;
