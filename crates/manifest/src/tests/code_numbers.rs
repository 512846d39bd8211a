//! A number of a diagnostic means one thing, whichever crate says it: `explain` knows only the number.

use std::collections::HashMap;
use std::path::Path;

/// Numbers that a file defines: `NAME: Code = Code(1234);` and `NAME = 1234, "title"`.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter_map(|line| {
        let number = match line.split_once(": Code = Code(") {
            Some((_, rest)) => rest.strip_suffix(");")?,
            None => line.split_once(" = ")?.1.split_once(", \"")?.0,
        };
        (number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
    })
}

fn collect(folder: &Path, found: &mut HashMap<String, Vec<String>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            for number in numbers(&std::fs::read_to_string(&path).unwrap()) {
                found.entry(number.to_owned()).or_default().push(path.display().to_string());
            }
        }
    }
}

#[test]
fn no_number_is_defined_twice_in_any_crate() {
    let mut found = HashMap::new();
    for name in ["core", "manifest", "engine", "cli"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src"), &mut found);
    }
    assert!(found.len() > 90, "only {} numbers were found", found.len());
    found.retain(|_, places| places.len() > 1);
    assert!(found.is_empty(), "{found:?}");
}
