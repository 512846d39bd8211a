//! The real binary, from outside: output, exit codes, files. One test binary, one module per command.

mod build;
mod common;
mod live;
mod manifests;
mod plan;
mod sandbox;
mod secrets;
mod show;
mod signals;
mod teardown;
mod usage;
mod validate;
