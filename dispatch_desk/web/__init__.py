"""The desk's pages and its door for events."""
