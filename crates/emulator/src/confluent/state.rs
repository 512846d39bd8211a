//! What the emulated Confluent Cloud remembers. Its JSON form is the snapshot.
//!
//! Nothing runs in the background: what will happen is written down with its time when a request makes it happen, and
//! looked up by later requests.

use super::config::Config;
use super::paths;
use crate::dice::Dice;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Everything.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) dice: Dice,
    /// Calls handled so far.
    pub(crate) calls: u64,
    next_uid: u64,
    /// Words for ids given out so far.
    words: u64,
    /// Resource → key → object, in order of creation. The key is the id, below a `/` path of parents where ids are
    /// names.
    objects: BTreeMap<String, IndexMap<String, Object>>,
    /// `resource/key` of what is deleted. Ids are never used again.
    gone: BTreeMap<String, Gone>,
    /// API key → what it opens.
    pub(crate) keys: BTreeMap<String, Key>,
    /// Hashes of the access tokens given out → Unix milliseconds of their end.
    pub(crate) tokens: BTreeMap<String, i64>,
    /// Names that may not be used yet → until when.
    pub(crate) resting: BTreeMap<String, i64>,
    /// Settings that are always there: configs of clusters, registries and subjects, the compute-pool config.
    pub(crate) settings: BTreeMap<String, Map<String, Json>>,
    /// Registry → number of schemas registered so far.
    pub(crate) schema_ids: BTreeMap<String, u64>,
    /// The earliest deletion that is to come.
    next_end: Option<i64>,
    pub(crate) now_ms: i64,
}

/// One object.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Object {
    /// Numbers objects in order of creation.
    pub(crate) uid: u64,
    /// Id or name.
    pub(crate) id: String,
    /// Id of the environment that it is in.
    pub(crate) environment: Option<String>,
    /// `resource/key` of the things with which it goes.
    pub(crate) within: Vec<String>,
    /// What answers show, without what is computed at that moment.
    pub(crate) body: Json,
    /// Write-only values, by dotted path.
    pub(crate) hidden: Map<String, Json>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    /// From when on which phase; empty for what has none.
    pub(crate) phases: Vec<(i64, String)>,
    /// Merge patches of the body that are due at a time.
    pub(crate) later: Vec<(i64, Json)>,
    /// Reads do not find it before.
    pub(crate) visible_at: i64,
    /// So many reads do not find it.
    pub(crate) hidden_reads: u32,
    /// Lists do not show it before.
    pub(crate) listed_at: i64,
    /// It is being deleted, and gone at that time.
    pub(crate) gone_at: Option<i64>,
    /// Counts changes, from 1.
    pub(crate) revision: u64,
    /// Merge patch of what reads show.
    pub(crate) shown: Option<Json>,
    /// Until when reads show the body before the last change, and that body.
    pub(crate) stale: Option<(i64, Json)>,
}

impl Object {
    /// The phase at a time.
    pub(crate) fn phase(&self, now_ms: i64) -> Option<&str> {
        self.phases.iter().rev().find(|(from, _)| *from <= now_ms).map(|(_, phase)| phase.as_str())
    }

    /// When the last phase begins; the creation if there are none.
    pub(crate) fn settled_at(&self) -> i64 {
        self.phases.last().map_or(self.created_at, |(from, _)| *from)
    }

    /// The body with what is due, and the phase at its place.
    pub(crate) fn at(&self, now_ms: i64, phase_at: &str) -> Json {
        let stale = self.stale.as_ref().filter(|(until, _)| *until > now_ms);
        let mut body = stale.map_or(&self.body, |(_, body)| body).clone();
        for (_, patch) in self.later.iter().filter(|(from, _)| *from <= now_ms) {
            json_patch::merge(&mut body, patch);
        }
        if let Some(phase) = self.phase(now_ms) {
            paths::set(&mut body, phase_at, Json::from(phase));
        }
        body
    }

    /// Makes what is due part of the body.
    pub(crate) fn fold(&mut self, now_ms: i64) {
        let body = &mut self.body;
        self.later.retain(|(from, patch)| {
            let due = *from <= now_ms;
            if due {
                json_patch::merge(body, patch);
            }
            !due
        });
    }

    /// Notes a change.
    pub(crate) fn touch(&mut self, now_ms: i64) {
        self.updated_at = now_ms;
        self.revision += 1;
    }
}

/// What is left of a deleted object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Gone {
    /// Lists show it until then.
    listed_until: i64,
    /// What they show, while they do.
    ghost: Option<Box<Object>>,
}

