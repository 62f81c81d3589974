"""What the sealed columns of tickets are sealed for."""

TICKET, CODE, DATA = "tickets.body", "tickets.query_code", "ticket_events.data"
