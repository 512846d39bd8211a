//! The commands, each a pipeline of the crates below (architecture section 4).

pub mod adopt;
pub mod apply;
pub mod build;
pub mod completions;
pub mod drift;
pub mod dry_run;
pub mod explain;
pub mod info;
pub mod init;
pub mod notice;
pub mod orphans;
pub mod outputs;
pub mod permissions;
pub mod plan;
pub mod query;
pub mod sandbox;
pub mod schema;
pub mod shell;
pub mod show;
pub mod teardown;
pub mod test;
pub mod validate;
