"""The table as CSV, as Markdown and on the terminal."""
