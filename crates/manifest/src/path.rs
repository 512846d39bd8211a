//! The way to a node while reading: as a [`Route`], but cheap to lengthen and to keep.

use stack_core::diagnostic::{Route, RouteStep};
use std::sync::Arc;

/// The way to a node of the manifest. Ways share their beginnings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path(Option<Arc<Link>>);

#[derive(Debug)]
enum Link {
    /// One step further.
    Step { before: Path, step: RouteStep },
    /// The root of another file than the manifest.
    File(String),
}

impl Path {
    pub(crate) fn key(&self, key: &str) -> Self {
        self.then(RouteStep::Key(key.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.then(RouteStep::Index(index))
    }

    /// The root of a file, by its path under the stack folder.
    pub(crate) fn root_of(file: &str) -> Self {
        Self(Some(Arc::new(Link::File(file.to_owned()))))
    }

    fn then(&self, step: RouteStep) -> Self {
        Self(Some(Arc::new(Link::Step { before: self.clone(), step })))
    }

    /// The same way as a label needs it.
    pub(crate) fn route(&self) -> Route {
        let mut length = 0;
        let mut at = self;
        while let Some(Link::Step { before, .. }) = at.0.as_deref() {
            length += 1;
            at = before;
        }
        let mut steps = Vec::with_capacity(length);
        let mut at = self;
        while let Some(Link::Step { before, step }) = at.0.as_deref() {
            steps.push(step.clone());
            at = before;
        }
        steps.reverse();
        let file = match at.0.as_deref() {
            Some(Link::File(file)) => file.clone(),
            _ => String::new(),
        };
        Route { file, steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_route_of_its_steps() {
        let path = Path::default().key("a").index(2).key("b");
        assert_eq!(path.route(), Route::default().key("a").index(2).key("b"));
    }

    #[test]
    fn a_path_knows_its_file() {
        let route = Path::root_of("resources/a.json").key("x").route();
        assert_eq!((route.file.as_str(), route.steps.len()), ("resources/a.json", 1));
    }
}
