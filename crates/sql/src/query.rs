//! A query on its way: it says what it must know, takes the answers, and gives a table. It asks nobody itself.

use crate::access::{Ask, Params, Stage, ask, parents, region_parameter, rows, then_get};
use crate::bind::{Bound, Relation, bind};
use crate::codes;
use crate::columns::{Cell, Echo};
use crate::computation::Computation;
use crate::error::SqlError;
use crate::fetch::{Answer, Fetch, answer};
use crate::parameters::ParameterKind;
use crate::parse::{Kind, Parsed};
use crate::source::{Form, Kind as SourceKind, Tables};
use crate::sqlite::{Engine, Limits, Stop, Trouble};
use crate::stack::with_room;
use crate::table::Table;
use crate::troubles::Place;
use crate::words::Words;
use serde_json::Value as Json;
use stack_core::provider::{Failure, FailureKind, Found, Provider};
use std::collections::{BTreeMap, HashMap};

/// The region where nothing else says one, as the peer's tables have it.
pub(crate) const LAST_REGION: &str = "us-east-1";
/// Requests of one table.
const MAX_REQUESTS: usize = 20_000;

/// What holds where a statement does not say it.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// Regions of tables that no condition gives one.
    pub regions: Vec<String>,
}

/// The handle of one fetch of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FetchId(usize);

/// A query on its way.
#[derive(Debug)]
pub struct Query<'a> {
    tables: Tables<'a>,
    bound: Bound,
    words: Words,
    /// Where the statement begins in its text.
    offset: usize,
    engine: Engine,
    /// Columns of the result.
    columns: Vec<String>,
    states: Vec<State>,
    made: Vec<Made>,
    by_key: HashMap<String, usize>,
    /// How many fetches the caller has.
    handed: usize,
    failed: Option<SqlError>,
    notes: Vec<String>,
    regions: Vec<String>,
}

/// How far a table is.
#[derive(Debug, Default)]
struct State {
    phase: Phase,
    outstanding: usize,
    /// In the order of requests, and of what was listed before it was read.
    rows: BTreeMap<Slot, Vec<Vec<Cell>>>,
}

/// Number of the request, of the parent and of what was listed.
type Slot = [usize; 3];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Another table comes first.
    #[default]
    Waiting,
    /// Its requests are known.
    Asking,
    /// SQLite has its rows.
    Done,
}

/// A fetch, and who wants it.
#[derive(Debug)]
struct Made {
    fetch: Fetch,
    users: Vec<User>,
    /// What the pages of a list held so far, where something follows for each.
    listed: Vec<Found>,
    answer: Option<Answer>,
}

#[derive(Clone, Debug)]
struct User {
    relation: usize,
    slot: Slot,
    echo: Echo,
    stage: Stage,
    /// For how many of what is listed the next request is made already.
    begun: usize,
}

impl<'a> Query<'a> {
    /// Binds a SELECT. Nothing is asked yet; unknown tables, columns and functions are told here.
    ///
    /// # Errors
    /// What is wrong with the statement. Places are bytes of the text that it was parsed from.
    pub fn prepare(
        parsed: &Parsed,
        tables: &Tables<'a>,
        defaults: &Defaults,
        limits: Limits,
    ) -> Result<Self, SqlError> {
        let offset = parsed.at.start;
        Self::made(parsed, tables, defaults, limits).map_err(|error| error.shifted(offset))
    }

