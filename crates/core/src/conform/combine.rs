//! Rules about several members, and unions of forms.

use super::codes;
use super::spelling::{self, meant};
use super::walk::{Finding, Findings, Place, Presence, Walk, is_stated, presence};
use crate::diagnostic::Code;
use crate::schema::{Additional, JsonType, Node};
use crate::value::Value;
use indexmap::IndexMap;
use serde_json::Value as Json;

type Members = IndexMap<String, Value>;

/// Alternatives, each a set of members that must stand together.
type Needs = Vec<Vec<String>>;

impl Walk<'_> {
    /// Members that must be there. `meant`: those that a misspelt member was meant to be.
    pub(super) fn required(
        &self,
        node: &Node,
        members: &Members,
        meant: &[String],
        place: &Place,
        out: &mut Findings,
    ) {
        let mut missing: Vec<&str> = Vec::new();
        for name in &node.required {
            if presence(members, name) != Presence::No {
                continue;
            }
            let at = self.member(place, name);
            // Some schemas require what only the service sets; then nobody has to declare it.
            if self.schema.read_only_properties.covers(&at.model()) {
                continue;
            }
            if members.contains_key(name) {
                out.push(
                    Finding { model: place.model(), ..Finding::at(&at, codes::REQUIRED_NULL) }
                        .says(format!("{} is required, it cannot be removed", self.name(&at)))
                        .label("null removes a property")
                        .next("give it a value"),
                );
            } else if !meant.contains(name) && !missing.contains(&name.as_str()) {
                missing.push(name);
            }
        }
        if !missing.is_empty() {
            let names = spelling::list(&missing, "and", 12);
            let verb = if missing.len() == 1 { "is" } else { "are" };
            out.push(
                Finding::about(place, codes::MISSING)
                    .says(format!("{} needs {names}", self.name(place)))
                    .label(format!("{names} {verb} missing")),
            );
        }
    }

    /// Rules about which members may or must stand together.
    pub(super) fn combinations(&self, node: &Node, members: &Members, place: &Place, out: &mut Findings) {
        let single = |names: &[Json]| -> Needs {
            names.iter().filter_map(Json::as_str).map(|name| vec![name.to_owned()]).collect()
        };
        let xor = single(&node.required_xor);
        self.need_one(&xor, members, place, out);
        self.need_only_one(&xor, members, place, out);
        self.need_one(&single(&node.required_or), members, place, out);
        for (name, others) in &node.dependent_excluded {
            for other in others.iter().filter(|other| *other != name) {
                if is_stated(members, name) && is_stated(members, other) {
                    self.exclusive([name.as_str(), other.as_str()], members, place, out);
                }
            }
        }
        for (name, others) in &node.dependent_required {
            // Knowledge of the linter, not the contract of the service, and not right in every case (a security group
            // with egress rules and no VpcId goes to the default VPC): a warning.
            self.beside(name, others.iter().map(String::as_str), members, place, out, true);
        }
        for (name, others) in &node.dependencies {
            let others = others.as_array().into_iter().flatten().filter_map(Json::as_str);
            self.beside(name, others, members, place, out, false);
        }
        self.member_count(node, members, place, out);
    }

    fn beside<'n>(
        &self,
        name: &str,
        others: impl Iterator<Item = &'n str>,
        members: &Members,
        place: &Place,
        out: &mut Findings,
        warning: bool,
    ) {
        if presence(members, name) != Presence::Yes {
            return;
        }
        let missing: Vec<&str> = others.filter(|other| presence(members, other) == Presence::No).collect();
        if !missing.is_empty() {
            let names = spelling::list(&missing, "and", 12);
            let at = self.member(place, name);
            let finding = Finding { model: place.model(), ..Finding::about(&at, codes::NEEDS_BESIDE) }
                .says(format!("`{name}` needs {names} beside it"))
                .label(format!("{names} {} missing", if missing.len() == 1 { "is" } else { "are" }));
            out.push(if warning { finding.warning() } else { finding });
        }
    }

    fn member_count(&self, node: &Node, members: &Members, place: &Place, out: &mut Findings) {
        let count = |wanted: fn(Presence) -> bool| {
            members.keys().filter(|key| wanted(presence(members, key))).count() as u64
        };
        let limit = match (node.min_properties, node.max_properties) {
            (Some(least), _) if count(|p| p != Presence::No) < least => Some(("least", least)),
            (_, Some(most)) if count(|p| p == Presence::Yes) > most => Some(("most", most)),
            _ => None,
        };
        if let Some((side, limit)) = limit {
            let word = if limit == 1 { "member" } else { "members" };
            out.push(
                Finding::about(place, codes::MEMBERS)
                    .says(format!("{} takes at {side} {limit} {word}", self.name(place)))
                    .label(format!("at {side} {limit} {word}")),
            );
        }
    }

    /// `allOf`, `if`, `not`, `anyOf`, `oneOf`.
    pub(super) fn combine(
        &self,
        node: &Node,
        value: Value,
        place: &Place,
        hops: u8,
        out: &mut Findings,
    ) -> Value {
        let mut value = value;
        for branch in &node.all_of {
            value = self.value(branch, value, place, hops + 1, out);
        }
        if let Some(condition) = &node.condition
            && let Some(holds) = self.certainly(condition, &value, place, hops)
            && let Some(then) = if holds { &node.then } else { &node.otherwise }
        {
            value = self.value(then, value, place, hops + 1, out);
        }
        if let Some(not) = &node.not
            && self.certainly(not, &value, place, hops) == Some(true)
        {
            out.push(
                Finding::at(place, codes::NOT_ALLOWED)
                    .says(format!("{} has a value that is not allowed", self.name(place)))
                    .label("not an allowed value"),
            );
        }
        if !node.any_of.is_empty() {
            value = self.union(&node.any_of, false, value, place, hops, out);
        }
        if !node.one_of.is_empty() {
            value = self.union(&node.one_of, true, value, place, hops, out);
        }
        value
    }

    /// Does the value fit? `None` if that hangs on something unknown.
    fn certainly(&self, node: &Node, value: &Value, place: &Place, hops: u8) -> Option<bool> {
        let mut findings = Findings::default();
        self.value(node, value.clone(), place, hops + 1, &mut findings);
        if !findings.fits() {
            return Some(false);
        }
        (!findings.unsure && value.unknown().is_none()).then_some(true)
    }

    fn union(
        &self,
        branches: &[Node],
        exactly_one: bool,
        value: Value,
        place: &Place,
        hops: u8,
        out: &mut Findings,
    ) -> Value {
        if let [only] = branches {
            return self.value(only, value, place, hops + 1, out);
        }
        let mut tries: Vec<(Value, Findings)> = branches
            .iter()
            .map(|branch| {
                let mut findings = Findings::default();
                let value = self.value(branch, value.clone(), place, hops + 1, &mut findings);
                (value, findings)
            })
            .collect();
        let fitting: Vec<usize> = (0..tries.len()).filter(|i| tries[*i].1.fits()).collect();
        let Some(first) = fitting.first().copied() else {
            out.unsure |= tries.iter().any(|(_, findings)| findings.unsure);
            self.no_form(branches, &tries, &value, place, out);
            return value;
        };
        if exactly_one && let Value::Object(members) = &value {
            let needs: Option<Vec<Needs>> = branches.iter().map(|branch| self.needs(branch, 0)).collect();
            if let Some(needs) = needs {
                self.need_only_one(&needs.concat(), members, place, out);
            }
        }
        // As it is, if some form takes it so; else the form that all fitting branches agree on.
        let chosen = fitting
            .iter()
            .copied()
            .find(|i| tries[*i].0 == value)
            .or_else(|| fitting.iter().all(|i| tries[*i].0 == tries[first].0).then_some(first));
        out.unsure |= fitting.iter().any(|i| tries[*i].1.unsure);
        match chosen {
            Some(i) => {
                let (value, findings) = tries.swap_remove(i);
                out.list.extend(findings.list);
                value
            }
            None => value,
        }
    }

    /// Explains why no branch of a union takes the value.
    fn no_form(
        &self,
        branches: &[Node],
        tries: &[(Value, Findings)],
        value: &Value,
        place: &Place,
        out: &mut Findings,
    ) {
        let own =
            |finding: &&Finding, code: Code| finding.violation.code == code && finding.model == place.model();
        let is_type = |findings: &Findings| findings.errors().any(|f| own(&f, codes::WRONG_TYPE));
        if tries.iter().all(|(_, findings)| is_type(findings)) {
            let types = branches.iter().flat_map(|branch| self.types(branch)).collect();
            out.push(self.wrong_type(types, value, place));
            return;
        }
        if let Value::Object(members) = value {
            if let Some(needs) = branches.iter().map(|b| self.needs(b, 0)).collect::<Option<Vec<_>>>() {
                self.need_one(&needs.concat(), members, place, out);
                return;
            }
            if self.unknown_to_all(branches, members, place, out) {
                return;
            }
        }
        let rank = |findings: &Findings| {
            let discriminates = findings.errors().filter(|f| f.violation.code == codes::NOT_ALLOWED).count();
            let foreign = findings
                .errors()
                .filter(|f| [codes::UNKNOWN_PROPERTY, codes::NESTED_SPELLING].contains(&f.violation.code))
                .filter(|f| f.model == place.model())
                .count();
            (is_type(findings), foreign, discriminates, findings.errors().count())
        };
        let best = tries.iter().map(|(_, findings)| rank(findings)).min().unwrap_or_default();
        let candidates: Vec<usize> = (0..tries.len()).filter(|i| rank(&tries[*i].1) == best).collect();
        let told = match candidates.as_slice() {
            [one] => Some(*one),
            many => many.iter().copied().find(|i| tries[*i].1.errors().any(|f| own(&f, codes::NOT_ALLOWED))),
        };
        if let Some(told) = told {
            out.list.extend(tries[told].1.list.iter().cloned());
            return;
        }
        if let Value::Object(members) = value
            && self.needs_of_forms(branches, &candidates, members, place, out)
        {
            return;
        }
        let mut finding = Finding::about(place, codes::NO_FORM)
            .says(format!("{} has none of the {} forms that are allowed", self.name(place), branches.len()))
            .label("fits no allowed form");
        for i in candidates.iter().take(4) {
            if let Some(first) = tries[*i].1.errors().next() {
                finding = finding.note("form", format!("{}: {}", i + 1, first.violation.message));
            }
        }
        out.push(finding);
    }

    /// Equally near forms that differ in the members they have: what is missing, or what stands together wrongly.
    fn needs_of_forms(
        &self,
        branches: &[Node],
        candidates: &[usize],
        members: &Members,
        place: &Place,
        out: &mut Findings,
    ) -> bool {
        let known = |node: &Node, key: &str| self.schema.member(node, key).is_some();
        let forms: Vec<&Node> = candidates.iter().map(|i| self.schema.follow(&branches[*i])).collect();
        let needs: Needs = forms.iter().map(|form| form.required.clone()).collect();
        let fits_one = forms.iter().any(|form| members.keys().all(|key| known(form, key)));
        if fits_one && needs.iter().all(|need| need.iter().any(|n| presence(members, n) == Presence::No)) {
            self.need_one(&needs, members, place, out);
            return true;
        }
        // Two declared members that no form has both of.
        let declared: Vec<&String> = members.keys().filter(|key| is_stated(members, key)).collect();
        for (i, a) in declared.iter().enumerate() {
            for b in declared.iter().skip(i + 1) {
                let apart = |node: &Node| !(known(node, a) && known(node, b));
                if branches.iter().all(apart) {
                    self.exclusive([a.as_str(), b.as_str()], members, place, out);
                    return true;
                }
            }
        }
        false
    }

    /// Reports the members that no branch of a union of closed objects knows. True if there is one.
    fn unknown_to_all(
        &self,
        branches: &[Node],
        members: &Members,
        place: &Place,
        out: &mut Findings,
    ) -> bool {
        let closed = branches.iter().map(|branch| self.schema.follow(branch)).all(|branch| {
            matches!(branch.additional_properties, Some(Additional::Allowed(false)))
                && branch.pattern_properties.is_empty()
        });
        if !closed {
            return false;
        }
        let mut names: Vec<&str> = Vec::new();
        for branch in branches {
            for name in self.names(branch, 0) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let mut found = false;
        for key in members.keys().filter(|key| !names.contains(&key.as_str())) {
            let free: Vec<&str> = names.iter().copied().filter(|name| !members.contains_key(*name)).collect();
            out.push(self.no_such_member(key, &names, meant(key, &free), place, &self.member(place, key)));
            found = true;
        }
        found
    }

    fn types(&self, node: &Node) -> Vec<JsonType> {
        self.schema.follow(node).types.iter().collect()
    }

    /// The alternatives of a node that says nothing but which members must be there; `None` if it says more.
    fn needs(&self, node: &Node, depth: u8) -> Option<Needs> {
        let node = self.schema.follow(node);
        let only_needs = depth < 4
            && (node.types.is_empty() || node.types.single() == Some(JsonType::Object))
            && node.properties.is_empty()
            && node.pattern_properties.is_empty()
            && node.additional_properties.is_none()
            && node.items.is_none()
            && node.choices.is_empty()
            && node.enum_case_insensitive.is_empty()
            && node.constant.is_none()
            && node.pattern.is_none()
            && node.min_length.is_none()
            && node.max_length.is_none()
            && node.min_items.is_none()
            && node.max_items.is_none()
            && node.min_properties.is_none()
            && node.max_properties.is_none()
            && node.minimum.is_none()
            && node.maximum.is_none()
            && node.required_xor.is_empty()
            && node.required_or.is_empty()
            && node.dependent_excluded.is_empty()
            && node.dependent_required.is_empty()
            && node.dependencies.is_empty()
            && node.not.is_none()
            && node.condition.is_none();
        if !only_needs {
            return None;
        }
        let mut needs: Needs = vec![node.required.clone()];
        let and = |left: Needs, right: Needs| -> Needs {
            left.iter().flat_map(|l| right.iter().map(|r| [l.as_slice(), r.as_slice()].concat())).collect()
        };
        for branch in &node.all_of {
            needs = and(needs, self.needs(branch, depth + 1)?);
        }
        for branches in [&node.any_of, &node.one_of] {
            if !branches.is_empty() {
                let either: Option<Vec<Needs>> = branches.iter().map(|b| self.needs(b, depth + 1)).collect();
                needs = and(needs, either?.concat());
            }
        }
        (needs.len() <= 32).then_some(needs)
    }

    /// At least one alternative must be complete.
    fn need_one(&self, needs: &Needs, members: &Members, place: &Place, out: &mut Findings) {
        let missing: Needs = needs
            .iter()
            .map(|need| {
                let absent = |name: &&String| presence(members, name) == Presence::No;
                need.iter().filter(absent).cloned().collect()
            })
            .collect();
        let Some(fewest) = missing.iter().map(Vec::len).min() else { return };
        if fewest == 0 {
            return;
        }
        let mut nearest: Vec<String> = Vec::new();
        for need in missing.iter().filter(|need| need.len() == fewest) {
            let text = spelling::list(need, "and", 12);
            if !nearest.contains(&text) {
                nearest.push(text);
            }
        }
        let joint = if fewest > 1 { "; or " } else { " or " };
        let text = match nearest.split_last() {
            Some((last, head)) if !head.is_empty() => format!("{}{joint}{last}", head.join(", ")),
            _ => nearest.concat(),
        };
        let one_of = if nearest.len() > 1 && fewest == 1 { "one of " } else { "" };
        out.push(
            Finding::about(place, codes::NEEDS_ONE_OF)
                .says(format!("{} needs {one_of}{text}", self.name(place)))
                .label(if nearest.len() > 1 {
                    "one of them is missing".to_owned()
                } else {
                    format!("{text} is missing")
                }),
        );
    }

    /// Two complete alternatives exclude each other, where each has a member of its own.
    fn need_only_one(&self, needs: &Needs, members: &Members, place: &Place, out: &mut Findings) {
        if needs.iter().any(Vec::is_empty) {
            return;
        }
        let complete: Vec<&Vec<String>> =
            needs.iter().filter(|need| need.iter().all(|name| is_stated(members, name))).collect();
        for (i, a) in complete.iter().enumerate() {
            for b in complete.iter().skip(i + 1) {
                let of_a = a.iter().find(|name| !b.contains(name));
                let of_b = b.iter().find(|name| !a.contains(name));
                if let (Some(a), Some(b)) = (of_a, of_b) {
                    self.exclusive([a.as_str(), b.as_str()], members, place, out);
                    return;
                }
            }
        }
    }

    /// Two members that must not stand together; the later one is underlined.
    fn exclusive(&self, pair: [&str; 2], members: &Members, place: &Place, out: &mut Findings) {
        let index = |name: &str| members.get_index_of(name);
        let [first, second] = if index(pair[0]) <= index(pair[1]) { pair } else { [pair[1], pair[0]] };
        let at = self.member(place, second);
        out.push(
            Finding { model: place.model(), ..Finding::about(&at, codes::EXCLUSIVE) }
                .says(format!("{} takes `{first}` or `{second}`, not both", self.name(place)))
                .label(format!("`{first}` is declared too"))
                .next("keep one of the two"),
        );
    }
}
