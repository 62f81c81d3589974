"""Everything may die at any moment, and still nothing is lost, doubled or out of order."""
