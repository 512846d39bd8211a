//! What all changes have: literals, options of the request, and what is wrong with them.

use super::{Cancel, MAX_OPERATIONS, Placed, Write, Writes};
use crate::access::bad;
use crate::codes;
use crate::dml::{Dml, Pair};
use crate::error::SqlError;
use crate::lex::{Part, parts};
use crate::literal::{self, RequestOption, literal};
use crate::parse::Parsed;
use crate::query::{Defaults, LAST_REGION};
use crate::rest::Rest;
use crate::returning::Returning;
use stack_core::ids::{ClientToken, Region, Target};
use stack_core::value::Value;
use std::ops::Range;

/// A statement, what is wrong with it and what is worth telling.
pub(super) struct Common<'r> {
    pub(super) dml: &'r Dml,
    pub(super) defaults: &'r Defaults,
    /// The table, if it is of a REST service: RETURNING may name its columns.
    pub(super) rest: Option<Rest>,
    pub(super) errors: Vec<SqlError>,
    pub(super) notes: Vec<String>,
}

/// What stands beside the values, as far as one row says.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) region: Option<Placed>,
    pub(super) role_arn: Option<String>,
    pub(super) type_version_id: Option<String>,
    pub(super) token: Option<ClientToken>,
}

impl<'r> Common<'r> {
    pub(super) fn of(dml: &'r Dml, defaults: &'r Defaults) -> Self {
        Self { dml, defaults, rest: None, errors: Vec::new(), notes: Vec::new() }
    }

    /// The statement's operations, unless something is wrong.
    pub(super) fn writes(
        mut self,
        parsed: &Parsed,
        all: Vec<Write>,
        cancels: Vec<Cancel>,
    ) -> Result<Writes, Vec<SqlError>> {
        let returning = self.dml.returning.as_deref().and_then(|items| {
            Returning::prepare(items, &returning_at(&parsed.text), self.rest.as_ref())
                .map_err(|error| self.errors.push(error))
                .ok()
        });
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let (verb, at, notes) = (self.dml.verb, parsed.at.clone(), self.notes);
        Ok(Writes { verb, all, cancels, returning, at, notes })
    }

    /// The texts that a column may equal, each once.
    pub(super) fn texts(&mut self, list: &[Pair]) -> Vec<Placed> {
        let mut texts: Vec<Placed> = Vec::new();
        for pair in list {
            match self.value(pair).and_then(|value| value.scalar_text()) {
                Some(text) if texts.iter().all(|(other, _)| *other != text) => {
                    texts.push((text, pair.at.clone()));
                }
                Some(_) => {}
                None => {
                    let message = format!("`{}` is compared with no text", pair.column.name);
                    self.errors.push(bad(message).at(pair.at.clone()));
                }
            }
        }
        texts
    }

    /// A value as written; told where it is an expression.
    pub(super) fn value(&mut self, pair: &Pair) -> Option<Value> {
        let value = literal(&pair.value, &[]);
        if value.is_none() {
            let message = format!("the value of `{}` is an expression", pair.column.name);
            let told = SqlError::new(codes::NOT_SUPPORTED, message).at(pair.at.clone());
            self.errors.push(told.next("write a literal: '…', a number, true, false, NULL or string('…')"));
        }
        value
    }

    /// Takes an option.
    pub(super) fn option(
        &mut self,
        option: RequestOption,
        pair: &Pair,
        value: &Value,
        options: &mut Options,
    ) {
        if *value == Value::Null {
            return;
        }
        let Some(text) = value.scalar_text().filter(|text| !text.is_empty()) else {
            self.errors.push(bad(format!("`{}` is no text", pair.column.name)).at(pair.at.clone()));
            return;
        };
        match option {
            RequestOption::Region => options.region = Some((text, pair.at.clone())),
            RequestOption::RoleArn => options.role_arn = Some(text),
            RequestOption::TypeVersionId => options.type_version_id = Some(text),
            RequestOption::ClientToken if literal::is_client_token(&text) => {
                options.token = Some(ClientToken::from(text));
            }
            RequestOption::ClientToken => {
                let told = bad("this is no client token".to_owned()).at(pair.at.clone());
                let told = told.label(literal::CLIENT_TOKEN);
                self.errors.push(told.next("take it out: every request gets a token of its own"));
            }
        }
    }

    pub(super) fn target(&mut self, options: &Options, region: Option<Placed>) -> Option<Target> {
        let (region, place) = match (region.or_else(|| options.region.clone()), self.defaults.regions.first())
        {
            (Some((region, place)), _) => (region, place),
            (None, Some(region)) => (region.clone(), self.dml.table.at.clone()),
            (None, None) => {
                let note = format!("no region is given: {LAST_REGION} is used");
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
                (LAST_REGION.to_owned(), self.dml.table.at.clone())
            }
        };
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || !region.chars().all(is_plain) {
            self.errors.push(bad(format!("`{region}` is no name of a region")).at(place));
            return None;
        }
        Some(Target {
            provider: "aws".into(),
            region: Some(Region::new(region)),
            role_arn: options.role_arn.clone(),
            type_version_id: options.type_version_id.clone(),
            credential: None,
        })
    }

    pub(super) fn too_many(&mut self) {
        let message = format!("a statement may do {MAX_OPERATIONS} operations");
        let told = SqlError::new(codes::TOO_BIG, message).at(self.dml.table.at.clone());
        self.errors.push(told.next("cut it in pieces"));
    }
}

/// Leaves what both conditions allow.
pub(super) fn narrow(known: &mut Option<Vec<Placed>>, texts: Vec<Placed>) {
    *known = Some(match known.take() {
        Some(before) => {
            before.into_iter().filter(|(one, _)| texts.iter().any(|(two, _)| one == two)).collect()
        }
        None => texts,
    });
}

/// Where the RETURNING clause stands: from its word to the end.
fn returning_at(text: &str) -> Range<usize> {
    let lower = text.to_ascii_lowercase();
    let code = parts(text).into_iter().filter(|(_, part)| *part == Part::Code);
    let last = code
        .filter_map(|(at, _)| lower[at.clone()].rfind("returning").map(|found| at.start + found))
        .next_back();
    last.unwrap_or(0)..text.len()
}
