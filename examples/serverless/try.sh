#!/bin/sh
# Builds the example in the built-in cloud, then plans again: there is nothing left to do.
set -eu
cd "$(dirname "$0")/../.."

run() {
    echo "\$ stack-deploy $*"
    cargo run --quiet --package stack-deploy -- "$@"
    echo
}

run sandbox reset examples/serverless
run build --sandbox examples/serverless dev
run plan --sandbox --detailed-exitcode examples/serverless dev
