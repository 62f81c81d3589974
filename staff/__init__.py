"""Sign-in, roles and sessions for the staff pages of both programs."""
