"""The chat on our own pages, over REST."""
