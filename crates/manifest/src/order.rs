//! The order of resources with query files: each comes after every earlier resource unless it says `depends_on`
//! (DESIGN section 4), because projects of the predecessor rely on it.

use crate::flow::FlowKind;
use crate::inner::Inner;
use crate::model::Kind;
use std::collections::HashSet;

/// By instance, those that must be made before it although nothing of it refers to them. `after`: by instance, those that
/// it does refer to. What waits for the resource itself is never among them: a reference forward wins.
///
/// A script or a command is a barrier: what stands after it follows it, of whatever type, and whatever `depends_on` says.
///
/// Only the nearest are named: the last resource with a query file, which follows all before it, and what came since.
pub(crate) fn follows(inner: &Inner, after: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); after.len()];
    // Who waits for whom, references and order together.
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); after.len()];
    for (from, all) in after.iter().enumerate() {
        all.iter().for_each(|to| waiting[*to].push(from));
    }
    let mut since: Vec<usize> = Vec::new();
    // The last barrier, which follows those before it.
    let mut barrier: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < after.len() {
        // Instances of one declaration have no order among themselves, and all follow the same.
        let own = inner.instances.all[at].declaration;
        let end =
            (at..after.len()).find(|i| inner.instances.all[*i].declaration != own).unwrap_or(after.len());
        let resource = inner.resource(at);
        let is_barrier = matches!(
            &resource.kind,
            Kind::Flow(flow) if matches!(flow.flow.kind, FlowKind::Script | FlowKind::Command)
        );
        let follows_all = is_barrier || matches!(resource.kind, Kind::Flow(_)) && !resource.orders_itself;
        let all_before = if follows_all { &since } else { &barrier };
        if !all_before.is_empty() {
            let mut later: HashSet<usize> = HashSet::new();
            let mut found: Vec<(usize, usize)> = Vec::new();
            for instance in at..end {
                let dependents = reached(&waiting, instance);
                // What waits for it cannot come before it; what that follows can.
                let mut open = all_before.clone();
                let mut seen: HashSet<usize> = HashSet::new();
                while let Some(before) = open.pop() {
                    if !seen.insert(before) {
                        continue;
                    }
                    if dependents[before] {
                        later.insert(before);
                        open.extend(&out[before]);
                        open.extend(after[before].iter().filter(|to| **to < at));
                    } else {
                        found.push((before, instance));
                    }
                }
            }
            found.sort_unstable();
            for (before, instance) in found {
                waiting[before].push(instance);
                out[instance].push(before);
            }
            if follows_all {
                // What could not come before it is still to be followed by those after it.
                since.retain(|before| later.contains(before));
            }
        }
        since.extend(at..end);
        if is_barrier {
            barrier = (at..end).collect();
        }
        at = end;
    }
    out
}

/// By instance, whether it waits for this one, on whatever way.
fn reached(waiting: &[Vec<usize>], from: usize) -> Vec<bool> {
    let mut seen = vec![false; waiting.len()];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for next in &waiting[at] {
            if !seen[*next] {
                seen[*next] = true;
                open.push(*next);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use crate::tests::flows::parse;
    use stack_core::desired::Resolver;

    /// `name: what it follows`, for resources of which those in capitals have query files.
    fn order(resources: &str) -> Vec<String> {
        let files = [("f.iql", "/*+ create */\nINSERT INTO x.y.z (A) SELECT 1")];
        let stack = parse(resources, &files).stack.unwrap();
        let nodes = stack.nodes().iter();
        nodes
            .map(|node| {
                let names: Vec<&str> = node.follows.iter().map(|address| address.as_str()).collect();
                format!("{}: {}", node.address, names.join(" "))
            })
            .collect()
    }

    #[test]
    fn scripts_and_commands_are_barriers_both_ways() {
        let typed =
            |name: &str, more: &str| format!("  - {{ name: {name}, type: awscc.sqs.queues{more} }}\n");
        let file = |name: &str, more: &str| format!("  - {{ name: {name}, file: f.iql{more} }}\n");
        let script = |name: &str, more: &str| format!("  - {{ name: {name}, type: script, run: x{more} }}\n");
        let command =
            |name: &str, more: &str| format!("  - {{ name: {name}, type: command, sql: x{more} }}\n");
        let text = [typed("a", ""), script("S", ""), typed("b", ""), file("C", ", depends_on: []")].concat();
        assert_eq!(order(&text), ["a: ", "S: a", "b: S", "C: S"]);
        // `depends_on` frees nothing from them, and them from nothing.
        let text = [typed("a", ""), file("B", ""), command("K", ", depends_on: []"), typed("c", "")].concat();
        assert_eq!(order(&text), ["a: ", "B: a", "K: B", "c: K"]);
        // Between two, what stands there follows the first and comes before the second.
        let text =
            [script("S", ""), typed("a", ""), typed("b", ""), command("T", ""), typed("c", "")].concat();
        assert_eq!(order(&text), ["S: ", "a: S", "b: S", "T: S a b", "c: T"]);
        // A reference forward wins: `a` waits for `c`, which then comes before the barrier.
        let text =
            [typed("a", ", depends_on: [c]"), script("S", ""), typed("c", ""), typed("d", "")].concat();
        assert_eq!(order(&text), ["a: ", "S: a", "c: ", "d: S"]);
        // Instances of a barrier are followed by all.
        let text = [script("S", ", for_each: [x, y]"), typed("a", "")].concat();
        assert_eq!(order(&text), ["S[\"x\"]: ", "S[\"y\"]: ", "a: S[\"x\"] S[\"y\"]"]);
    }

    #[test]
    fn statements_come_after_all_that_stands_before_them() {
        let typed =
            |name: &str, more: &str| format!("  - {{ name: {name}, type: awscc.sqs.queues{more} }}\n");
        let file = |name: &str, more: &str| format!("  - {{ name: {name}, file: f.iql{more} }}\n");
        let text =
            [typed("a", ""), file("B", ""), typed("c", ""), file("D", ""), file("E", ""), typed("f", "")]
                .concat();
        assert_eq!(order(&text), ["a: ", "B: a", "c: ", "D: B c", "E: D", "f: "]);
        // `depends_on` says it all, even if it names nothing.
        let text = [typed("a", ""), file("B", ", depends_on: []"), file("C", "")].concat();
        assert_eq!(order(&text), ["a: ", "B: ", "C: a B"]);
        // What waits for a resource that stands below it cannot come before that.
        let text = [typed("a", ", depends_on: [C]"), typed("b", ""), file("C", ""), file("D", "")].concat();
        assert_eq!(order(&text), ["a: ", "b: ", "C: b", "D: a C"]);
        // That waits as the last before it, and what it follows itself still comes first.
        let text = [file("A", ""), file("B", ", depends_on: [D]"), file("C", ""), file("D", "")].concat();
        assert_eq!(order(&text), ["A: ", "B: ", "C: A B", "D: A"]);
        // Instances follow what stands above them, all of them.
        let text = [typed("a", ""), file("B", ", for_each: [x, y]"), file("C", "")].concat();
        assert_eq!(order(&text), ["a: ", "B[\"x\"]: a", "B[\"y\"]: a", "C: B[\"x\"] B[\"y\"]"]);
    }
}
