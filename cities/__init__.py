"""The law of each city as data, and what reads it."""
