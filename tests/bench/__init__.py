"""What one message costs: our whole system beside a full Rasa dialogue, on the same machine in the same run."""
