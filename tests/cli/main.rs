//! The real binary, from outside: output, exit codes, files. One test binary, one module per command.

mod adopt;
mod build;
mod calls;
mod common;
mod examples;
mod explain;
mod flows;
mod info;
mod live;
mod manifests;
mod permissions;
mod plan;
mod query;
mod sandbox;
mod schema;
mod secrets;
mod show;
mod signals;
mod statements;
mod teardown;
mod test;
mod usage;
mod validate;
mod widths;
mod writes;
