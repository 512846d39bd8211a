//! What statements say of the request beside the resource: `region`, `RoleArn`, `TypeVersionId` and `ClientToken`.

use crate::codes;
use crate::understand::{Reading, is_same};
use stack_core::diagnostic::Severity;
use stack_core::statement::Place;
use stack_core::value::Value;
use stack_sql::literal::{self, RequestOption};

impl Reading<'_> {
    /// Takes an option. False for other names.
    pub(crate) fn option(&mut self, name: &str, value: &Value, place: &Place) -> bool {
        let Some(option) = literal::option(name) else { return false };
        match option {
            RequestOption::Region => {
                let known = self.out.region.as_ref().map(|(known, _)| known.clone());
                self.agrees(literal::bare(name), known.as_ref(), value, place);
                if known.is_none_or(|known| known.unknown().is_some()) {
                    self.out.region = Some((value.clone(), place.clone()));
                }
            }
            RequestOption::RoleArn => {
                let known = self.out.role_arn.replace(value.clone());
                self.agrees(literal::bare(name), known.as_ref(), value, place);
            }
            RequestOption::TypeVersionId => {
                let known = self.out.type_version_id.replace(value.clone());
                self.agrees(literal::bare(name), known.as_ref(), value, place);
            }
            RequestOption::ClientToken => self.token(value, place),
        }
        true
    }

    /// One resource is in one place, and reads go there too: all its statements must say the same.
    fn agrees(&mut self, name: &str, known: Option<&Value>, value: &Value, place: &Place) {
        let Some(known) = known else { return };
        if known.unknown().is_some() || value.unknown().is_some() || is_same(known, value) {
            return;
        }
        let message = format!("the statements of one resource say different things of `{name}`");
        let said = self.say(codes::TWO_PLACES, Severity::Error, message, Some(place.clone()));
        "another value than above".clone_into(&mut said.label);
        "use the same variable in all of them".clone_into(&mut said.next);
    }

    /// `ClientToken`: 1 to 128 of the characters that the service takes (cloud-control 1.3).
    fn token(&mut self, value: &Value, place: &Place) {
        let verb = self.request.statements[place.0].verb;
        let is_right = value.scalar_text().is_none_or(|text| literal::is_client_token(&text));
        if !is_right {
            let message = "this is no client token".to_owned();
            let said = self.say(codes::BAD_VALUE, Severity::Error, message, Some(place.clone()));
            literal::CLIENT_TOKEN.clone_into(&mut said.label);
            "take it out: every request gets a token of its own".clone_into(&mut said.next);
            return;
        }
        self.out.client_tokens.push((verb, value.clone(), place.clone()));
    }
}
