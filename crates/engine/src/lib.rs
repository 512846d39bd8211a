//! Observing, running, retrying, journaling: the only place where effects are ordered.
