//! What only the answer of a create holds, for RETURNING of a query file.

use super::fill::Filled;
use super::session::{Session, Stop};
use crate::codes;
use serde_json::{Map, Value as Json};
use stack_core::identity::{Identifier, Key};
use stack_core::provider::{Failure, FailureKind, Progress};
use stack_core::value::{Secret, Value};
use stack_sql::Write;
use std::time::Duration;

/// Reads of what was just made: services show it late (Confluent trap 30).
const LOOKS: u32 = 12;
/// Between two of them.
const BETWEEN: Duration = Duration::from_secs(5);

impl Session<'_> {
    /// Puts the secrets that a create was answered with into its event, for RETURNING. No event holds them, as events are
    /// written down; the provider gives them with reads for the rest of the run (confluent.md section 12). From here on they
    /// are sensitive wherever they turn up.
    ///
    /// # Errors
    /// What was made cannot be read, or the run is stopping.
    pub(super) async fn with_secrets(
        &self,
        filled: &Filled,
        write: &Write,
        names: &[String],
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let told = progress.identifier.as_deref();
        let identifier = told.and_then(|text| Identifier::parse(&write.schema, text));
        let (false, Some(identifier)) = (names.is_empty(), identifier) else { return Ok(()) };
        let key = Key::Primary(identifier);
        let mut left = LOOKS;
        let found = loop {
            left -= 1;
            let failure = match self.host.cloud().read(&write.at, write.operation.ty(), &key).await {
                Ok(Some(found)) => break found,
                Ok(None) => Failure::new(FailureKind::NotFound, "NotFound", "it is not shown yet"),
                Err(failure) => failure,
            };
            if left == 0 {
                let what = format!("was created, and its {} cannot be read", names.join(", "));
                let code = codes::RETURNED_NOTHING;
                return Err(self.refused(code, filled, write, &what, Some(progress), &failure).into());
            }
            self.pause(BETWEEN, "what was created is not shown yet").await?;
        };
        let mut model = match progress.model.take() {
            Some(Json::Object(members)) => members,
            _ => Map::new(),
        };
        for name in names {
            if let Some(value) = found.model.get(name).filter(|value| !value.is_null()) {
                self.redactor.learn(&Value::Secret(Secret::new(Value::from(value))));
                model.insert(name.clone(), value.clone());
            }
        }
        progress.model = Some(Json::Object(model));
        Ok(())
    }
}
