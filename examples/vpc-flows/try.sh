#!/bin/sh
# Builds the example in the built-in cloud, then plans again: there is nothing left to do.
set -eu
cd "$(dirname "$0")/../.."

run() {
    echo "\$ stack-deploy $*"
    cargo run --quiet --package stack-deploy -- "$@"
    echo
}

run sandbox reset examples/vpc-flows
run build --sandbox examples/vpc-flows dev
run plan --sandbox --detailed-exitcode examples/vpc-flows dev
