//! The provider over canned answers, over sockets, and against the emulator.

mod calls;
mod credentials;
mod emulated;
mod errors;
mod net;
mod registry;
mod rest;
mod script;
mod signed;
mod tagging;
