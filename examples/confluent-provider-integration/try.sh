#!/bin/sh
# Builds the example in the built-in cloud, then plans again: there is nothing left to do.
set -eu
cd "$(dirname "$0")/../.."

run() {
    echo "\$ stack-deploy $*"
    cargo run --quiet --package stack-deploy -- "$@"
    echo
}

run sandbox reset examples/confluent-provider-integration
run build --sandbox examples/confluent-provider-integration dev
run plan --sandbox --detailed-exitcode examples/confluent-provider-integration dev
