//! What the definition of a REST service says of a type beyond its schema: for tables and for statements about it.

use crate::value::Value;
use std::fmt;

/// A type that a definition describes (DESIGN section 9).
pub trait Described: fmt::Debug + Send + Sync {
    /// True if a request must say its region.
    fn is_regional(&self) -> bool;

    /// The property that a column means, whatever the spelling: `data__name`, an alias, `_name`.
    fn property_of(&self, column: &str) -> Option<&str>;

    /// True if a name is that of an object in bodies which properties are taken out of: `spec`.
    fn is_nesting(&self, name: &str) -> bool;

    /// Declared properties with their own names, flat, references as bare ids.
    fn normal(&self, props: Value) -> Value;

    /// Properties that name one to the service, in order, without those that may be left out.
    fn identity(&self) -> &[String];

    /// Properties that requests for reading may hold: the identity, inputs of the list, what tells the host. Each once.
    fn inputs(&self) -> Vec<&str>;

    /// Inputs that are parameters of a query and members of answers: older tables have a column `_name` for them
    /// (stackql-compat 6.5).
    fn shared(&self) -> Vec<&str>;

    /// Other names of a property's column.
    fn other_names(&self, property: &str) -> &[String];

    /// What a property is, in one sentence. Empty where nothing is said.
    fn description(&self, property: &str) -> &str;

    /// True if a list shows all that a read shows.
    fn lists_whole(&self) -> bool;

    /// What a query may say of the pages of its list.
    fn pages(&self) -> PageInputs<'_>;

    /// How the methods are called.
    fn methods(&self) -> MethodNames;
}

/// What a query may say of the pages of a list: names as the service has them, none where it takes no such thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageInputs<'d> {
    /// How many a page may hold: the name, and the most that the service takes. The least is 1.
    pub size: Option<(&'d str, u64)>,
    /// Where to begin: the name, and the most characters of a token, where that is known.
    pub token: Option<(&'d str, Option<u64>)>,
}

/// The names of a table's methods; none for what cannot be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodNames {
    /// Makes one.
    pub create: Option<String>,
    /// Reads one.
    pub read: Option<String>,
    /// Lists many.
    pub list: Option<String>,
    /// Changes one.
    pub update: Option<String>,
    /// Removes one.
    pub delete: Option<String>,
}
