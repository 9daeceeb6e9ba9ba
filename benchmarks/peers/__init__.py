"""The same work done by other Python libraries, in an environment without ours.

``python -m benchmarks.peers LIBRARY WHAT --server URL --count N`` prints the line of
JSON that ``python -m benchmarks WHAT`` prints. WHAT is ``sync``: list every object and
keep it as the library gives it, by its name; or ``requests``: read single objects.
"""
