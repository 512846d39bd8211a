//! `DELETE FROM awscc.cloud_control.resource_requests`: operations that are to be stopped (stackql-compat 6.3).

use super::common::{Common, Options, narrow};
use super::{Cancel, MAX_OPERATIONS, Placed, Writes};
use crate::access::bad;
use crate::codes;
use crate::columns::REGION;
use crate::error::SqlError;
use crate::literal::bare;
use crate::parse::Parsed;
use stack_core::ids::RequestToken;

/// The column that names an operation.
const REQUEST_TOKEN: &str = "RequestToken";

impl Common<'_> {
    /// The operations to stop.
    pub(super) fn cancels(mut self, parsed: &Parsed) -> Result<Writes, Vec<SqlError>> {
        let all = self.chosen();
        self.writes(parsed, Vec::new(), all)
    }

    /// One for each region and token.
    fn chosen(&mut self) -> Vec<Cancel> {
        let dml = self.dml;
        let (mut regions, mut requests): (Option<Vec<Placed>>, Option<Vec<Placed>>) = (None, None);
        let among = dml.among.iter().map(Vec::as_slice);
        for list in dml.predicates.iter().map(std::slice::from_ref).chain(among) {
            let Some(column) = list.first().map(|pair| &pair.column) else { continue };
            let known = match bare(&column.name) {
                REQUEST_TOKEN => &mut requests,
                REGION => &mut regions,
                other => {
                    let message = format!("`{other}` does not choose an operation to stop");
                    let told = SqlError::new(codes::NO_SUCH_COLUMN, message).at(column.at.clone());
                    self.errors.push(told.next(format!("choose it by `{REQUEST_TOKEN}` and `{REGION}`")));
                    continue;
                }
            };
            let texts = self.texts(list);
            narrow(known, texts);
        }
        let Some(requests) = requests else {
            let message = format!("no operation can be stopped without its `{REQUEST_TOKEN}`");
            let told = SqlError::new(codes::MISSING_PARAMETER, message).at(dml.table.at.clone());
            self.errors.push(told.next(format!("add {REQUEST_TOKEN} = '…' to WHERE, joined by AND")));
            return Vec::new();
        };
        let regions: Vec<Option<Placed>> = match regions {
            Some(regions) => regions.into_iter().map(Some).collect(),
            None => vec![None],
        };
        if regions.is_empty() || requests.is_empty() {
            let told = bad("the conditions exclude each other: no operation is meant".to_owned());
            self.errors.push(told.at(dml.table.at.clone()));
        }
        if regions.len().saturating_mul(requests.len()) > MAX_OPERATIONS {
            self.too_many();
            return Vec::new();
        }
        let mut all = Vec::new();
        for region in regions {
            let Some(at) = self.target(&Options::default(), region) else { continue };
            for (text, place) in &requests {
                if text.is_empty() {
                    self.errors.push(bad(format!("`{REQUEST_TOKEN}` is empty")).at(place.clone()));
                    continue;
                }
                all.push(Cancel { at: at.clone(), request: RequestToken::new(text.as_str()) });
            }
        }
        all
    }
}