    fn made(
        parsed: &Parsed,
        tables: &Tables<'a>,
        defaults: &Defaults,
        limits: Limits,
    ) -> Result<Self, SqlError> {
        let Kind::Query(query) = &parsed.kind else {
            let keyword = parsed.kind.keyword();
            return Err(SqlError::new(codes::NOT_SUPPORTED, format!("`{keyword}` is no query")));
        };
        let bound = with_room(|| bind(&parsed.text, &parsed.words, query, tables))?;
        let mut notes = Vec::new();
        let regions =
            if defaults.regions.is_empty() { vec![LAST_REGION.to_owned()] } else { defaults.regions.clone() };
        let has_region = |relation: &Relation| {
            if !relation.source.has_regions() {
                return true;
            }
            let fed = relation.feeds.iter().flat_map(|feed| &feed.params);
            relation.given.iter().map(|(p, _)| p).chain(fed).any(|p| p.kind == ParameterKind::Region)
        };
        if defaults.regions.is_empty() && !bound.relations.iter().all(has_region) {
            notes.push(format!("no region is given: {LAST_REGION} is asked"));
        }
        let mut engine = Engine::open(limits).map_err(unplaced)?;
        for relation in &bound.relations {
            let columns: Vec<_> =
                relation.columns.iter().map(|column| (column.name.as_str(), column.affinity)).collect();
            engine.create(&relation.local, &columns).map_err(unplaced)?;
        }
        let place = Place { bound: &bound, words: &parsed.words };
        let columns = engine.check(&bound.text.text).map_err(|trouble| place.error(trouble))?;
        let states = bound.relations.iter().map(|_| State::default()).collect();
        Ok(Self {
            tables: *tables,
            words: parsed.words.clone(),
            offset: parsed.at.start,
            engine,
            columns,
            states,
            made: Vec::new(),
            by_key: HashMap::new(),
            handed: 0,
            failed: None,
            notes,
            regions,
            bound,
        })
    }

    /// What the caller has to find out now, each once. Empty while answers are outstanding that come first, and when
    /// there is nothing more to ask.
    pub fn fetches(&mut self) -> Vec<(FetchId, Fetch)> {
        if self.failed.is_none()
            && let Err(error) = self.advance()
        {
            self.failed = Some(error);
        }
        if self.failed.is_some() {
            return Vec::new();
        }
        let new = self.made.iter().enumerate().skip(self.handed);
        let new: Vec<_> = new.map(|(at, made)| (FetchId(at), made.fetch.clone())).collect();
        self.handed = self.made.len();
        new
    }

    /// Takes an answer. The first failure ends the query: it has no result then.
    pub fn supply(&mut self, id: FetchId, result: Result<Answer, Failure>) {
        let Some(made) = self.made.get_mut(id.0) else { return };
        let users = made.users.clone();
        match result {
            Ok(answer) => {
                made.answer = Some(answer.clone());
                made.listed = Vec::new();
                for user in users {
                    self.take(id.0, &user, &answer);
                }
            }
            // A parent that is gone has nothing below it.
            Err(failure)
                if failure.kind == FailureKind::NotFound
                    && is_below(&made.fetch)
                    && users
                        .iter()
                        .all(|user| self.bound.relations[user.relation].source.rest().is_none()) =>
            {
                let name = users.first().map(|user| &self.bound.relations[user.relation].source.name);
                let name = name.map(String::as_str).unwrap_or_default();
                self.notes.push(format!("{name}: what is to be listed below is not there"));
                self.supply(id, Ok(Answer::Found(Vec::new())));
            }
            Err(failure) => {
                let relation = users.first().map(|user| user.relation);
                let error = self.call_failed(&self.made[id.0].fetch, relation, &failure);
                self.failed.get_or_insert(error);
            }
        }
    }

    /// The names of the columns that the result will have.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Takes a page of a list before the list is at its end, so that what follows for each resource need not wait. All
    /// pages are in the answer too.
    pub fn supply_page(&mut self, id: FetchId, page: &[Found]) {
        let Some(made) = self.made.get_mut(id.0) else { return };
        if made.answer.is_some() || !made.users.iter().any(|user| matches!(user.stage, Stage::ThenGet)) {
            return;
        }
        made.listed.extend_from_slice(page);
        let listed = std::mem::take(&mut made.listed);
        for user in 0..self.made[id.0].users.len() {
            let asker = self.made[id.0].users[user].clone();
            if matches!(asker.stage, Stage::ThenGet) {
                self.made[id.0].users[user].begun = listed.len();
                self.get_each(id.0, &asker, &listed);
            }
        }
        self.made[id.0].listed = listed;
    }

