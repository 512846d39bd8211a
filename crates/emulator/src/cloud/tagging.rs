//! The Resource Groups Tagging API: GetResources, GetTagKeys, GetTagValues (cloud-control 5.1).

use super::{Cloud, Done, Turn};
use crate::arn;
use crate::config::TagPages;
use crate::dice::Dice;
use crate::handler::Place;
use crate::tag_index::Lag;
use crate::tags::{self, Tag};
use crate::wire::tag_members::{GetResources, TagFilter, TagMembers, invalid};
use crate::wire::{Op, WireError};
use serde_json::{Value as Json, json};
use stack_core::ids::TypeName;
use stack_core::schema::ResourceSchema;
use std::collections::BTreeSet;

/// Resources per page where the caller does not say.
const PAGE: usize = 50;
/// A token can be used so long.
const TOKEN_MS: i64 = 15 * 60 * 1000;

impl Cloud {
    /// How late the index is now.
    fn lag(&self) -> Lag {
        Lag { tags_ms: self.config.tag_lag_ms.max(0), ghosts_ms: self.config.tag_ghost_ms.max(0) }
    }

    /// Notes in the index what a resource carries now; a model that is `None` is gone.
    pub(super) fn index_tags(
        &mut self,
        scope: &str,
        schema: &ResourceSchema,
        model: &Json,
        gone: bool,
        at_ms: i64,
    ) {
        let Some(tags) = tags::of(schema, model) else { return };
        let ty = schema.type_name.as_str();
        let (account, region) = scope.split_once('/').unwrap_or((scope, ""));
        let place = Place { account: account.to_owned(), region: region.to_owned(), now_ms: at_ms };
        let Some(arn) = arn::of(schema, model, &place) else { return };
        // What belongs to no region is indexed in one only.
        let (holder, lag) = (arn::home_scope(scope, ty), self.lag());
        let index = self.state.tags.get_or_insert_default().entry(holder).or_default();
        if gone {
            index.note_gone(&arn, lag, at_ms);
        } else {
            index.note(&arn, tags, at_ms);
        }
    }

    /// Brings a state up to date that is from before there was an index, and before what belongs to no region was kept
    /// in one place.
    pub(super) fn migrate(&mut self) {
        let moved: Vec<(String, String)> = self
            .state
            .scopes
            .iter()
            .flat_map(|(scope, held)| held.resources.keys().map(move |ty| (scope.clone(), ty.clone())))
            .filter(|(scope, ty)| arn::home_scope(scope, ty) != *scope)
            .collect();
        for (scope, ty) in moved {
            let Some(all) = self.scope(&scope).resources.remove(&ty) else { continue };
            let home = self.scope(&arn::home_scope(&scope, &ty)).resources.entry(ty).or_default();
            for (key, resource) in all {
                home.entry(key).or_insert(resource);
            }
        }
        let live: Vec<(String, String, Json)> = self
            .state
            .scopes
            .iter()
            .flat_map(|(scope, held)| {
                held.resources.iter().flat_map(move |(ty, all)| {
                    all.values().map(move |resource| (scope.clone(), ty.clone(), resource.model.clone()))
                })
            })
            .collect();
        self.state.tags.get_or_insert_default();
        for (scope, ty, model) in live {
            if let Some(schema) = self.known(&TypeName::new(ty)) {
                self.index_tags(&scope, &schema, &model, false, i64::MIN);
            }
        }
    }

