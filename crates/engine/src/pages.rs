//! The tokens of one listing: a service that gives one of them again would be asked for ever.

use stack_core::provider::{Failure, FailureKind};
use std::collections::HashSet;

/// The tokens that a listing has given so far.
#[derive(Debug, Default)]
pub(crate) struct Pages(HashSet<String>);

impl Pages {
    /// The token of the next page; `None` at the end.
    ///
    /// # Errors
    /// A token that this listing has given before.
    pub(crate) fn next(&mut self, token: Option<String>) -> Result<Option<String>, Failure> {
        match token {
            Some(token) if !self.0.insert(token.clone()) => {
                let words = "the list does not end: the service gives the same page again";
                Err(Failure::new(FailureKind::Internal, "PageTokenRepeated", words))
            }
            token => Ok(token),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_comes_again_ends_the_listing_even_after_others() {
        let mut pages = Pages::default();
        for token in ["a", "b", "c"] {
            assert_eq!(pages.next(Some(token.to_owned())), Ok(Some(token.to_owned())));
        }
        assert_eq!(pages.next(Some("b".to_owned())).unwrap_err().code, "PageTokenRepeated");
        assert_eq!(pages.next(None), Ok(None));
    }
}
