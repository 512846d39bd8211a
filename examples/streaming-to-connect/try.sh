#!/bin/sh
# Builds the example in the built-in cloud, then plans again: there is nothing left to do.
set -eu
cd "$(dirname "$0")/../.."

run() {
    echo "\$ stack-deploy $*"
    cargo run --quiet --package stack-deploy -- "$@"
    echo
}

run sandbox reset examples/streaming-to-connect
run build --sandbox examples/streaming-to-connect dev
run plan --sandbox --detailed-exitcode examples/streaming-to-connect dev
