"""Students at work: what answers with their weights."""
