"""What the report says of data sets that know their cues."""
