"""The command line: argv to the library."""
