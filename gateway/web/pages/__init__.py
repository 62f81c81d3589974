"""The citizens' pages, rendered here, usable without JavaScript."""
