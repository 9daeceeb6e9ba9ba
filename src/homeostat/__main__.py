"""``python -m homeostat``."""

from homeostat.cli import main

if __name__ == "__main__":
    main(prog_name="homeostat")
