"""What a person reads: failures, trees that differ, why nothing arrived. Knows nothing of pytest."""
