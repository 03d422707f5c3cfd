-- What was erased here because somebody asked, by the order's id: an order that comes again is answered the same.
-- Numbers and ids alone; who it was is gone.

-- migrate:up

create table erasure_answer (
    erasure_id uuid not null,
    answer jsonb not null,
    answered_at timestamptz not null default clock_timestamp(),
    constraint erasure_answer_pkey primary key (erasure_id),
    constraint erasure_answer_bounded check (octet_length(answer::text) <= 131072)
);

do $$
begin
    execute format('grant select, insert, update on erasure_answer to %I', replace(current_user, '_owner', '_runtime'));
end
$$;

-- migrate:down

drop table erasure_answer;
