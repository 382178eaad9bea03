"""Batch files of a hosted API: `engine` collects, `fleet` steps batches on, `state` survives a kill."""
