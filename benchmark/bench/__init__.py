"""What the suite measures of itself: agreement with oracles, speed and memory."""
