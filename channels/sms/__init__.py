"""The channel of text messages, over the city's own platform."""
