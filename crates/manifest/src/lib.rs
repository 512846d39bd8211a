//! Manifests of stack-deploy: YAML and Jinja templates to desired resources, with positions.
//!
//! [`Stack::parse`] reads a manifest for one environment and finds everything that is wrong with it as written;
//! [`Stack::validate`] renders every resource offline and finds the rest. A [`Stack`] is a
//! [`Resolver`](stack_core::desired::Resolver): it renders resources as their inputs become known.
//!
//! This crate never touches a disk, a network or the process environment: it is given [`Sources`].

mod advice;
mod auth;
pub mod codes;
mod condition;
mod fate;
mod flow;
mod graph;
mod inner;
mod instances;
pub mod iql;
mod json;
mod model;
mod order;
mod parse;
mod path;
mod render;
mod report;
mod scalar;
mod scope;
mod settings;
mod source_map;
mod sources;
mod stack;
mod template;
#[cfg(test)]
mod tests;
pub mod variables;
mod yaml;

pub use auth::{Auth, AuthUse};
pub use flow::{Flow, FlowKind, Returned, Returns, Statements};
pub use render::draft::{Draft, Drafts};
pub use settings::{Guardrails, OnFailure, Rate, Settings};
pub use source_map::{SourceMap, Span};
pub use sources::{FileError, Files, MANIFEST_NAME, Options, Sources};
pub use stack::{Input, Parsed, ResourceExport, Stack, StackExport};
