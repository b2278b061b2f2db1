"""Data sets on disk: found, checked, downloaded, unpacked."""
