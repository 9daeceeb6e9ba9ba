"""The pytest plugin: loaded by pytest itself, so it imports nothing heavy."""
