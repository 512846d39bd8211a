//! The order of resources with query files: each comes after every earlier resource unless it says `depends_on`
//! (DESIGN section 4), because projects of the predecessor rely on it.

use crate::inner::Inner;
use crate::model::Kind;

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
    for (at, found) in out.iter_mut().enumerate() {
        let resource = inner.resource(at);
        let is_ordered = matches!(resource.kind, Kind::Flow(_)) && !resource.orders_itself;
        if !is_ordered {
            since.push(at);
            continue;
        }
        let dependents = reached(&waiting, at);
        let own = inner.instances.all[at].declaration;
        // Instances of one declaration have no order among themselves.
        let is_own = |other: usize| inner.instances.all[other].declaration == own;
        let (now, later): (Vec<usize>, Vec<usize>) =
            since.iter().partition(|other| !dependents[**other] && !is_own(**other));
        for before in &now {
            waiting[*before].push(at);
        }
        *found = now;
        // What could not come before it is still to be followed by those after it.
        since = later;
        since.push(at);
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
    }
}
