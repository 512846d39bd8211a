//! Texts that an expression matches.

use super::Pattern;
use super::parse::{Node, Set};
use crate::dice::Dice;

impl Pattern {
    /// A text that the expression matches and whose length is within bounds. `None` if none was found in a few tries.
    pub(crate) fn sample(&self, dice: &mut Dice, min: usize, max: usize) -> Option<String> {
        for try_number in 0..24_u32 {
            let mut text = String::new();
            // Open repeats take more and more, until the shortest allowed length is reached.
            let spare = (min as u32).min(64) / 2 + 1 + try_number * 2;
            write(&self.root, dice, spare, max.min(4096), &mut text);
            let length = text.chars().count();
            if length >= min && length <= max && self.is_match(&text) {
                return Some(text);
            }
        }
        None
    }
}

fn write(node: &Node, dice: &mut Dice, spare: u32, limit: usize, out: &mut String) {
    match node {
        Node::Empty
        | Node::Start
        | Node::End
        | Node::Boundary(_)
        | Node::Ahead { .. }
        | Node::Behind { .. } => {}
        Node::Set(set) => out.extend(pick(set, dice)),
        Node::Sequence(parts) => parts.iter().for_each(|part| write(part, dice, spare, limit, out)),
        Node::Either(branches) => {
            // The first branch is most often the ordinary form.
            let at = if dice.below(3) == 0 { dice.below(branches.len() as u64) as usize } else { 0 };
            if let Some(branch) = branches.get(at) {
                write(branch, dice, spare, limit, out);
            }
        }
        Node::Repeat { node, min, max } => {
            let top = max.unwrap_or(min.saturating_add(spare)).min(min.saturating_add(spare));
            let times = min + dice.below(u64::from(top - min) + 1) as u32;
            for _ in 0..times {
                if out.len() > limit {
                    break;
                }
                write(node, dice, spare / 4, limit, out);
            }
        }
    }
}

/// A plain character of the set: lower-case letters and digits first.
fn pick(set: &Set, dice: &mut Dice) -> Option<char> {
    const PLAIN: &str = "0a1b2c3d4e5f6789ghijklmnopqrstuvwxyz";
    let plain: Vec<char> = PLAIN.chars().filter(|c| set.has(u32::from(*c))).collect();
    if let Some(c) = plain.get(dice.below(plain.len().max(1) as u64) as usize) {
        return Some(*c);
    }
    (0x21..0x7f_u32)
        .chain([0x20, 0x09, 0x0a])
        .find(|code| set.has(*code))
        .or_else(|| set.ranges.first().map(|range| range.0))
        .and_then(char::from_u32)
}