    /// True if the statement names tables of a cloud.
    pub fn reads(&self) -> bool {
        !self.bound.relations.is_empty()
    }

    /// True if it makes no sense to ask on: something failed.
    pub fn is_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// What is worth telling beside the result: a region that nobody gave, tables that are read one by one.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Runs the statement on what was read.
    ///
    /// # Errors
    /// A read failed, or the statement cannot be run.
    pub fn finish(self) -> Result<Table, SqlError> {
        self.computation()?.run()
    }

    /// Stops its computing, from any thread.
    pub fn stop(&self) -> Stop {
        self.engine.stop()
    }

    /// True if [`Self::fetches`] may compute: some tables are asked by what others hold.
    pub fn computes_between(&self) -> bool {
        self.bound.relations.iter().any(|relation| !relation.feeds.is_empty())
    }

    /// What is left to do once everything is read.
    ///
    /// # Errors
    /// A read failed.
    pub fn computation(mut self) -> Result<Computation, SqlError> {
        if self.failed.is_none()
            && let Err(error) = self.advance()
        {
            self.failed = Some(error);
        }
        if let Some(error) = self.failed.take() {
            return Err(error.shifted(self.offset));
        }
        if self.states.iter().any(|state| state.phase != Phase::Done) {
            return Err(SqlError::new(codes::CALL_FAILED, "a table of the statement was not read"));
        }
        let Self { engine, bound, words, offset, .. } = self;
        Ok(Computation { engine, bound, words, offset })
    }

