//! Machine output. The version is in the module's path, so that a second one can stand beside it.

pub mod v1;
