-- Settled dead letters are kept as long as the inbox, and then deleted. Those that wait stay until somebody settles them.

-- migrate:up

create index dead_letter_settled on dead_letter (settled_at) where state <> 'waiting';

do $$
begin
    execute format('grant delete on dead_letter to %I', replace(current_user, '_owner', '_runtime'));
end
$$;

-- migrate:down

do $$
begin
    execute format('revoke delete on dead_letter from %I', replace(current_user, '_owner', '_runtime'));
end
$$;

drop index dead_letter_settled;
