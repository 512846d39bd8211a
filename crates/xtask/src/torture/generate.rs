//! Inputs: statements that people write, broken in many ways, and words in the order of a grammar or in none.

use super::grammar::Grammar;
use super::random::Random;
use super::words::{COLUMNS, NAMES, WORDS};
use crate::corpus::{FILES, FOREIGN, STATEMENTS};

/// What an input is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// The splitter of query files.
    File,
    /// Parser, binder and changes.
    Statement,
}

/// The most bytes of most inputs.
const USUAL: usize = 4_096;
/// The most bytes of a large one.
const LARGE: usize = 100_000;

/// Input number `number` of a seed.
pub(super) fn input(seed: u64, number: u64) -> (Subject, String) {
    let mut random = Random::of(seed, number);
    let subject = if random.once_in(4) { Subject::File } else { Subject::Statement };
    let text = match (subject, random.below(10)) {
        (Subject::File, 0..=7) => mutated(pick_file(&mut random).to_owned(), &mut random),
        (Subject::Statement, 0..=4) => mutated(pick_statement(&mut random).to_owned(), &mut random),
        (Subject::Statement, 5..=7) => Grammar::new(&mut random).statement(),
        (_, 8) => characters(&mut random),
        _ => soup(&mut random),
    };
    let most = if random.once_in(2_000) { LARGE } else { USUAL };
    (subject, cut(text, most))
}

fn pick_file(random: &mut Random) -> &'static str {
    random.pick(FILES, "")
}

fn pick_statement(random: &mut Random) -> &'static str {
    if random.once_in(6) {
        return random.pick(FOREIGN, "");
    }
    STATEMENTS.get(random.below(STATEMENTS.len())).map_or("", |(_, text)| text)
}

fn token(random: &mut Random) -> &'static str {
    match random.below(6) {
        0 => random.pick(NAMES, "t"),
        1 | 2 => random.pick(COLUMNS, "x"),
        _ => random.pick(WORDS, ";"),
    }
}

fn soup(random: &mut Random) -> String {
    let mut text = random
        .pick(
            &["", "SELECT ", "WITH a AS (", "INSERT INTO awscc.s3.buckets (", "/*+ create */\n", "SHOW "],
            "",
        )
        .to_owned();
    for _ in 0..random.below(40) {
        text.push_str(token(random));
        if !random.once_in(5) {
            text.push(' ');
        }
    }
    text
}

fn characters(random: &mut Random) -> String {
    let letters = [
        "'",
        "\"",
        "`",
        "-",
        "/",
        "*",
        "+",
        ";",
        "(",
        ")",
        "\n",
        " ",
        "a",
        "\u{e4}",
        ",",
        "=",
        ".",
        "\u{1f600}",
        "\\",
        "\r",
    ];
    (0..random.below(80)).map(|_| random.pick(&letters, "a")).collect()
}

/// Words, quoted texts and signs of a text, as byte ranges that touch each other.
fn pieces(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let end = match first {
            '\'' | '"' => rest.get(1..).and_then(|after| after.find(first)).map_or(rest.len(), |at| at + 2),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (piece, after) = rest.split_at(end.min(rest.len()));
        all.push(piece);
        rest = after;
    }
    all
}

/// A text with one to eight changes.
fn mutated(mut text: String, random: &mut Random) -> String {
    for _ in 0..=random.below(8) {
        text = mutation(&text, random);
        if text.len() > LARGE {
            break;
        }
    }
    text
}

fn mutation(text: &str, random: &mut Random) -> String {
    let mut all = pieces(text);
    let at = random.below(all.len());
    let end = (at + 1 + random.below(6)).min(all.len());
    match random.below(11) {
        0 => drop(all.drain(at..end)),
        1 => {
            let again: Vec<&str> = all.get(at..end).unwrap_or_default().to_vec();
            all.splice(at..at, again);
        }
        2 => {
            let other = random.below(all.len());
            if at < all.len() {
                all.swap(at, other);
            }
        }
        3 | 4 => {
            if let Some(piece) = all.get_mut(at) {
                *piece = token(random);
            }
        }
        5 | 6 => all.insert(at, token(random)),
        7 => {
            let other = pieces(pick_statement(random));
            let from = random.below(other.len());
            all.truncate(at);
            all.extend(other.into_iter().skip(from));
        }
        8 => {
            // One character more, less or other.
            let mut letters: Vec<char> = text.chars().collect();
            let at = random.below(letters.len());
            let new = random.pick(WORDS, "a").chars().next().unwrap_or('a');
            match random.below(3) {
                0 => letters.insert(at, new),
                1 if at < letters.len() => drop(letters.remove(at)),
                _ => letters.truncate(at),
            }
            return letters.into_iter().collect();
        }
        9 => {
            // What stands somewhere, many times: depth and length.
            let some: String = all.get(at..end).unwrap_or_default().concat();
            let times = if random.once_in(200) { 20_000 } else { random.below(60) };
            let times = times.min(LARGE / some.len().max(1));
            let many = some.repeat(times);
            return [
                &all.get(..at).unwrap_or_default().concat(),
                &many,
                &all.get(at..).unwrap_or_default().concat(),
            ]
            .map(String::as_str)
            .concat();
        }
        _ => {
            let (open, close) = match random.below(4) {
                0 => ("(", ")"),
                1 => ("(SELECT ", ")"),
                2 => ("CASE WHEN ", " THEN 1 END"),
                _ => ("NOT ", ""),
            };
            let times = if random.once_in(200) { 5_000 } else { 1 + random.below(20) };
            let inner: String = all.get(at..end).unwrap_or_default().concat();
            let inner = format!("{}{inner}{}", open.repeat(times), close.repeat(times));
            return [
                &all.get(..at).unwrap_or_default().concat(),
                &inner,
                &all.get(end..).unwrap_or_default().concat(),
            ]
            .map(String::as_str)
            .concat();
        }
    }
    all.concat()
}

/// Text of at most this many bytes.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_the_same_for_the_same_seed_and_number() {
        let some = |seed: u64| (0..200).map(|number| input(seed, number).1).collect::<Vec<_>>();
        assert_eq!(some(1), some(1));
        assert_ne!(some(1), some(2));
    }

    #[test]
    fn pieces_are_the_text() {
        for text in FILES.iter().chain(FOREIGN) {
            assert_eq!(pieces(text).concat(), **text);
        }
    }
}
