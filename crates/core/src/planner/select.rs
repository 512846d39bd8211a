//! `--target` and `--exclude`: which resources take part.

use crate::desired::Node;
use crate::ids::Address;
use crate::plan::Mode;
use crate::planner::PlanOptions;
use std::collections::BTreeSet;

/// The resources that a command acts on, and those that it only looks at because others need their outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) acted_on: BTreeSet<Address>,
    pub(super) looked_at: BTreeSet<Address>,
}

/// Build: a target takes what it depends on, an exclusion leaves out what depends on it. Teardown: the other way round.
pub(super) fn select(nodes: &[Node], options: &PlanOptions) -> Selection {
    let PlanOptions { mode, include, exclude, only_included, .. } = options;
    // A key of `for_each` may hold a `*`: what is an address as it stands means that one alone.
    let is_address = |pattern: &String| nodes.iter().any(|node| node.address.as_str() == pattern);
    let matching = |patterns: &[String]| -> BTreeSet<Address> {
        let means = |pattern: &String, address: &str| {
            if is_address(pattern) { pattern == address } else { glob(pattern, address) }
        };
        nodes
            .iter()
            .filter(|node| patterns.iter().any(|pattern| means(pattern, node.address.as_str())))
            .map(|node| node.address.clone())
            .collect()
    };
    let everything: BTreeSet<Address> = nodes.iter().map(|node| node.address.clone()).collect();
    let close = |seeds: BTreeSet<Address>, up: bool| {
        if up { dependencies(nodes, seeds) } else { dependents(nodes, seeds) }
    };
    let forward = *mode != Mode::Teardown;
    let mut acted_on = match include.as_slice() {
        [] => everything,
        some if *only_included => matching(some),
        some => close(matching(some), forward),
    };
    for address in close(matching(exclude), !forward) {
        acted_on.remove(&address);
    }
    let looked_at = dependencies(nodes, acted_on.clone());
    Selection { acted_on, looked_at }
}

fn dependencies(nodes: &[Node], mut seeds: BTreeSet<Address>) -> BTreeSet<Address> {
    loop {
        let before = seeds.len();
        for node in nodes.iter().filter(|node| seeds.contains(&node.address)).collect::<Vec<_>>() {
            seeds.extend(node.after.iter().map(|edge| edge.to.clone()));
        }
        if seeds.len() == before {
            return seeds;
        }
    }
}

fn dependents(nodes: &[Node], mut seeds: BTreeSet<Address>) -> BTreeSet<Address> {
    loop {
        let before = seeds.len();
        for node in nodes {
            if node.after.iter().any(|edge| seeds.contains(&edge.to)) {
                seeds.insert(node.address.clone());
            }
        }
        if seeds.len() == before {
            return seeds;
        }
    }
}

/// True if the pattern, in which `*` stands for any text, is the whole text. The bare name of a resource with `for_each`
/// is every instance of it.
pub fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => text.strip_prefix(pattern).is_some_and(|rest| {
            rest.is_empty() || !pattern.is_empty() && rest.starts_with("[\"") && rest.ends_with("\"]")
        }),
        Some((head, rest)) => {
            let Some(tail) = text.strip_prefix(head) else { return false };
            (0..=tail.len()).filter(|i| tail.is_char_boundary(*i)).any(|i| glob(rest, &tail[i..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Edge;
    use crate::diagnostic::Route;

    fn chain() -> Vec<Node> {
        let node = |name: &str, after: &[&str]| Node {
            address: name.into(),
            declared_type: "T".into(),
            after: after
                .iter()
                .map(|to| Edge { to: (*to).into(), via: "depends_on".into(), route: Route::default() })
                .collect(),
            follows: Vec::new(),
            route: Route::default(),
        };
        vec![node("a", &[]), node("b", &["a"]), node("c", &["b"]), node("lone", &[])]
    }

    fn acted(mode: Mode, include: &[&str], exclude: &[&str]) -> Vec<String> {
        let texts = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let options =
            PlanOptions { include: texts(include), exclude: texts(exclude), ..PlanOptions::of(mode) };
        select(&chain(), &options).acted_on.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_build_target_takes_what_it_depends_on() {
        assert_eq!(acted(Mode::Build, &["b"], &[]), ["a", "b"]);
        assert_eq!(acted(Mode::Build, &["l*"], &[]), ["lone"]);
    }

    #[test]
    fn a_build_exclusion_leaves_out_what_depends_on_it() {
        assert_eq!(acted(Mode::Build, &[], &["b"]), ["a", "lone"]);
    }

    #[test]
    fn a_teardown_target_takes_what_depends_on_it() {
        assert_eq!(acted(Mode::Teardown, &["b"], &[]), ["b", "c"]);
        assert_eq!(acted(Mode::Teardown, &[], &["b"]), ["c", "lone"]);
    }

    #[test]
    fn an_address_with_a_star_in_its_key_means_that_instance_alone() {
        let named = |name: &str| Node { address: name.into(), ..chain().remove(3) };
        let nodes = [named("g[\"*\"]"), named("g[\"a\"]")];
        let chosen = |pattern: &str| {
            let options = PlanOptions { include: vec![pattern.into()], ..PlanOptions::of(Mode::Teardown) };
            select(&nodes, &options).acted_on.len()
        };
        assert_eq!((chosen("g[\"*\"]"), chosen("g[*"), chosen("g")), (1, 2, 2));
    }

    #[test]
    fn globs_match_the_whole_text() {
        assert!(glob("web_*[\"a\"]", "web_x[\"a\"]"));
        assert!(!glob("web", "web_x"));
        assert!(glob("*", ""));
    }

    #[test]
    fn a_bare_name_is_every_instance_and_a_full_address_is_one() {
        assert!(glob("web", "web[\"a\"]") && glob("w*b", "web[\"b\"]") && glob("web[*", "web[\"a\"]"));
        assert!(glob("web[\"a\"]", "web[\"a\"]") && !glob("web[\"a\"]", "web[\"b\"]"));
        assert!(!glob("we", "web[\"a\"]") && !glob("", "[\"a\"]") && !glob("web", "web[0]"));
    }
}
