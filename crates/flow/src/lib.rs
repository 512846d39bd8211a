//! Resources that are written as statements: what their query files mean, and what becomes of them.
