//! Looking for resources that no key gives: tag index, listings, recent operations (DESIGN section 5, steps 6 and 7).
//!
//! One [`Searcher`] serves one plan. It asks each thing once, however many resources want to know it: the tag index once
//! per place, a listing once per type and input, a model once per resource. What a find means is decided in
//! [`stack_core::search`].

use crate::clock::Clock;
use crate::paced::Paced;
use crate::pages::Pages;
use crate::schedule::READ_BACK;
use serde_json::Value as Json;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{AccountId, StackId, Target, TypeName};
use stack_core::observed::{Question, Sighting};
use stack_core::provider::{
    Failure, FailureKind, Found, Progress, Provider, Status, TagFilter, Tagged, Verb,
};
use stack_core::search::{Class, Finds, Listing, Search};
use stack_core::tags::{RESOURCE_NAME, STACK_ENV, STACK_NAME};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How far back operations are looked at: the tag index has been seen to lag 45 minutes, lists for seconds
/// (cloud-control 5.1, 5.2).
pub(crate) const RECENT_MS: i64 = 2 * 60 * 60 * 1000;
/// For so long a read may not show what a create has made: the minute of a read-back, and a minute between two clocks.
const YOUNG_MS: i64 = 2 * 60 * 1000;

/// Answers that are asked for once.
struct Memo<K, V>(Mutex<HashMap<K, Arc<OnceCell<V>>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    async fn get<F: Future<Output = V>>(&self, key: K, ask: impl FnOnce() -> F) -> V {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(key).or_default())
        };
        cell.get_or_init(ask).await.clone()
    }

    /// All answers so far.
    fn told(&self) -> Vec<(K, V)>
    where
        K: Clone,
    {
        let cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cells.iter().filter_map(|(key, cell)| Some((key.clone(), cell.get()?.clone()))).collect()
    }
}

type Answer<T> = Result<Arc<T>, Failure>;
/// What one read gives.
type Reading = Result<Option<Arc<Found>>, Failure>;
/// The records of a stack in one place, by the name of the resource.
type Index = HashMap<String, Vec<Tagged>>;

/// A list in place of reads: place, type and input.
type Whole = (Target, TypeName, String);

/// The list of a question that shows all that reads would, and its input.
fn whole_of(question: &Question) -> Option<(Whole, Option<&Json>)> {
    let model = match &question.listing {
        Listing::Free => None,
        Listing::With(model) => Some(model),
        Listing::Waiting(_) | Listing::Never => return None,
    };
    let input = model.map(Json::to_string).unwrap_or_default();
    Some(((question.target.clone(), question.ty.clone(), input), model))
}

/// Everything of one listing, read.
struct Listed {
    resources: Vec<Found>,
    /// A resource that is listed and cannot be read: nobody knows whose it is.
    refused: Option<Failure>,
}

/// Looks for resources; remembers what it has asked.
pub struct Searcher {
    provider: Arc<Paced>,
    clock: Arc<dyn Clock>,
    indices: Memo<Target, Answer<Index>>,
    /// By place, type, input, and whether others' resources are left out.
    listings: Memo<(Target, TypeName, String, bool), Answer<Listed>>,
    /// Everything that one list shows, by identifier, for questions that have it in common.
    wholes: Memo<Whole, Answer<HashMap<String, Found>>>,
    /// How many questions have a list in common.
    expected: Mutex<HashMap<Whole, usize>>,
    reads: Memo<(Target, TypeName, String), Reading>,
    recent: Memo<Target, Answer<Vec<Progress>>>,
}

impl std::fmt::Debug for Searcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Searcher").finish_non_exhaustive()
    }
}

impl Searcher {
    /// A searcher that has asked nothing yet.
    pub fn new(provider: Arc<Paced>, clock: Arc<dyn Clock>) -> Self {
        Self {
            provider,
            clock,
            indices: Memo::default(),
            listings: Memo::default(),
            wholes: Memo::default(),
            expected: Mutex::default(),
            reads: Memo::default(),
            recent: Memo::default(),
        }
    }

