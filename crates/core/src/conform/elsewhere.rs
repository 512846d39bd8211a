//! Names that the schema knows at another level: `Enabled` beside `Matching` in place of below it.

use crate::pointer::Pointer;
use crate::schema::{Additional, Node, ResourceSchema};

/// Nodes that one search looks at: schemas such as `AWS::QuickSight::Dashboard` have tens of thousands of places.
const MAX_NODES: usize = 4000;

/// Levels that it goes down.
const MAX_DEPTH: usize = 8;

/// Places that are named; a name with more places says nothing about what was meant.
const MAX_PLACES: usize = 4;

/// What of a path is compared: the part of a list's element is `[]`.
type Path<'s> = Vec<&'s str>;

struct Search<'s, 'k> {
    schema: &'s ResourceSchema,
    key: &'k str,
    left: usize,
    /// References that the way down has followed; each is followed once.
    open: Vec<&'s str>,
    /// Parents of the places found.
    found: Vec<Path<'s>>,
}

impl<'s> Search<'s, '_> {
    fn visit(&mut self, node: &'s Node, path: &mut Path<'s>) {
        if self.left == 0 || path.len() > MAX_DEPTH {
            return;
        }
        self.left -= 1;
        let reference = node.reference.as_deref();
        if let Some(reference) = reference {
            if self.open.contains(&reference) {
                return;
            }
            self.open.push(reference);
        }
        let target = self.schema.follow(node);
        for (name, child) in &target.properties {
            if name == self.key && !self.found.contains(path) {
                self.found.push(path.clone());
            }
            path.push(name);
            self.visit(child, path);
            path.pop();
        }
        if let Some(items) = &target.items {
            path.push("[]");
            self.visit(items, path);
            path.pop();
        }
        // The keys of a map are the user's, so a place below them has no name of its own; a star stands for it.
        let others = match &target.additional_properties {
            Some(Additional::Schema(child)) => Some(&**child),
            _ => None,
        };
        for child in target.pattern_properties.values().chain(others) {
            path.push("*");
            self.visit(child, path);
            path.pop();
        }
        for branch in target.one_of.iter().chain(&target.any_of).chain(&target.all_of) {
            self.visit(branch, path);
        }
        if reference.is_some() {
            self.open.pop();
        }
    }
}

/// Says where a name belongs that is not known at a place: `` under `Matching` ``. `None` where the schema does not have
/// it, or has it at many places.
///
/// Below the place is nearer than above it, and above is nearer than elsewhere.
pub(super) fn belongs(schema: &ResourceSchema, key: &str, at: &Pointer) -> Option<String> {
    let mut search = Search { schema, key, left: MAX_NODES, open: Vec::new(), found: Vec::new() };
    search.visit(&schema.root, &mut Vec::new());
    let whole = search.left > 0;
    let here: Vec<&str> = at.segments().iter().map(String::as_str).collect();
    let same = |part: &str, segment: &str| {
        part == segment || part == "*" || (part == "[]" && segment.bytes().all(|b| b.is_ascii_digit()))
    };
    let leads = |prefix: &[&str], path: &[&str], flip: bool| {
        prefix.len() <= path.len()
            && prefix.iter().zip(path).all(|(a, b)| if flip { same(b, a) } else { same(a, b) })
    };
    let settable = |path: &&Path<'_>| {
        let full = Pointer::of(path.iter().map(|p| if *p == "[]" { "0" } else { p }).chain([key]));
        !schema.read_only_properties.covers(&full)
    };
    let all: Vec<&Path<'_>> = search.found.iter().filter(settable).collect();
    let below: Vec<&Path<'_>> = all.iter().copied().filter(|path| leads(&here, path, true)).collect();
    let above: Vec<&Path<'_>> = all.iter().copied().filter(|path| leads(path, &here, false)).collect();
    // What was found is all that there is only if the search came to its end.
    let mut near = match (below.is_empty(), above.is_empty()) {
        (false, _) => below,
        (true, false) => above,
        (true, true) if whole => all,
        (true, true) => return None,
    };
    // Of many places those that are fewest levels away.
    let depth = |path: &[&str]| path.iter().filter(|part| **part != "[]").count();
    let distance = |path: &[&str]| {
        let common = path.iter().zip(&here).take_while(|(a, b)| same(a, b)).count();
        depth(&path[common..]) + here.len() - common
    };
    let least = near.iter().map(|path| distance(path)).min().unwrap_or_default();
    near.retain(|path| distance(path) == least);
    if near.is_empty() || near.len() > MAX_PLACES {
        return None;
    }
    let names: Vec<String> = near.iter().map(|path| shown(path)).collect();
    let text = match names.as_slice() {
        [one] if one.is_empty() => "at the top level".to_owned(),
        many => {
            let quoted: Vec<String> = many
                .iter()
                .map(|name| if name.is_empty() { "the top level".to_owned() } else { format!("`{name}`") })
                .collect();
            format!("under {}", quoted.join(" or "))
        }
    };
    Some(text)
}

/// The map of the user's own keys that is all there is in an object: `Variables` of `Environment`.
pub(super) fn only_map<'s>(schema: &'s ResourceSchema, node: &'s Node) -> Option<&'s str> {
    let members = &schema.follow(node).properties;
    let (name, child) = members.first().filter(|_| members.len() == 1)?;
    let child = schema.follow(child);
    let is_map = child.properties.is_empty()
        && (!child.pattern_properties.is_empty()
            || matches!(child.additional_properties, Some(Additional::Schema(_))));
    is_map.then_some(name)
}

/// `Rules[].Filter`
fn shown(path: &[&str]) -> String {
    let mut out = String::new();
    for part in path {
        if *part != "[]" && !out.is_empty() {
            out.push('.');
        }
        out.push_str(part);
    }
    out
}
