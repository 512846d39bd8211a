//! The way to a node while reading: as a [`Route`], but cheap to lengthen and to keep.

use stack_core::diagnostic::{Route, RouteStep};
use std::sync::Arc;

/// The way to a node of the manifest. Ways share their beginnings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path(Option<Arc<Link>>);

#[derive(Debug)]
struct Link {
    before: Path,
    step: RouteStep,
}

impl Path {
    pub(crate) fn key(&self, key: &str) -> Self {
        self.then(RouteStep::Key(key.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.then(RouteStep::Index(index))
    }

    fn then(&self, step: RouteStep) -> Self {
        Self(Some(Arc::new(Link { before: self.clone(), step })))
    }

    /// The same way as a label needs it.
    pub(crate) fn route(&self) -> Route {
        let mut length = 0;
        let mut at = self;
        while let Some(link) = &at.0 {
            length += 1;
            at = &link.before;
        }
        let mut steps = Vec::with_capacity(length);
        let mut at = self;
        while let Some(link) = &at.0 {
            steps.push(link.step.clone());
            at = &link.before;
        }
        steps.reverse();
        Route { file: String::new(), steps }
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
}
