#!/bin/sh
# Before anything starts: Dagster's settings, the embedded model and the compiled kernels, into DAGSTER_HOME.
set -eu
cp deploy/dagster.yaml "$DAGSTER_HOME/dagster.yaml"
r1data model fetch
for stage in curate.dedup curate.decontaminate curate.readability; do
    python -m "r1data.$stage.warm"
done