    pub(super) fn tagging(&mut self, turn: &Turn, body: &[u8]) -> Result<Done, WireError> {
        let members = TagMembers::read(body)?;
        let lag = self.lag();
        let index = self.state.tags.get_or_insert_default().entry(turn.scope.clone()).or_default();
        index.forget(lag, turn.now_ms);
        match turn.op {
            Op::GetTagKeys => {
                let (token, ignored) = members.get_tag_keys()?;
                let shown = index.shown(lag, turn.now_ms);
                let keys: BTreeSet<&str> =
                    shown.iter().flat_map(|(_, tags)| tags.iter().map(|(key, _)| key.as_str())).collect();
                let keys: Vec<Json> = keys.into_iter().map(Json::from).collect();
                words("TagKeys", keys, token.as_deref(), turn.now_ms).map(|body| done(body, ignored))
            }
            Op::GetTagValues => {
                let (key, token, ignored) = members.get_tag_values()?;
                let shown = index.shown(lag, turn.now_ms);
                let values: BTreeSet<&str> = shown
                    .iter()
                    .flat_map(|(_, tags)| tags.iter().filter(|(k, _)| *k == key).map(|(_, v)| v.as_str()))
                    .collect();
                let values: Vec<Json> = values.into_iter().map(Json::from).collect();
                words(&format!("TagValues {key}"), values, token.as_deref(), turn.now_ms)
                    .map(|body| done(body, ignored))
            }
            _ => {
                let (asked, ignored) = members.get_resources()?;
                let partition = turn.place.partition();
                let foreign =
                    asked.arns.iter().flatten().find(|arn| arn.split(':').nth(1) != Some(partition));
                if let Some(arn) = foreign {
                    return Err(invalid(format!("The partition of {arn} is not that of this endpoint")));
                }
                let shown = index.shown(lag, turn.now_ms);
                let found: Vec<&(&str, &[Tag])> =
                    shown.iter().filter(|(arn, tags)| asked.wants(arn, tags)).collect();
                let pages = Pages { kind: self.config.tag_pages, seed: self.config.seed };
                page(&asked, &found, pages, turn.now_ms).map(|body| done(body, ignored))
            }
        }
    }
}

fn done(body: Json, ignored: Vec<String>) -> Done {
    Done { ignored, ..Done::new(body) }
}

impl GetResources {
    fn wants(&self, arn: &str, tags: &[Tag]) -> bool {
        // Nothing is judged by tag policies here, so everything complies.
        if self.only_noncompliant {
            return false;
        }
        self.arns.as_ref().is_none_or(|arns| arns.iter().any(|wanted| wanted == arn))
            && (self.types.is_empty() || self.types.iter().any(|name| is_of_type(arn, name)))
            && self.filters.iter().all(|filter| carries(tags, filter))
    }

    /// What a token stands for beside its place: the same question.
    fn fingerprint(&self) -> u64 {
        Dice::of_text(0, &format!("{:?} {:?} {}", self.filters, self.types, self.compliance)).next()
    }
}

fn carries(tags: &[Tag], filter: &TagFilter) -> bool {
    tags.iter()
        .any(|(key, value)| *key == filter.key && (filter.values.is_empty() || filter.values.contains(value)))
}

/// True if the ARN is of the service, and of the type if one is named. Names are those in ARNs.
fn is_of_type(arn: &str, name: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, service, _, _, resource] = parts.as_slice() else { return false };
    let (wanted, kind) = name.split_once(':').map_or((name, None), |(wanted, kind)| (wanted, Some(kind)));
    if *service != wanted {
        return false;
    }
    let Some(kind) = kind else { return true };
    let resource = resource.strip_prefix('/').unwrap_or(resource);
    // Three services have no type in their ARNs.
    match *service {
        "s3" if !resource.contains(['/', ':']) => return kind == "bucket",
        "sqs" => return kind == "queue",
        "sns" if !resource.contains(':') => return kind == "topic",
        _ => {}
    }
    resource.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
}

/// How pages are cut.
#[derive(Clone, Copy)]
struct Pages {
    kind: TagPages,
    seed: u64,
}

impl Pages {
    /// How many of `left` results a page takes that may hold `limit`. Pages may be short, even empty, with more to
    /// come; a short page never adds one to what fits into a single page unless the pages are sparse.
    fn take(self, limit: usize, left: usize, salt: &str) -> usize {
        let mut dice = Dice::of_text(self.seed, salt);
        match self.kind {
            TagPages::Full => limit,
            TagPages::Short if left <= limit => limit,
            TagPages::Short => limit - dice.below(limit as u64 / 3 + 1) as usize,
            // Some are empty: the place in the salt moves on with the round.
            TagPages::Sparse => dice.below(limit.min(left.max(1)) as u64 + 1) as usize,
        }
    }
}

