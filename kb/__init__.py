"""Reviewed answers: what they are, how they come in and how one is found."""
