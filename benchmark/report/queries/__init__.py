"""What an arm changes for single classes and single queries."""
