"""Every parser of what others wrote, fuzzed: `make fuzz`, and a minute of it in the tests."""
