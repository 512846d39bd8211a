//! Operations that are not of the plain five: control-plane verbs, and the data planes.

mod acls;
mod catalog;
mod configs;
mod connect;
mod control;
mod exporters;
mod flink;
mod links;
mod registry;
mod registry_settings;
mod schemas;
mod topics;

use super::routes::Row;

/// Endpoint class and its operations.
pub(crate) const TABLES: &[(&str, &[Row])] = &[
    ("control", control::ROWS),
    ("control", connect::ROWS),
    ("flink", flink::ROWS),
    ("kafka", topics::ROWS),
    ("kafka", configs::ROWS),
    ("kafka", acls::ROWS),
    ("kafka", links::ROWS),
    ("sr", registry::ROWS),
    ("sr", registry_settings::ROWS),
    ("sr", exporters::ROWS),
    ("sr", catalog::ROWS),
];
