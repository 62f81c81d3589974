"""The reference dispatch centre: a program of its own, with its own database."""
