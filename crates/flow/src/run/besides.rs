//! What the checks of a flow cannot see: most ask the tag index, which is late both ways (cloud-control 5.1). What it does not
//! list yet would be made twice, and what it still lists is gone.

use super::check::lacking;
use super::session::{Session, Stop};
use crate::codes;
use indexmap::IndexMap;
use stack_core::desired::Wanted;
use stack_core::diagnostic::{Diagnostic, Severity};
use stack_core::flow::{AnchorKind, FindError};
use stack_core::identity::Identifier;
use stack_core::naming::{TableColumn, column_name};
use stack_core::provider::Found;
use stack_core::value::Value;
use stack_sql::literal::property;

impl Session<'_> {
    /// Looks for the resource that `check` has not found: by what an earlier run has noted of it, and by the marks that it
    /// carries itself, where its statements write some. What the check would have captured is taken from it.
    ///
    /// # Errors
    /// Several could be it, or what an earlier run made cannot be read.
    pub(super) async fn is_there_after_all(&mut self, check: AnchorKind) -> Result<bool, Stop> {
        if self.was_made(check).await? {
            return Ok(true);
        }
        let Some(of) = self.flow.declared(false).filter(|of| of.ownership_tags) else { return Ok(false) };
        let found = self.host.find(&of).await;
        self.take_found(check, &of, found, "carries its tags")
    }

    /// Looks for what an earlier run has made, and takes it for what `check` has not found.
    ///
    /// # Errors
    /// As above.
    async fn was_made(&mut self, check: AnchorKind) -> Result<bool, Stop> {
        let Some(of) = self.flow.declared(false) else { return Ok(false) };
        let found = self.host.made(&of).await;
        self.take_found(check, &of, found, "an earlier run has made")
    }

    /// Takes what is there for what `check` has not found. `what` says why it is the one. True if there is something.
    fn take_found(
        &mut self,
        check: AnchorKind,
        of: &Wanted,
        found: Result<Option<Found>, FindError>,
        what: &str,
    ) -> Result<bool, Stop> {
        let found = match found {
            Ok(found) => found,
            Err(FindError::Several(all)) => {
                let names: Vec<String> = all.iter().map(ToString::to_string).collect();
                let message = format!("{} is there more than once", self.flow.address);
                let told = Diagnostic::error(codes::AMBIGUOUS_CHECK, message).note("found", names.join(", "));
                let told = self.at(told, check, "this finds none of them");
                return Err(told.next("keep one of them, and delete the others by hand").into());
            }
            Err(FindError::Unread(identifier, failure)) => {
                let message = format!("an earlier run made {}, and it cannot be read", self.flow.address);
                let told = Diagnostic::error(codes::READ_FAILED, message);
                let told = self.at(told, check, "this finds nothing");
                let told = told.note("resource", format!("{} {identifier}", self.flow.ty));
                let told = told.note("service", format!("{}: {}", failure.code, failure.message));
                let told = told.next("allow the read of it, or look whether it is there");
                return Err(self.redactor.diagnostic(told).into());
            }
            // The key of the resource waits for others: then it is not there.
            Err(FindError::NoIdentity(_)) => return Ok(false),
            Err(FindError::Refused(failure)) => {
                let message = format!("only `{check}` says that {} is not there", self.flow.address);
                let told = self.at(Diagnostic::warning(codes::NOT_PROVEN, message), check, "");
                let told = told.note("service", format!("{}: {}", failure.code, failure.message));
                self.note(told.next("allow the list and read of the type: the tag index may be late"));
                return Ok(false);
            }
        };
        let Some(found) = found else { return Ok(false) };
        let message = format!("`{check}` of {} does not find what {what}", self.flow.address);
        let told = self.at(Diagnostic::warning(codes::LAGS, message), check, "this finds nothing");
        let told = told.note("resource", format!("{} {}", self.flow.ty, found.identifier));
        let told = told.next("nothing, if it was made a moment ago: the tag index is up to an hour late");
        self.note(Diagnostic { severity: Severity::Note, ..told });
        self.capture_found(&found.identifier);
        self.keep_model(&of.target, found);
        Ok(true)
    }

    /// [`Self::live`]; where that finds nothing, what an earlier run has made, and where nothing identifies the resource, what
    /// [`Self::is_there_after_all`] finds.
    ///
    /// # Errors
    /// Those of the two.
    pub(super) async fn live_after_all(&mut self, check: AnchorKind) -> Result<(Option<Found>, bool), Stop> {
        let seen = self.live().await?;
        let is_there = match seen {
            (Some(_), _) => return Ok(seen),
            // Reads are late too.
            (None, true) => self.was_made(check).await?,
            // Something of its type was read, and which of them is meant is not clear.
            (None, false) if self.models.values().any(Option::is_some) => false,
            (None, false) => self.is_there_after_all(check).await?,
        };
        Ok(if is_there { (self.remembered(), true) } else { seen })
    }

    /// True if what a check has found is gone: a read says so. What the check captured is forgotten then.
    ///
    /// # Errors
    /// The read failed.
    pub(super) async fn is_gone(&mut self) -> Result<bool, Stop> {
        let (found, is_identified) = self.live().await?;
        let is_gone = found.is_none() && is_identified;
        if is_gone {
            self.captured.this.clear();
            self.row = None;
        }
        Ok(is_gone)
    }

    /// True if a check has found something else than what was just made, and that is gone.
    ///
    /// # Errors
    /// The read failed.
    pub(super) async fn is_another(&mut self) -> Result<bool, Stop> {
        let Some((made, of)) = self.identifier.clone().zip(self.flow.of.clone()) else { return Ok(false) };
        let found = self.sole_column(&made).or_else(|| self.identified());
        match found {
            Some(found) if !found.is_same(&made) => Ok(self.read(&of.target, &found).await?.is_none()),
            _ => Ok(false),
        }
    }

    /// The identifier that the sole column of `exists` gives, for one of one part.
    fn sole_column(&self, like: &Identifier) -> Option<Identifier> {
        let ([column], [(name, _)]) = (self.columns.as_slice(), like.parts.as_slice()) else { return None };
        let value = self.captured.this.get(column)?.scalar_text()?;
        (!column.eq_ignore_ascii_case("count")).then(|| Identifier::single(name, &value))
    }

    /// Takes what was just made for what the check has found.
    pub(super) fn made_instead(&mut self) {
        if let Some(made) = self.identifier.clone() {
            self.capture_found(&made);
        }
    }

    /// Takes an identifier for what `exists` would have captured: its parts by their names, and a sole column of `exists` for
    /// an identifier of one part.
    pub(super) fn capture_found(&mut self, identifier: &Identifier) {
        self.capture_identifier(identifier);
        if let ([column], [(_, value)]) = (self.columns.as_slice(), identifier.parts.as_slice())
            && !column.eq_ignore_ascii_case("count")
        {
            self.capture(IndexMap::from([(column.clone(), Value::text(value.as_str()))]));
        }
    }

    /// The row of exports of a file that lists some and has no query for them: columns of the table, as the resource was
    /// read.
    pub(super) async fn derived_row(&mut self) -> Result<(), Stop> {
        if self.flow.has(AnchorKind::Exports) || self.row.is_some() || self.flow.exports.is_empty() {
            return Ok(());
        }
        let (Some(found), _) = self.live().await? else { return Ok(()) };
        let Some(schema) = self.schema() else { return Ok(()) };
        let of = |column: &str| -> Value {
            let told = match TableColumn::named(column, &schema) {
                Some(TableColumn::Identifier) => Some(Value::text(found.identifier.to_string())),
                Some(TableColumn::Region) => {
                    self.flow.target.region.as_ref().map(|region| Value::text(region.as_str()))
                }
                None => property(&schema, column).and_then(|name| found.model.get(&name)).map(Value::from),
            };
            self.redactor.seal(told.unwrap_or_else(|| Value::text("")))
        };
        let has = |wanted: &str| {
            TableColumn::named(wanted, &schema).is_some() || property(&schema, wanted).is_some()
        };
        let columns: Vec<String> = schema.root.properties.keys().map(|name| column_name(name)).collect();
        let lacks = lacking(self.flow, &columns, has);
        let row = self.flow.exports.iter().map(|export| (export.column.clone(), of(&export.column)));
        self.row = Some(row.collect());
        lacks.into_iter().for_each(|told| self.note(told));
        Ok(())
    }
}
