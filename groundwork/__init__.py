"""What the gateway and the dispatch desk both stand on: settings, clock, vault, database, outbox, HTTP manners."""
