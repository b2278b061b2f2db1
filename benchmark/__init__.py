"""Paired benchmark and ablation suite for the Discrimination-Aware Mechanism (DAM)."""
