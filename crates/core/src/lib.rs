//! Domain values of stack-deploy and the decisions over them: schema, differ, planner, provider seam.
//!
//! Plain, synchronous, deterministic. Nothing here knows a runtime, HTTP, YAML, files, terminals or a cloud.
//!
//! A manifest becomes [`desired`] values through a [`desired::Resolver`]; the cloud becomes [`observed`] values through
//! a [`provider::Provider`]; the planner turns the two into a [`plan::Plan`].

pub mod adopt;
pub mod arn;
pub mod check;
pub mod conform;
pub mod desired;
pub mod diagnostic;
pub mod diff;
pub mod event;
pub mod flow;
pub mod identity;
pub mod ids;
pub mod journal;
pub mod naming;
pub mod observed;
pub mod overlay;
pub mod partition;
pub mod pattern;
pub mod plan;
pub mod planner;
pub mod pointer;
pub mod provider;
pub mod redact;
pub mod rest;
pub mod schema;
pub mod search;
pub mod statement;
pub mod tags;
pub mod value;

#[cfg(test)]
pub(crate) mod testdata;
