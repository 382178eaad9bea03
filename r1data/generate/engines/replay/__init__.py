"""Completions that exist already: `rows` reads them, `spool` sorts them, `engine` gives them out."""
