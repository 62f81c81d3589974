"""The ways in which citizens reach us, one folder each, all alike."""
