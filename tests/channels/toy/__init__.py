"""A channel that does not exist, built from docs/how-to-add-a-channel.md: messages from a box in the town hall."""
