\set department random(1, :departments)
insert into bare.ticket (department, arrived_at) values (:department, now());
update bare.ticket set state = 'called', called_at = now() where ticket_id = (select ticket_id from bare.ticket where department = :department and state = 'waiting' order by arrived_at limit 1 for update skip locked);
update bare.ticket set state = 'serving', started_at = now() where ticket_id = (select ticket_id from bare.ticket where department = :department and state = 'called' limit 1 for update skip locked);
update bare.ticket set state = 'finished', finished_at = now() where ticket_id = (select ticket_id from bare.ticket where department = :department and state = 'serving' limit 1 for update skip locked);
