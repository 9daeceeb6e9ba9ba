"""The command line: argv to the library, and nothing that the library cannot do.

Exit status 0 is success, 1 a failure that one line on stderr explains, 2 a wrong
command line. What a user can mend never ends in a traceback.
"""

from homeostat.cli._main import main

__all__ = ["main"]
