//! Everything that is shown. Only this folder writes to stdout and stderr.
//!
//! Human, JSON and Markdown renderers take the same [`view::PlanView`].

pub mod console;
pub mod diagnostic;
pub mod drift;
pub mod dry_run;
pub mod explain;
pub mod human;
pub mod info;
pub mod json;
pub mod markdown;
pub mod orphans;
pub mod outcome;
pub mod outputs;
pub mod paint;
pub mod permissions;
pub mod progress;
pub mod table;
pub mod test;
pub mod text;
pub mod time;
pub mod type_text;
pub mod view;
pub mod view_of;

mod rows;
pub(crate) mod sheet;
mod unified;
pub(crate) mod value_view;
pub mod veil;

pub use console::Console;
pub(crate) use value_view::sorted;
pub use view_of::view_of;

#[cfg(test)]
mod tests;
