-- Settled dead letters are kept as long as the inbox, and then deleted. Those that wait stay until somebody settles them,
-- whatever the code does: the right to delete goes no further.

-- migrate:up

create index dead_letter_settled on dead_letter (settled_at) where state <> 'waiting';

do $$
begin
    execute format('grant delete on dead_letter to %I', replace(current_user, '_owner', '_runtime'));
end
$$;

create function refuse_to_delete_waiting() returns trigger
    language plpgsql
    as $$
    begin
        raise insufficient_privilege using
            message = 'a dead letter that waits is not to be deleted', constraint = 'dead_letter_waiting_stays';
    end
    $$;

create trigger dead_letter_waiting_stays before delete on dead_letter
    for each row when (old.state = 'waiting') execute function refuse_to_delete_waiting();

-- migrate:down

drop trigger dead_letter_waiting_stays on dead_letter;
drop function refuse_to_delete_waiting();

do $$
begin
    execute format('revoke delete on dead_letter from %I', replace(current_user, '_owner', '_runtime'));
end
$$;

drop index dead_letter_settled;
