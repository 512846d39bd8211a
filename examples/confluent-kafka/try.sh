#!/bin/sh
# Builds the example in the built-in cloud, then plans again: there is nothing left to do.
set -eu
cd "$(dirname "$0")/../.."

run() {
    echo "\$ stack-deploy $*"
    cargo run --quiet --package stack-deploy -- "$@"
    echo
}

run sandbox reset examples/confluent-kafka
run build --sandbox examples/confluent-kafka dev
run plan --sandbox --detailed-exitcode examples/confluent-kafka dev
