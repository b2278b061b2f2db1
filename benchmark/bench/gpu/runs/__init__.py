"""The sections on whole runs, and the runs that they make."""
