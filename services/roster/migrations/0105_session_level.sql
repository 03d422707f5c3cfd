-- migrate:up

-- On which level of the ladder a session is, by its programme. Sessions that were planned before it was kept learn it
-- with the next planning ahead, which amends those to come; what is past stays as it was told.
alter table session add column level text;
alter table session add constraint session_level_known check (level in ('window', 'joint_review', 'supervision'));

-- migrate:down
alter table session drop column level;
