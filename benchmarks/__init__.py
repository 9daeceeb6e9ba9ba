"""Figures, each printed by the command that measures it, with versions.

``python -m benchmarks all`` prints every table; ``--json`` prints one line per figure.
"""
