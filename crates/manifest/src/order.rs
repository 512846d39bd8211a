//! The order of resources with query files: each comes after every earlier resource unless it says `depends_on`
//! (DESIGN section 4), because projects of the predecessor rely on it.

use crate::inner::Inner;
use crate::model::Kind;
use std::collections::HashSet;

/// By instance, those that must be made before it although nothing of it refers to them. `after`: by instance, those that
/// it does refer to. What waits for the resource itself is never among them: a reference forward wins.
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
    let mut at = 0;
    while at < after.len() {
        // Instances of one declaration have no order among themselves, and all follow the same.
        let own = inner.instances.all[at].declaration;
        let end =
            (at..after.len()).find(|i| inner.instances.all[*i].declaration != own).unwrap_or(after.len());
        let resource = inner.resource(at);
        if matches!(resource.kind, Kind::Flow(_)) && !resource.orders_itself {
            let mut later: HashSet<usize> = HashSet::new();
            let mut found: Vec<(usize, usize)> = Vec::new();
            for instance in at..end {
                let dependents = reached(&waiting, instance);
                // What waits for it cannot come before it; what that follows can.
                let mut open = since.clone();
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
            // What could not come before it is still to be followed by those after it.
            since.retain(|before| later.contains(before));
        }
        since.extend(at..end);
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