/// What an API key opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Opens {
    /// The control plane without Tableflow.
    Cloud,
    /// Kafka REST of one cluster.
    Kafka(String),
    /// One Schema Registry.
    Registry(String),
    /// Flink REST of one environment and region (`aws.us-east-1`).
    Flink { environment: String, region: String },
    /// Tableflow.
    Tableflow,
    /// The organization API and Flink.
    Global,
    /// Every data plane, where it is named: no key of the service's own, but all those of one user at once.
    Planes,
    /// A ksqlDB server, which is not played here.
    Ksql(String),
}

/// An API key. Secrets are kept as hashes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) secret: String,
    pub(crate) owner: String,
    pub(crate) opens: Opens,
    /// Accepted from then on.
    pub(crate) works_at: i64,
    /// Successes so far.
    pub(crate) uses: u32,
}

impl State {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            dice: Dice::new(config.seed ^ 0xc0ff_1e47),
            calls: 0,
            next_uid: 1,
            words: 0,
            objects: BTreeMap::new(),
            gone: BTreeMap::new(),
            keys: BTreeMap::new(),
            tokens: BTreeMap::new(),
            resting: BTreeMap::new(),
            settings: BTreeMap::new(),
            schema_ids: BTreeMap::new(),
            next_end: None,
            now_ms: 0,
        }
    }

    /// Six letters and digits, a letter first, that were never given out: a walk through all of them with a stride that
    /// has no factor in common with their number.
    pub(crate) fn fresh_word(&mut self, seed: u64) -> String {
        const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        const WORDS: u64 = 26 * 36_u64.pow(5);
        const STRIDE: u64 = 982_451_653;
        let mut rest = (seed % WORDS + self.words % WORDS * STRIDE + STRIDE / 2) % WORDS;
        self.words += 1;
        let mut word = String::new();
        for base in [26, 36, 36, 36, 36, 36] {
            let letter = LETTERS.get((rest % base) as usize).copied().unwrap_or(b'a');
            word.push(char::from(letter));
            rest /= base;
        }
        word
    }

    /// Puts an object in, and gives it its number. Replaces one of that key.
    pub(crate) fn insert(&mut self, resource: &str, key: &str, mut object: Object) {
        object.uid = self.next_uid;
        self.next_uid += 1;
        object.revision = 1;
        self.objects.entry(resource.to_owned()).or_default().insert(key.to_owned(), object);
    }

    pub(crate) fn get(&self, resource: &str, key: &str) -> Option<&Object> {
        self.objects.get(resource)?.get(key)
    }

    pub(crate) fn get_mut(&mut self, resource: &str, key: &str) -> Option<&mut Object> {
        self.objects.get_mut(resource)?.get_mut(key)
    }

    /// The live object that is not being deleted.
    pub(crate) fn usable(&self, resource: &str, key: &str) -> Option<&Object> {
        self.get(resource, key).filter(|object| object.gone_at.is_none())
    }

    /// All objects of a resource by key, in order of creation.
    pub(crate) fn all(&self, resource: &str) -> impl Iterator<Item = (&String, &Object)> {
        self.objects.get(resource).into_iter().flatten()
    }

    /// All objects: resource, key, object.
    pub(crate) fn everything(&self) -> impl Iterator<Item = (&String, &String, &Object)> {
        self.objects.iter().flat_map(|(resource, all)| all.iter().map(move |(key, o)| (resource, key, o)))
    }

    /// What a list shows: what is listed by now, and the ghosts of what is deleted.
    pub(crate) fn listed(&self, resource: &str) -> Vec<&Object> {
        let now_ms = self.now_ms;
        let prefix = format!("{resource}/");
        let ghosts = self
            .gone
            .range(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix))
            .filter(|(_, gone)| gone.listed_until > now_ms)
            .filter_map(|(_, gone)| gone.ghost.as_deref());
        let live = self.all(resource).map(|(_, o)| o).filter(|object| object.listed_at <= now_ms);
        let mut shown: Vec<&Object> = live.chain(ghosts).collect();
        shown.sort_by_key(|object| object.uid);
        shown
    }

    /// True if there was such an object.
    pub(crate) fn is_gone(&self, resource: &str, key: &str) -> bool {
        self.gone.contains_key(&format!("{resource}/{key}"))
    }

    /// Starts a deletion, of everything within as well. At once if `at_ms` is now.
    pub(crate) fn end(&mut self, resource: &str, key: &str, at_ms: i64) {
        let mut doomed = vec![format!("{resource}/{key}")];
        while let Some(name) = doomed.pop() {
            let Some((resource, key)) = name.split_once('/') else { continue };
            if let Some(object) = self.get_mut(resource, key)
                && object.gone_at.is_none_or(|before| before > at_ms)
            {
                object.gone_at = Some(at_ms);
            }
            let children = self
                .everything()
                .filter(|(_, _, o)| o.gone_at.is_none_or(|before| before > at_ms) && o.within.contains(&name))
                .map(|(resource, key, _)| format!("{resource}/{key}"));
            doomed.extend(children.collect::<Vec<_>>());
        }
        self.next_end = Some(self.next_end.map_or(at_ms, |before| before.min(at_ms)));
    }

    /// Drops what is gone by now; returns `resource/key` and the object, in no order that matters.
    pub(crate) fn sweep(&mut self, now_ms: i64, ghost_ms: i64) -> Vec<(String, Object)> {
        self.now_ms = self.now_ms.max(now_ms);
        if self.next_end.is_none_or(|at| at > now_ms) {
            return Vec::new();
        }
        let is_over = |object: &Object| object.gone_at.is_some_and(|at| at <= now_ms);
        let mut swept = Vec::new();
        for (resource, all) in &mut self.objects {
            let over: Vec<String> =
                all.iter().filter(|(_, o)| is_over(o)).map(|(key, _)| key.clone()).collect();
            for key in over {
                if let Some(object) = all.shift_remove(&key) {
                    swept.push((format!("{resource}/{key}"), object));
                }
            }
        }
        for (name, object) in &swept {
            let until = object.gone_at.unwrap_or(now_ms) + ghost_ms;
            let ghost = (ghost_ms > 0).then(|| Box::new(object.clone()));
            self.gone.insert(name.clone(), Gone { listed_until: until, ghost });
            if name.starts_with("api_key/") {
                self.keys.remove(&object.id);
            }
        }
        self.next_end = self.everything().filter_map(|(_, _, object)| object.gone_at).min();
        swept
    }

    /// The form to keep: write-only values become hashes, since a state file must not hold secrets in clear.
    pub(crate) fn snapshot(&self) -> Json {
        let mut state = self.clone();
        let objects = state.objects.values_mut().flat_map(IndexMap::values_mut);
        for value in objects.flat_map(|object| object.hidden.values_mut()) {
            if !value.as_str().is_some_and(|text| text.starts_with("sha256:")) {
                *value = Json::from(hashed(&value.to_string()));
            }
        }
        serde_json::to_value(&state).unwrap_or_default()
    }
}

