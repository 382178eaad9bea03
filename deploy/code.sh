#!/bin/sh
# The code server, whose processes runs are: of those that the database calls under way, none outlived the last one.
set -eu
python deploy/end_dead_runs.py
exec dagster api grpc "$@"
