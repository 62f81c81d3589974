"""What a browser or an operator sees of the gateway."""