    /// Asks a cloud for everything, one question after the other, and finishes.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub async fn run(mut self, cloud: &dyn Provider) -> Result<Table, SqlError> {
        loop {
            let fetches = self.fetches();
            if fetches.is_empty() {
                return self.finish();
            }
            for (id, fetch) in fetches {
                let result = answer(cloud, &fetch).await;
                self.supply(id, result);
                if self.is_failed() {
                    return self.finish();
                }
            }
        }
    }

    /// Moves every table as far as it can go.
    fn advance(&mut self) -> Result<(), SqlError> {
        loop {
            let mut moved = false;
            for at in 0..self.states.len() {
                let state = &self.states[at];
                match state.phase {
                    Phase::Waiting => {
                        let relation = &self.bound.relations[at];
                        let mut needs = relation.feeds.iter().flat_map(|feed| &feed.needs);
                        if needs.all(|need| self.states[*need].phase == Phase::Done) {
                            self.open(at)?;
                            moved = true;
                        }
                    }
                    Phase::Asking if state.outstanding == 0 => {
                        let rows: Vec<Vec<Cell>> =
                            std::mem::take(&mut self.states[at].rows).into_values().flatten().collect();
                        let local = &self.bound.relations[at].local;
                        self.engine.insert(local, &rows).map_err(unplaced)?;
                        self.states[at].phase = Phase::Done;
                        moved = true;
                    }
                    Phase::Asking | Phase::Done => {}
                }
            }
            if !moved {
                return Ok(());
            }
        }
    }

    /// Makes the requests of a table: one for each combination of the values of its parameters.
    fn open(&mut self, at: usize) -> Result<(), SqlError> {
        let relation = &self.bound.relations[at];
        let mut all: Vec<Params> = vec![Vec::new()];
        for (parameter, values) in &relation.given {
            let one = |value: &String| vec![(parameter.clone(), value.clone())];
            all = product(&all, &values.iter().map(one).collect::<Vec<_>>());
        }
        for feed in &relation.feeds {
            let table = self.engine.run(&feed.text).map_err(unplaced)?;
            let mut fed: Vec<Params> = Vec::new();
            for row in table.rows {
                let texts: Option<Vec<String>> = row.iter().map(text).collect();
                // NULL equals nothing.
                let Some(texts) = texts else { continue };
                fed.push(feed.params.iter().cloned().zip(texts).collect());
            }
            all = product(&all, &fed);
        }
        let has_region =
            all.first().is_none_or(|one| one.iter().any(|(p, _)| p.kind == ParameterKind::Region));
        if !has_region && relation.source.has_regions() {
            let region = |region: &String| vec![(region_parameter(), region.clone())];
            all = product(&all, &self.regions.iter().map(region).collect::<Vec<_>>());
        }
        if all.len() > MAX_REQUESTS {
            let told = format!("`{}` needs more than {MAX_REQUESTS} requests", relation.source.name);
            return Err(SqlError::new(codes::LIMIT, told).at(relation.at.clone()));
        }
        let asks = all.iter().map(|params| match &relation.parent {
            Some(parent) => parents(&relation.source, params, &parent.ty),
            None => ask(relation, params, &self.tables),
        });
        let place = relation.at.clone();
        let asks = asks.collect::<Result<Vec<Ask>, _>>().map_err(|error| error.at(place))?;
        self.states[at].phase = Phase::Asking;
        for (slot, Ask { fetch, echo, stage, note }) in asks.into_iter().enumerate() {
            self.notes.extend(note.filter(|note| !self.notes.contains(note)));
            self.want(fetch, User { relation: at, slot: [slot, 0, 0], echo, stage, begun: 0 });
        }
        Ok(())
    }

    /// Adds a fetch, or a user of one that there is already.
    fn want(&mut self, fetch: Fetch, user: User) {
        self.states[user.relation].outstanding += 1;
        let key = format!("{fetch:?}");
        let Some(at) = self.by_key.get(&key).copied() else {
            self.by_key.insert(key, self.made.len());
            self.made.push(Made { fetch, users: vec![user], listed: Vec::new(), answer: None });
            return;
        };
        match self.made[at].answer.clone() {
            Some(answer) => self.take(at, &user, &answer),
            None => self.made[at].users.push(user),
        }
    }

    fn take(&mut self, at: usize, user: &User, answer: &Answer) {
        self.states[user.relation].outstanding -= 1;
        let relation = &self.bound.relations[user.relation];
        let request = user.slot[0];
        match (&user.stage, answer) {
            (Stage::Parents(params), Answer::Found(found)) => {
                let Some(kind) = relation.parent.clone() else { return };
                let name = &relation.source.name;
                self.notes.push(format!("{name}: {} {} are looked into, one by one", found.len(), kind.ty));
                for (number, one) in found.iter().enumerate() {
                    let Some((_, value)) = one.identifier.parts.first() else { continue };
                    let mut params = params.clone();
                    params.push((kind.parameter.clone(), value.clone()));
                    match ask(&self.bound.relations[user.relation], &params, &self.tables) {
                        Ok(Ask { fetch, echo, stage, .. }) => {
                            let slot = [request, number, 0];
                            self.want(fetch, User { slot, echo, stage, ..user.clone() });
                        }
                        Err(error) => {
                            self.failed.get_or_insert(error);
                        }
                    }
                }
            }
            (Stage::ThenGet, Answer::Found(found)) => {
                if found.len() > 1 {
                    let name = &relation.source.name;
                    self.notes.push(format!("{name}: {} resources are read one by one", found.len()));
                }
                self.get_each(at, user, found);
            }
            _ => {
                let new = rows(relation, answer, &user.echo);
                self.states[user.relation].rows.insert(user.slot, new);
            }
        }
    }

    /// The reads of what a list found and that are not begun yet.
    fn get_each(&mut self, at: usize, user: &User, found: &[Found]) {
        let [request, parent, _] = user.slot;
        let list = self.made[at].fetch.clone();
        for (number, one) in found.iter().enumerate().skip(user.begun) {
            let source = &self.bound.relations[user.relation].source;
            let Some(fetch) = then_get(source, &list, one) else { continue };
            let slot = [request, parent, number];
            self.want(fetch, User { slot, stage: Stage::Rows, begun: 0, ..user.clone() });
        }
    }

    fn call_failed(&self, fetch: &Fetch, relation: Option<usize>, failure: &Failure) -> SqlError {
        let relation = relation.map(|at| &self.bound.relations[at]);
        let name = relation.map_or_else(|| fetch.call().to_owned(), |relation| relation.source.name.clone());
        let region = fetch.at().region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
        let methods = relation.and_then(|relation| relation.source.rest()).map(|rest| rest.about.methods());
        let method = methods.and_then(|methods| match fetch {
            Fetch::List { .. } => methods.list,
            _ => methods.read,
        });
        let call = match fetch.ty() {
            _ if method.is_some() => method.unwrap_or_default(),
            Some(ty) => format!("{} of {ty}", fetch.call()),
            None => fetch.call().to_owned(),
        };
        let mut told = SqlError::new(codes::CALL_FAILED, format!("`{name}` could not be read{region}"))
            .at(relation.map(|relation| relation.at.clone()))
            .note("call", call)
            .note("service", format!("{}: {}", failure.code, failure.message));
        if let (Fetch::List { model: Some(model), .. }, true) =
            (fetch, relation.is_some_and(|relation| relation.source.rest().is_some()))
        {
            told = told.note("below", named(model));
        }
        if let Some(id) = &failure.request_id {
            told = told.note("request", id);
        }
        let operation = if matches!(fetch, Fetch::List { .. }) { "list" } else { "read" };
        match (failure.kind, fetch.ty()) {
            (FailureKind::Denied, Some(ty)) if fetch.at().region.is_some() => {
                told.next(format!("stack-deploy permissions {ty} --operation {operation}"))
            }
            (FailureKind::Credentials, _) => told.next("give credentials, or try it with --sandbox"),
            (FailureKind::Throttled | FailureKind::Unavailable | FailureKind::NoAnswer, _) => {
                told.next("try again")
            }
            (FailureKind::Invalid | FailureKind::Unsupported, _) if self.lists_type(relation) => {
                told.next("some lists need to know a parent: give it in ResourceModel = '{…}'")
            }
            _ => told,
        }
    }

    fn lists_type(&self, relation: Option<&Relation>) -> bool {
        relation.is_some_and(|relation| {
            matches!(&relation.source.kind, SourceKind::Type { form, .. } if *form != Form::Singular)
        })
    }
}

/// The inputs of a list: `Identifier = 'a'`.
fn named(model: &Json) -> String {
    let members = model.as_object().into_iter().flatten();
    let shown = members.map(|(name, value)| format!("{name} = '{}'", value.as_str().unwrap_or_default()));
    shown.collect::<Vec<_>>().join(", ")
}

/// True for a list below a parent.
fn is_below(fetch: &Fetch) -> bool {
    matches!(fetch, Fetch::List { model: Some(_), .. })
}

/// Every combination.
fn product(all: &[Params], with: &[Params]) -> Vec<Params> {
    // More than can be asked is counted, and then refused.
    let pairs = all.iter().flat_map(|one| with.iter().map(move |other| [one.as_slice(), other].concat()));
    pairs.take(MAX_REQUESTS + 1).collect()
}

/// The text of a value that is a parameter; NULL is none.
fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Integer(integer) => Some(integer.to_string()),
        Cell::Real(real) => Some(real.to_string()),
        Cell::Text(text) => Some(text.clone()),
    }
}

fn unplaced(trouble: Trouble) -> SqlError {
    crate::troubles::plain(trouble)
}

#[cfg(test)]
mod cloud;
#[cfg(test)]
mod tests;
