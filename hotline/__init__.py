"""The pure core: values, rules and decisions. No input, no output, no clock."""
