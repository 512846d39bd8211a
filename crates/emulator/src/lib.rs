//! A strict emulation of AWS Cloud Control, the tag index, the registry of types, STS and some native REST operations,
//! and of Confluent Cloud beside them: schema-driven, asynchronous, adversarial.
//!
//! [`Cloud`] is a state machine without IO: [`Cloud::handle`] takes an HTTP request and the time, and gives a
//! [`Reply`]. It is written from the service's documented and observed behaviour (`docs/reference/emulator.md` lists
//! what is and what is not modelled), never from what our own client happens to send, and shares nothing with it but
//! the schema types. [`serve`] puts it on a socket.

mod admin;
mod arn;
mod aws_rest;
mod cloud;
mod config;
pub mod confluent;
mod dice;
mod fault;
mod handler;
mod identify;
mod model;
mod patch;
mod pattern;
mod registry;
mod rules;
mod serve;
mod state;
mod tag_index;
mod tags;
mod time;
mod validate;
mod wire;

pub use cloud::{Call, Cloud, EditError, Held, Reply, RestoreError};
pub use config::{
    Chaos, Config, Containers, IdentifierShown, ListShows, ModelShown, Rate, References, TagPages, Timing,
};
pub use fault::{Fault, Matcher, What, trap};
pub use registry::{Category, Registration};
pub use serve::serve;
pub use wire::Op;
