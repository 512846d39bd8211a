#!/bin/sh
# Builds the example in the built-in cloud, then plans again: there is nothing left to do.
set -eu
cd "$(dirname "$0")/../.."

run() {
    echo "\$ stack-deploy $*"
    cargo run --quiet --package stack-deploy -- "$@"
    echo
}

run sandbox reset examples/query-files
run build --sandbox examples/query-files dev
run plan --sandbox --detailed-exitcode examples/query-files dev