/// A hash that stands for a secret.
pub(crate) fn hashed(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn put(state: &mut State, resource: &str, key: &str, within: &[&str]) {
        let within = within.iter().map(|name| (*name).to_owned()).collect();
        state.insert(resource, key, Object { id: key.to_owned(), within, ..Object::default() });
    }

    #[test]
    fn what_is_within_goes_too_but_not_what_is_beside() {
        let mut state = State::new(&Config::default());
        put(&mut state, "environment", "env-1", &[]);
        put(&mut state, "kafka_cluster", "lkc-1", &["environment/env-1"]);
        put(&mut state, "kafka_topic", "lkc-1/a", &["kafka_cluster/lkc-1"]);
        put(&mut state, "kafka_topic", "lkc-2/a", &["kafka_cluster/lkc-2"]);
        state.end("environment", "env-1", 5);
        assert!(state.sweep(4, 0).is_empty());
        assert_eq!(state.sweep(5, 0).len(), 3);
        assert!(state.is_gone("kafka_topic", "lkc-1/a") && state.get("kafka_topic", "lkc-2/a").is_some());
    }

    #[test]
    fn words_are_never_given_out_twice() {
        let mut state = State::new(&Config::default());
        let words: std::collections::BTreeSet<String> = (0..20_000).map(|_| state.fresh_word(7)).collect();
        assert_eq!(words.len(), 20_000);
        assert!(
            words.iter().all(|word| word.len() == 6 && word.starts_with(|c: char| c.is_ascii_lowercase()))
        );
    }

    #[test]
    fn ghosts_are_listed_for_a_while() {
        let mut state = State::new(&Config::default());
        put(&mut state, "network", "n-1", &[]);
        state.end("network", "n-1", 0);
        state.sweep(0, 10);
        assert_eq!((state.listed("network").len(), state.get("network", "n-1").is_none()), (1, true));
        state.sweep(10, 10);
        assert!(state.listed("network").is_empty());
    }

    #[test]
    fn phases_and_late_members_come_with_time() {
        let object = Object {
            body: json!({ "status": {} }),
            phases: vec![(0, "PROVISIONING".to_owned()), (9, "READY".to_owned())],
            later: vec![(9, json!({ "spec": { "address": "a" } }))],
            ..Object::default()
        };
        assert_eq!(object.at(8, "status.phase"), json!({ "status": { "phase": "PROVISIONING" } }));
        assert_eq!(
            object.at(9, "status.phase"),
            json!({ "status": { "phase": "READY" }, "spec": { "address": "a" } })
        );
    }
}
