"""What each file of a city's folder holds, and what must be true of it beyond its form."""
