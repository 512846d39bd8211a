//! Whole runs against the small cloud, under paused time.

mod crash;
mod flows;
mod interrupts;
mod order;
mod orphans;
mod outcomes;
mod polling;
mod rollback;
mod search;
mod unanswered;
