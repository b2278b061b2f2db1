"""Searches for the settings of arms: every trial, and what won."""
