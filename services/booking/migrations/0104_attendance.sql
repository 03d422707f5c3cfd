-- migrate:up

-- Whether those who booked came, as the queue says: for the programme's rule on absence, and for the visitor.
create table attendance (
    visit_id text primary key,
    version bigint not null,
    booking_id uuid not null references booking,
    came boolean not null
);
create index attendance_by_booking on attendance (booking_id);

grant select, insert, update on attendance to booking_runtime;

-- migrate:down
drop table attendance;
