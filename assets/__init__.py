"""Dagster definitions: thin assets over the library, in flow order. Each scans, calls, publishes and
reports.
"""
