//! The tag index behind GetResources: late in both directions (cloud-control 5.1).

use crate::tags::Tag;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Versions kept of one record; older ones can no longer be in doubt.
const VERSIONS: usize = 16;

/// How late the index is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lag {
    /// New and changed tags show so much later.
    pub(crate) tags_ms: i64,
    /// Deleted resources stay so long.
    pub(crate) ghosts_ms: i64,
}

/// The index of one account in one region: ARN → what was known of it when.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TagIndex {
    records: IndexMap<String, Vec<Version>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Version {
    at_ms: i64,
    /// `None`: the resource is gone.
    tags: Option<Vec<Tag>>,
}

impl TagIndex {
    /// Notes the tags of a resource. What was never tagged is not in the index; what once was stays, with no tags.
    pub(crate) fn note(&mut self, arn: &str, tags: Vec<Tag>, at_ms: i64) {
        if tags.is_empty() && !self.records.contains_key(arn) {
            return;
        }
        let versions = self.records.entry(arn.to_owned()).or_default();
        if versions.last().is_some_and(|last| last.tags.as_ref() == Some(&tags)) {
            return;
        }
        if versions.len() >= VERSIONS {
            versions.remove(0);
        }
        versions.push(Version { at_ms, tags: Some(tags) });
    }

    /// Notes that a resource is gone.
    pub(crate) fn note_gone(&mut self, arn: &str, lag: Lag, at_ms: i64) {
        if lag.ghosts_ms == 0 {
            // The order of the index means nothing.
            self.records.swap_remove(arn);
        } else if let Some(versions) = self.records.get_mut(arn) {
            versions.push(Version { at_ms, tags: None });
        }
    }

    /// What the index shows now, in the order of the first notes.
    pub(crate) fn shown(&self, lag: Lag, now_ms: i64) -> Vec<(&str, &[Tag])> {
        self.records
            .iter()
            .filter_map(|(arn, versions)| Some((arn.as_str(), shown(versions, lag, now_ms)?)))
            .collect()
    }

    /// Drops the records of what is gone from the index too.
    pub(crate) fn forget(&mut self, lag: Lag, now_ms: i64) {
        let gone = |version: &Version| {
            version.tags.is_none() && version.at_ms.saturating_add(lag.ghosts_ms) <= now_ms
        };
        self.records.retain(|_, versions| !versions.last().is_some_and(gone));
    }
}

fn shown(versions: &[Version], lag: Lag, now_ms: i64) -> Option<&[Tag]> {
    versions.iter().fold(None, |shown, version| {
        let late = if version.tags.is_some() { lag.tags_ms } else { lag.ghosts_ms };
        if version.at_ms.saturating_add(late) <= now_ms { version.tags.as_deref() } else { shown }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(value: &str) -> Vec<Tag> {
        vec![("k".to_owned(), value.to_owned())]
    }

    #[test]
    fn changes_show_late_and_what_is_gone_stays() {
        let lag = Lag { tags_ms: 10, ghosts_ms: 100 };
        let mut index = TagIndex::default();
        index.note("a", tags("1"), 0);
        index.note("a", tags("2"), 50);
        index.note_gone("a", lag, 60);
        let at = |now: i64| index.shown(lag, now).first().map(|(_, tags)| tags[0].1.clone());
        assert_eq!(at(9), None);
        assert_eq!(at(10).as_deref(), Some("1"));
        assert_eq!(at(59).as_deref(), Some("1"));
        assert_eq!(at(159).as_deref(), Some("2"), "the ghost shows the last tags");
        assert_eq!(at(160), None);
    }

    #[test]
    fn what_was_never_tagged_is_absent_and_what_once_was_is_listed_empty() {
        let mut index = TagIndex::default();
        index.note("never", Vec::new(), 0);
        index.note("once", tags("1"), 0);
        index.note("once", Vec::new(), 1);
        assert_eq!(index.shown(Lag::default(), 2), [("once", [].as_slice())]);
    }
}