    /// Learns which questions are about to be asked: a list is asked where several have it in common.
    pub(crate) fn expect(&self, questions: &[Question]) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        for (whole, _) in questions.iter().filter_map(whole_of) {
            *expected.entry(whole).or_default() += 1;
        }
    }

    /// The answer that a list gives to a question, if several questions have the list in common. `None`: it has to be read.
    /// A list that is refused answers nothing: the reads say what is wrong.
    pub(crate) async fn among_many(&self, question: &Question) -> Option<Sighting> {
        let (whole, model) = whole_of(question)?;
        let is_common = {
            let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
            expected.get(&whole).is_some_and(|count| *count > 1)
        };
        let (Some(probe), true) = (question.probes.first(), is_common) else { return None };
        let Key::Primary(identifier) = &probe.key else { return None };
        let listed = self
            .wholes
            .get(whole, || async {
                let all = self.provider.all(&question.target, &question.ty, model).await?;
                Ok(Arc::new(all.into_iter().map(|found| (found.identifier.wire(), found)).collect()))
            })
            .await;
        let found = listed.ok()?.get(&identifier.wire())?.clone();
        probe.confirms(&found.model).then(|| Sighting::Present { found: Box::new(found), step: probe.step })
    }

    /// The account that a place belongs to.
    pub(crate) async fn account(&self, place: &Target) -> Result<AccountId, Failure> {
        Ok(self.provider.caller_once(place).await?.account)
    }

    /// The cloud.
    pub fn provider(&self) -> &Paced {
        &self.provider
    }

    /// Looks for the resource that a question is about. *Absent* is what no evidence contradicts: the tag index, the
    /// list, and the operations of the last two hours.
    pub(crate) async fn search(self: &Arc<Self>, question: &Question, search: &Search) -> Sighting {
        let mut finds = Finds::default();
        let mut is_index_told = true;
        if search.marks() {
            let records = match self.records(question, search).await {
                Ok(records) => records,
                // Nothing else shows what was made before the last two hours.
                Err(failure) if search.listing == Listing::Never && !search.index_only => {
                    return Sighting::Unreadable(failure);
                }
                // A tag index that cannot be asked costs time, not certainty: the list decides.
                Err(_) => {
                    is_index_told = false;
                    Vec::new()
                }
            };
            let mut is_told = is_index_told;
            for record in records {
                match self.confirm(question, search, &record, &mut finds).await {
                    Ok(told) => is_told &= told,
                    Err(failure) => return Sighting::Unreadable(failure),
                }
            }
            if finds.has_marked() || (search.index_only && is_told) {
                return search.verdict(finds);
            }
        }
        let listed = match self.listed(question, search).await {
            Some(Ok(listed)) => Some(listed),
            // The key has nothing, and neither index nor list may be asked: `refused_indices` tells what that means.
            Some(Err(_)) if search.index_only && !is_index_told => None,
            Some(Err(failure)) => return Sighting::Unreadable(failure),
            None => None,
        };
        for found in listed.iter().flat_map(|listed| &listed.resources) {
            finds.add(found, search.class_of(&found.model, false));
        }
        if finds.has_marked() {
            return search.verdict(finds);
        }
        if let Some(refused) = listed.as_ref().and_then(|listed| listed.refused.clone()) {
            return Sighting::Unreadable(refused);
        }
        if search.index_only {
            return search.verdict(finds);
        }
        match self.made_lately(question, search, listed.as_deref()).await {
            Ok(lately) => {
                let Listed { resources, refused } = lately;
                resources.iter().for_each(|found| finds.add(found, search.class_of(&found.model, false)));
                // What a create has made and nobody may read can be the one.
                if let Some(refused) = refused.filter(|_| !finds.has_marked()) {
                    return Sighting::Unreadable(refused);
                }
            }
            // Without a list the operations are the only proof of absence.
            Err(failure) if listed.is_none() && !matches!(search.listing, Listing::Waiting(_)) => {
                return Sighting::Unreadable(failure);
            }
            Err(failure) => tracing::debug!(%failure, "recent operations are not told"),
        }
        search.verdict(finds)
    }

    /// Records of the tag index that carry our marks and one of the resource's names.
    async fn records(&self, question: &Question, search: &Search) -> Result<Vec<Tagged>, Failure> {
        let place = self.provider.index_place(&question.target, &question.ty);
        let index = self.index(&place, &search.stack).await?;
        Ok(search.names.iter().flat_map(|name| index.get(name)).flatten().cloned().collect())
    }

    /// All records of a stack in one place.
    pub(crate) async fn index(&self, place: &Target, stack: &StackId) -> Answer<Index> {
        let place = Target { role_arn: None, type_version_id: None, ..place.clone() };
        let filters = [
            TagFilter { key: STACK_NAME.to_owned(), values: vec![stack.name.clone()] },
            TagFilter { key: STACK_ENV.to_owned(), values: vec![stack.env.clone()] },
        ];
        self.indices
            .get(place.clone(), || async move {
                let mut index = Index::new();
                let (mut page, mut pages) = (None, Pages::default());
                loop {
                    let answer = self.provider.tagged(&place, &filters, &[], page.as_deref()).await?;
                    for record in answer.found {
                        let name = record.tags.iter().find(|(key, _)| key == RESOURCE_NAME);
                        let name = name.map(|(_, name)| name.clone()).unwrap_or_default();
                        let known = index.entry(name).or_default();
                        if !known.contains(&record) {
                            known.push(record);
                        }
                    }
                    page = pages.next(answer.next)?;
                    // Pages may be short or empty; only an absent token ends the listing (cloud-control 5.1).
                    if page.is_none() {
                        return Ok(Arc::new(index));
                    }
                }
            })
            .await
    }

    /// The places whose tag index was asked and did not answer, and why.
    pub(crate) fn refused_indices(&self) -> Vec<(Target, Failure)> {
        let refused = |(place, answer): (Target, Answer<Index>)| Some((place, answer.err()?));
        self.indices.told().into_iter().filter_map(refused).collect()
    }

    /// Reads what a record of the tag index may mean. A hit is evidence, the read is the proof. False if the ARN does not
    /// tell any identifier.
    async fn confirm(
        &self,
        question: &Question,
        search: &Search,
        record: &Tagged,
        finds: &mut Finds,
    ) -> Result<bool, Failure> {
        let identifiers = self.provider.identifiers_of(&question.ty, &record.arn);
        let is_told = !identifiers.is_empty();
        for identifier in identifiers {
            match self.read(question, &identifier).await {
                Ok(Some(found)) => {
                    let class = search.class_of(&found.model, true);
                    let is_it = class == Class::Marked;
                    finds.add(&found, class);
                    if is_it {
                        return Ok(true);
                    }
                }
                Ok(None) => {}
                // A guess that has not the form of an identifier of this type.
                Err(failure) if failure.kind == FailureKind::Invalid => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(is_told)
    }

    /// Everything that the type's list shows, read. `None` if it cannot be listed.
    async fn listed(self: &Arc<Self>, question: &Question, search: &Search) -> Option<Answer<Listed>> {
        let model = match &search.listing {
            Listing::Free => None,
            Listing::With(model) => Some(model.clone()),
            Listing::Waiting(_) | Listing::Never => return None,
        };
        let key = (
            question.target.clone(),
            question.ty.clone(),
            model.as_ref().map(Json::to_string).unwrap_or_default(),
            search.skips_others(),
        );
        let answer = self.listings.get(key, || self.list(question, search, model)).await;
        match answer {
            // The handler is missing here although the schema has it. Marks and operations may tell; where there are no
            // marks, nothing does (trap 82).
            Err(failure) if failure.kind == FailureKind::Unsupported && search.marks() => None,
            other => Some(other),
        }
    }

    async fn list(
        self: &Arc<Self>,
        question: &Question,
        search: &Search,
        model: Option<Json>,
    ) -> Answer<Listed> {
        let mut seen: HashSet<Identifier> = HashSet::new();
        let mut reading: JoinSet<(usize, Reading)> = JoinSet::new();
        let (mut page, mut pages) = (None, Pages::default());
        loop {
            let answer =
                self.provider.list(&question.target, &question.ty, model.as_ref(), page.as_deref()).await;
            let answer = match answer {
                Ok(answer) => answer,
                // The parent that the input names is not there, so nothing is in it.
                Err(failure) if failure.kind == FailureKind::NotFound && model.is_some() => break,
                Err(failure) => return Err(failure),
            };
            for found in answer.found {
                if search.is_others(&found.model) || !seen.insert(found.identifier.clone()) {
                    continue;
                }
                // Lists may show a part of the model only (cloud-control 2.5).
                let (searcher, question, number) = (Arc::clone(self), question.clone(), seen.len());
                reading.spawn(async move { (number, searcher.read(&question, &found.identifier).await) });
            }
            page = pages.next(answer.next)?;
            if page.is_none() {
                break;
            }
        }
        let mut answers = reading.join_all().await;
        answers.sort_by_key(|(number, _)| *number);
        let mut listed = Listed { resources: Vec::new(), refused: None };
        for (_, answer) in answers {
            match answer {
                Ok(Some(found)) => listed.resources.push((*found).clone()),
                // Deleted meanwhile, or long ago: lists lag too.
                Ok(None) => {}
                Err(failure) => listed.refused = listed.refused.or(Some(failure)),
            }
        }
        Ok(Arc::new(listed))
    }

    async fn read(&self, question: &Question, identifier: &Identifier) -> Reading {
        self.read_at(&question.target, &question.ty, identifier).await
    }

    /// Reads a resource once.
    pub(crate) async fn read_at(&self, place: &Target, ty: &TypeName, identifier: &Identifier) -> Reading {
        let key = (place.clone(), ty.clone(), identifier.wire());
        self.reads
            .get(key, || async {
                match self.provider.read(place, ty, &Key::Primary(identifier.clone())).await {
                    Ok(found) => Ok(found.map(Arc::new)),
                    Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
                    Err(mut failure) => {
                        failure.message = format!("{identifier}: {}", failure.message);
                        Err(failure)
                    }
                }
            })
            .await
    }

    /// What creates of the last two hours have made that the list does not show yet.
    async fn made_lately(
        &self,
        question: &Question,
        search: &Search,
        listed: Option<&Listed>,
    ) -> Result<Listed, Failure> {
        let operations = self.operations(&question.target).await?;
        let mut made = Listed { resources: Vec::new(), refused: None };
        for progress in operations.iter() {
            let is_create = progress.verb == Some(Verb::Create) && progress.ty.as_ref() == Some(&question.ty);
            let named = progress.identifier.as_deref().filter(|text| !text.is_empty());
            // A failed create may have made its resource all the same (traps 84 and 85).
            let (true, true, Some(text)) = (is_create, progress.status.is_terminal(), named) else {
                continue;
            };
            let Some(identifier) = Identifier::parse(&search.schema, text) else { continue };
            let is_known = |found: &Found| found.identifier.is_same(&identifier);
            if listed.is_some_and(|listed| listed.resources.iter().any(is_known)) {
                continue;
            }
            // What was deleted since, or was never made, need not be waited for.
            let may_show = progress.status == Status::Success && !was_deleted(&operations, progress);
            let made_at = progress.at.or(Some(self.clock.now_ms())).filter(|_| may_show);
            let answer = self.read_made(&question.target, &question.ty, &identifier, made_at).await;
            match answer {
                Ok(Some(found)) => made.resources.push((*found).clone()),
                Ok(None) => {}
                Err(failure) if progress.status == Status::Success => {
                    made.refused = made.refused.or(Some(failure));
                }
                Err(_) => {}
            }
        }
        Ok(made)
    }

    /// Reads what was made at a time; again for about a minute if that is a moment ago: reads lag behind creates (trap 90).
    pub(crate) async fn read_made(
        &self,
        place: &Target,
        ty: &TypeName,
        identifier: &Identifier,
        made_at: Option<i64>,
    ) -> Reading {
        let first = self.read_at(place, ty, identifier).await?;
        let is_young = made_at.is_some_and(|at| self.clock.now_ms() - at < YOUNG_MS);
        if first.is_some() || !is_young {
            return Ok(first);
        }
        let key = Key::Primary(identifier.clone());
        for wait in READ_BACK {
            sleep(wait).await;
            match self.provider.read(place, ty, &key).await {
                Ok(Some(found)) => return Ok(Some(Arc::new(found))),
                Ok(None) => {}
                Err(failure) if failure.kind == FailureKind::NotFound => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }

    /// The operations of the last two hours, newest first.
    async fn operations(&self, place: &Target) -> Answer<Vec<Progress>> {
        let place = Target { role_arn: None, type_version_id: None, ..place.clone() };
        self.recent
            .get(place.clone(), || async move {
                let mut newest: Option<i64> = None;
                let more = |page: &[Progress]| {
                    newest = newest.or(page.iter().filter_map(|progress| progress.at).max());
                    let oldest = page.last().and_then(|progress| progress.at);
                    match (newest, oldest) {
                        (Some(newest), Some(oldest)) => newest - oldest < RECENT_MS,
                        _ => true,
                    }
                };
                self.provider.all_requests(&place, false, more).await.map(Arc::new)
            })
            .await
    }
}

/// True if a later operation deleted what this one made. Operations stand newest first.
fn was_deleted(operations: &[Progress], made: &Progress) -> bool {
    operations.iter().take_while(|later| later.request != made.request).any(|later| {
        later.verb == Some(Verb::Delete) && later.ty == made.ty && later.identifier == made.identifier
    })
}