fn page(
    asked: &GetResources,
    found: &[&(&str, &[Tag])],
    pages: Pages,
    now_ms: i64,
) -> Result<Json, WireError> {
    let fingerprint = asked.fingerprint();
    let (start, round) = match &asked.token {
        None => (0, 0),
        Some(text) => place_of(text, fingerprint, now_ms)?,
    };
    let left = found.get(start..).unwrap_or_default();
    let limit = asked.per_page.unwrap_or(PAGE);
    let mut take = if asked.arns.is_some() {
        left.len()
    } else {
        pages.take(limit, left.len(), &format!("tags {fingerprint} {start} {round}")).min(left.len())
    };
    if let Some(most) = asked.tags_per_page {
        // A resource without tags counts as one with a tag; none is split over pages.
        let mut room = most;
        let fits = left.iter().take_while(|(_, tags)| {
            let need = tags.len().max(1);
            let fits = need <= room;
            room = room.saturating_sub(need);
            fits
        });
        take = take.min(fits.count());
    }
    let listed: Vec<Json> = left
        .iter()
        .take(take)
        .map(|(arn, tags)| {
            let tags: Vec<Json> =
                tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            let mut mapping = json!({ "ResourceARN": arn, "Tags": tags });
            if asked.compliance {
                mapping["ComplianceDetails"] = json!({
                    "NoncompliantKeys": [], "KeysWithNoncompliantValues": [], "ComplianceStatus": true,
                });
            }
            mapping
        })
        .collect();
    let token = if start + take < found.len() {
        token(start + take, round + 1, fingerprint, now_ms)
    } else {
        String::new()
    };
    Ok(json!({ "PaginationToken": token, "ResourceTagMappingList": listed }))
}

/// Keys or values, in pages.
fn words(name: &str, all: Vec<Json>, token_text: Option<&str>, now_ms: i64) -> Result<Json, WireError> {
    let fingerprint = Dice::of_text(0, name).next();
    let (start, round) = match token_text {
        None => (0, 0),
        Some(text) => place_of(text, fingerprint, now_ms)?,
    };
    let token = if start + PAGE < all.len() {
        token(start + PAGE, round + 1, fingerprint, now_ms)
    } else {
        String::new()
    };
    let listed: Vec<Json> = all.into_iter().skip(start).take(PAGE).collect();
    let member = name.split(' ').next().unwrap_or(name);
    Ok(json!({ "PaginationToken": token, member: listed }))
}

/// An opaque token: place, round, time of issue, and the question it belongs to.
fn token(start: usize, round: u64, fingerprint: u64, now_ms: i64) -> String {
    let text = format!("{start}/{round}/{now_ms}/{fingerprint}");
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn place_of(text: &str, fingerprint: u64, now_ms: i64) -> Result<(usize, u64), WireError> {
    let wrong = || invalid("The PaginationToken is not valid");
    let bytes: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|i| text.get(i..i + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    let plain = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
    let parts: Vec<&str> = plain.split('/').collect();
    let [start, round, issued, question] = parts.as_slice() else { return Err(wrong()) };
    let (Ok(start), Ok(round), Ok(issued), Ok(question)) =
        (start.parse(), round.parse(), issued.parse::<i64>(), question.parse::<u64>())
    else {
        return Err(wrong());
    };
    if question != fingerprint {
        return Err(wrong());
    }
    if now_ms.saturating_sub(issued) > TOKEN_MS {
        return Err(WireError::tagging(
            "PaginationTokenExpiredException",
            "The PaginationToken has expired. It is valid for a maximum of 15 minutes",
        ));
    }
    Ok((start, round))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_in_arns() {
        for (arn, name, fits) in [
            ("arn:aws:ec2:us-east-1:1:vpc/vpc-1", "ec2", true),
            ("arn:aws:ec2:us-east-1:1:vpc/vpc-1", "ec2:vpc", true),
            ("arn:aws:ec2:us-east-1:1:vpc-flow-log/fl-1", "ec2:vpc", false),
            ("arn:aws:s3:::b", "s3:bucket", true),
            ("arn:aws:apigateway:us-east-1::/restapis/a", "apigateway:restapis", true),
            ("arn:aws:lambda:us-east-1:1:function:f", "lambda:function", true),
            ("arn:aws:lambda:us-east-1:1:function:f", "s3", false),
            (
                "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/a/b",
                "elasticloadbalancing:loadbalancer/app",
                true,
            ),
        ] {
            assert_eq!(is_of_type(arn, name), fits, "{arn} {name}");
        }
    }

    #[test]
    fn a_token_belongs_to_its_question_and_ages() {
        let token = token(7, 1, 42, 1_000);
        assert_eq!(place_of(&token, 42, 1_000 + TOKEN_MS).unwrap(), (7, 1));
        assert_eq!(place_of(&token, 43, 1_000).unwrap_err().name(), "InvalidParameterException");
        let late = place_of(&token, 42, 1_001 + TOKEN_MS).unwrap_err();
        assert_eq!(late.name(), "PaginationTokenExpiredException");
        assert!(place_of("zz", 42, 0).is_err() && place_of("é", 42, 0).is_err());
    }
}
