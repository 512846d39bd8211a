//! `aws_policy_equal`: two policy documents, or two lists of tags, that mean the same.

use super::{FunctionError, same_number};
use serde_json::{Map, Number, Value as Json};
use std::collections::{HashMap, VecDeque};

/// Members whose lists have no order. The spelling is exact.
const UNORDERED: &[&str] = &[
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "AWS",
    "Service",
    "Tags",
    "tags",
];

/// True if both documents mean the same.
///
/// Objects are compared whatever the order of their members and the case of their names. Lists are compared in order, but
/// for those of [`UNORDERED`] members and those that are the whole document: there each element must have one of its own
/// on the other side, and ARNs are the same whatever their case. A list of one element is the same as its element, a
/// number as its decimal text, `true` as `"true"`.
///
/// # Errors
/// A text is absent; or the texts differ, and one is no JSON.
pub fn aws_policy_equal(a: Option<&str>, b: Option<&str>) -> Result<bool, FunctionError> {
    let (Some(a), Some(b)) = (a, b) else { return Err(FunctionError::new("Invalid policy strings")) };
    if a == b {
        return Ok(true);
    }
    // The parser refuses what is nested 128 deep, so that what follows may recurse.
    match (serde_json::from_str::<Json>(a), serde_json::from_str::<Json>(b)) {
        (Ok(a), Ok(b)) => Ok(equal(&a, &b, a.is_array() && b.is_array())),
        _ => Err(FunctionError::new("Error parsing policy JSON strings")),
    }
}

/// No two values are compared twice, so that the work is bounded by the product of the sizes.
fn equal(left: &Json, right: &Json, unordered: bool) -> bool {
    match (left, right) {
        (Json::String(left), Json::String(right)) => same_text(left, right, unordered),
        (Json::Array(left), Json::String(_)) => {
            matches!(left.as_slice(), [one] if equal(one, right, unordered))
        }
        (Json::String(_), Json::Array(right)) => {
            matches!(right.as_slice(), [one] if equal(left, one, unordered))
        }
        (Json::Number(left), Json::Number(right)) => same_number(left, right),
        (Json::Number(number), Json::String(text)) | (Json::String(text), Json::Number(number)) => {
            is_decimal(number, text)
        }
        (Json::Bool(flag), Json::String(text)) | (Json::String(text), Json::Bool(flag)) => {
            text == if *flag { "true" } else { "false" }
        }
        (Json::Array(left), Json::Array(right)) if left.len() != right.len() => false,
        (Json::Array(left), Json::Array(right)) if unordered => match (texts(left), texts(right)) {
            (Some(left), Some(right)) => same_texts(&left, &right),
            _ => pairs_up(left.len(), |l, r| match (left.get(l), right.get(r)) {
                (Some(l), Some(r)) => equal(l, r, true),
                _ => false,
            }),
        },
        (Json::Array(left), Json::Array(right)) => {
            left.iter().zip(right).all(|(left, right)| equal(left, right, false))
        }
        (Json::Object(left), Json::Object(right)) => same_members(left, right),
        (Json::Bool(_) | Json::Null, _) => left == right,
        _ => false,
    }
}

fn same_text(left: &str, right: &str, unordered: bool) -> bool {
    left == right || (unordered && left.starts_with("arn:") && left.eq_ignore_ascii_case(right))
}

fn is_decimal(number: &Number, text: &str) -> bool {
    number.to_string() == text || number.as_f64().is_some_and(|number| number.to_string() == text)
}

fn same_members(left: &Map<String, Json>, right: &Map<String, Json>) -> bool {
    if left.len() == right.len() && left.keys().all(|key| right.contains_key(key)) {
        // The names are the same to the letter, as they mostly are.
        return left.iter().all(|(key, value)| {
            right.get(key).is_some_and(|other| equal(value, other, UNORDERED.contains(&key.as_str())))
        });
    }
    let rights = folded(right);
    for (key, value) in left {
        let Some(other) = right.get(key).or_else(|| rights.get(&key.to_ascii_lowercase()).copied()) else {
            return false;
        };
        if !equal(value, other, UNORDERED.contains(&key.as_str())) {
            return false;
        }
    }
    // What is left on the right is a second spelling of a member that the left has once.
    let lefts = folded_names(left);
    right.iter().all(|(key, value)| {
        if left.contains_key(key) {
            return true;
        }
        let Some(name) = lefts.get(&key.to_ascii_lowercase()) else { return false };
        let is_compared = !right.contains_key(*name)
            && rights.get(&key.to_ascii_lowercase()).is_some_and(|first| std::ptr::eq(*first, value));
        is_compared || left.get(*name).is_some_and(|other| equal(other, value, UNORDERED.contains(name)))
    })
}

/// The first member of each name, case apart.
fn folded(members: &Map<String, Json>) -> HashMap<String, &Json> {
    let mut folded = HashMap::with_capacity(members.len());
    for (key, value) in members {
        folded.entry(key.to_ascii_lowercase()).or_insert(value);
    }
    folded
}

fn folded_names(members: &Map<String, Json>) -> HashMap<String, &str> {
    let mut folded = HashMap::with_capacity(members.len());
    for key in members.keys() {
        folded.entry(key.to_ascii_lowercase()).or_insert(key.as_str());
    }
    folded
}

fn texts(list: &[Json]) -> Option<Vec<&str>> {
    list.iter().map(Json::as_str).collect()
}

/// [`pairs_up`] for texts. Those that are the same to the letter may be paired first: whatever else either would pair with
/// pairs with the other too. What remains are ARNs, which pair by their letters.
fn same_texts(left: &[&str], right: &[&str]) -> bool {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for text in right {
        *counts.entry(text).or_default() += 1;
    }
    let mut taken: HashMap<&str, usize> = HashMap::new();
    let mut arns = Vec::new();
    for text in left {
        match counts.get_mut(text) {
            Some(count) if *count > 0 => {
                *count -= 1;
                *taken.entry(text).or_default() += 1;
            }
            _ if text.starts_with("arn:") => arns.push(text.to_ascii_lowercase()),
            _ => return false,
        }
    }
    let mut others: Vec<String> = Vec::new();
    for text in right {
        match taken.get_mut(text) {
            Some(count) if *count > 0 => *count -= 1,
            _ => others.push(text.to_ascii_lowercase()),
        }
    }
    arns.sort_unstable();
    others.sort_unstable();
    arns == others
}

/// True if every one of `count` elements on the left has one of its own on the right. Asks `same` once for each pair at
/// most: elements may be large, and their own elements are paired by this function too.
fn pairs_up(count: usize, same: impl Fn(usize, usize) -> bool) -> bool {
    // Lists are mostly in the same order.
    let in_order = (0..count).take_while(|at| same(*at, *at)).count();
    if in_order == count {
        return true;
    }
    let ask = |left: usize, right: usize| {
        if left == right && left <= in_order { left < in_order } else { same(left, right) }
    };
    let mut rows: Vec<Vec<usize>> = Vec::with_capacity(count);
    let mut owner: Vec<Option<usize>> = vec![None; count];
    for left in 0..count {
        let row: Vec<usize> = (0..count).filter(|right| ask(left, *right)).collect();
        rows.push(row);
        if !find_partner(left, &rows, &mut owner) {
            return false;
        }
    }
    true
}

/// Gives `left` a partner; others may have to take another one for that. Breadth first, without recursion.
fn find_partner(left: usize, rows: &[Vec<usize>], owner: &mut [Option<usize>]) -> bool {
    // From which element on the left each one on the right was reached.
    let mut reached: HashMap<usize, usize> = HashMap::new();
    let mut waiting = VecDeque::from([left]);
    while let Some(from) = waiting.pop_front() {
        for &right in rows.get(from).into_iter().flatten() {
            if reached.contains_key(&right) {
                continue;
            }
            reached.insert(right, from);
            if let Some(taken_by) = owner.get(right).copied().flatten() {
                waiting.push_back(taken_by);
                continue;
            }
            // Free: hand it down the way that led here.
            let mut free = right;
            while let Some(&from) = reached.get(&free) {
                let before = owner.iter().position(|owner| *owner == Some(from));
                if let Some(slot) = owner.get_mut(free) {
                    *slot = Some(from);
                }
                match before {
                    Some(before) => free = before,
                    None => break,
                }
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(a: &str, b: &str) -> bool {
        aws_policy_equal(Some(a), Some(b)).unwrap()
    }

    fn statement(members: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{members}}}]}}"#)
    }

    #[test]
    fn statements_are_ordered_and_their_lists_are_not() {
        for (a, b, expected) in [
            (r#""Action":["s3:Get","s3:Put"]"#, r#""Action":["s3:Put","s3:Get"]"#, true),
            (r#""Action":["s3:Get"]"#, r#""Action":"s3:Get""#, true),
            (r#""Action":"s3:Get""#, r#""Action":["s3:Get"]"#, true),
            (r#""Action":"s3:Get""#, r#""Action":"s3:get""#, false),
            (r#""Action":["a","a","b"]"#, r#""Action":["a","b","b"]"#, false),
            (r#""Resource":"arn:aws:s3:::B""#, r#""Resource":"arn:aws:s3:::b""#, true),
            (r#""Resource":"B""#, r#""Resource":"b""#, false),
            (r#""Resource":["arn:A","x"]"#, r#""Resource":["x","arn:a"]"#, true),
            // The left one decides.
            (r#""Resource":"ARN:a""#, r#""Resource":"arn:a""#, false),
            (r#""Resource":"arn:a""#, r#""Resource":"ARN:a""#, true),
            (r#""Principal":{"AWS":["1","2"]}"#, r#""Principal":{"AWS":["2","1"]}"#, true),
            (r#""Principal":{"Service":["a","b"]}"#, r#""Principal":{"Service":["b","a"]}"#, true),
            (r#""Principal":{"Federated":["a","b"]}"#, r#""Principal":{"Federated":["b","a"]}"#, false),
            (r#""action":"x""#, r#""Action":"x""#, true),
            (r#""action":["x","y"]"#, r#""action":["y","x"]"#, false),
            (
                r#""Condition":{"StringEquals":{"k":["a","b"]}}"#,
                r#""Condition":{"StringEquals":{"k":["b","a"]}}"#,
                false,
            ),
            (r#""Condition":{"Bool":{"k":"true"}}"#, r#""Condition":{"Bool":{"k":true}}"#, true),
            (r#""Condition":{"Bool":{"k":"True"}}"#, r#""Condition":{"Bool":{"k":true}}"#, false),
            (r#""Sid":"a","Action":"x""#, r#""Action":"x","Sid":"a""#, true),
            (r#""Action":"x""#, r#""Action":"x","Sid":"a""#, false),
            (r#""Action":"x","Sid":"a""#, r#""Action":"x""#, false),
            (r#""Action":[]"#, r#""Action":"x""#, false),
            (r#""Action":[["x"]]"#, r#""Action":"x""#, true),
        ] {
            assert_eq!(policy(&statement(a), &statement(b)), expected, "{a} {b}");
        }
        let (a, b) = (r#"{"Sid":"a"}"#, r#"{"Sid":"b"}"#);
        let two = |a, b| format!(r#"{{"Statement":[{a},{b}]}}"#);
        assert!(!policy(&two(a, b), &two(b, a)));
        assert!(policy(&two(a, b), &format!("{} ", two(a, b))));
    }

    #[test]
    fn a_list_that_is_the_whole_document_has_no_order() {
        let tag = |k: &str, v: &str| format!(r#"{{"Key":"{k}","Value":"{v}"}}"#);
        let list = |tags: &[String]| format!("[{}]", tags.join(","));
        let (a, b, c) = (tag("a", "1"), tag("b", "2"), tag("b", "3"));
        assert!(policy(&list(&[a.clone(), b.clone()]), &list(&[b.clone(), a.clone()])));
        assert!(!policy(&list(&[a.clone(), b.clone()]), &list(&[c, a.clone()])));
        assert!(!policy(&list(&[a.clone(), a.clone(), b.clone()]), &list(&[a.clone(), b.clone(), b])));
        assert!(!policy(&list(std::slice::from_ref(&a)), &list(&[a.clone(), a.clone()])));
        assert!(!policy(&list(std::slice::from_ref(&a)), &a));
        // One in a member is unordered only where the member is known for it.
        let rules = r#"[{"FromPort":80},{"FromPort":443}]"#;
        let turned = r#"[{"FromPort":443},{"FromPort":"80"}]"#;
        assert!(policy(rules, turned));
        let within = |rules| format!(r#"{{"SecurityGroupIngress":{rules}}}"#);
        assert!(!policy(&within(rules), &within(turned)));
        let within = |tags: &str| format!(r#"{{"Tags":{tags}}}"#);
        assert!(policy(&within(rules), &within(turned)));
    }

    #[test]
    fn scalars_are_the_same_as_their_text() {
        for (a, b, expected) in [
            ("80", r#""80""#, true),
            ("80", "80.0", true),
            (r#""80""#, "80", true),
            ("80.0", r#""80""#, true),
            ("1.5", r#""1.5""#, true),
            ("80", r#""080""#, false),
            ("true", r#""true""#, true),
            (r#""false""#, "false", true),
            ("true", "1", false),
            ("null", r#""null""#, false),
            ("null", "false", false),
            ("{}", "[]", false),
            (r#"["a"]"#, r#""a""#, true),
            ("[1]", "1", false),
        ] {
            assert_eq!(policy(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn the_same_text_needs_no_json_and_other_text_does() {
        assert!(policy("not json", "not json"));
        let said = |a, b| aws_policy_equal(a, b).unwrap_err().to_string();
        assert_eq!(said(None, None), "Invalid policy strings");
        assert_eq!(said(Some("{}"), None), "Invalid policy strings");
        assert_eq!(said(Some("{}"), Some("not json")), "Error parsing policy JSON strings");
        assert_eq!(said(Some(""), Some("{}")), "Error parsing policy JSON strings");
    }

    #[test]
    fn names_in_several_spellings_must_all_agree() {
        assert!(policy(r#"{"a":1,"A":2}"#, r#"{"A":2,"a":1}"#));
        assert!(!policy(r#"{"a":1}"#, r#"{"a":1,"A":2}"#));
        assert!(policy(r#"{"a":1}"#, r#"{"a":1,"A":1}"#));
        assert!(!policy(r#"{"a":1}"#, r#"{"A":1,"B":1}"#));
    }

    #[test]
    fn deep_nesting_takes_neither_the_stack_nor_the_time() {
        let nested = |depth: usize, inner: &str| {
            format!("{}{inner}{}", r#"[{"Tags":"#.repeat(depth), "}]".repeat(depth))
        };
        assert!(policy(&nested(60, "1"), &nested(60, "\"1\"")));
        assert!(!policy(&nested(60, "1"), &nested(60, "2")));
        // Two of each at every level: all four pairs are asked, and each of them once.
        let both = |inner: &str| format!(r#"[{{"Tags":{inner}}},{{"tags":{inner}}}]"#);
        let (mut a, mut b) = ("1".to_owned(), "2".to_owned());
        for _ in 0..10 {
            (a, b) = (both(&a), both(&b));
        }
        assert!(!policy(&a, &b));
        let lists = |inner: &str| format!("{}{inner}{}", "[".repeat(120), "]".repeat(120));
        assert!(!policy(&lists("1"), &lists("2")));
        assert!(aws_policy_equal(Some(&"[".repeat(1_000_000)), Some("1")).is_err());
    }

    #[test]
    fn long_lists_are_paired_in_time() {
        let list = |numbers: &mut dyn Iterator<Item = usize>| {
            let items: Vec<String> = numbers.map(|n| format!("\"arn:{n}\"")).collect();
            format!("[{}]", items.join(","))
        };
        let (a, b) = (list(&mut (0..50_000)), list(&mut (0..50_000).rev()));
        assert!(policy(&a, &b));
        assert!(policy(&a, &b.replace("arn", "ARN")));
        let same = format!("[{}]", vec![r#"{"Key":"a"}"#; 500].join(","));
        let spaced = same.replace(',', " , ");
        assert!(policy(&same, &spaced));
    }

    /// Whether some order of the right side fits, by trying all.
    fn some_order_fits(rows: &[Vec<bool>]) -> bool {
        fn fits(rows: &[Vec<bool>], taken: &mut Vec<usize>) -> bool {
            let Some(row) = rows.get(taken.len()) else { return true };
            (0..rows.len()).any(|right| {
                if !row[right] || taken.contains(&right) {
                    return false;
                }
                taken.push(right);
                let found = fits(rows, taken);
                taken.pop();
                found
            })
        }
        fits(rows, &mut Vec::new())
    }

    proptest! {
        #[test]
        fn elements_pair_up_exactly_if_some_order_fits(
            count in 0_usize..7,
            bits in proptest::collection::vec(proptest::bool::weighted(0.35), 49),
        ) {
            let rows: Vec<Vec<bool>> =
                (0..count).map(|left| (0..count).map(|right| bits[left * 7 + right]).collect()).collect();
            let asked = std::cell::RefCell::new(std::collections::HashSet::new());
            let found = pairs_up(count, |left, right| {
                assert!(asked.borrow_mut().insert((left, right)), "asked twice");
                rows[left][right]
            });
            prop_assert_eq!(found, some_order_fits(&rows));
        }

        #[test]
        fn texts_pair_up_as_anything_does(
            texts in proptest::collection::vec(("arn:[aA]|ARN:a|[aA]", "arn:[aA]|ARN:a|[aA]"), 0..6),
        ) {
            let left: Vec<&str> = texts.iter().map(|(left, _)| left.as_str()).collect();
            let right: Vec<&str> = texts.iter().map(|(_, right)| right.as_str()).collect();
            let rows: Vec<Vec<bool>> =
                left.iter().map(|l| right.iter().map(|r| same_text(l, r, true)).collect()).collect();
            prop_assert_eq!(same_texts(&left, &right), some_order_fits(&rows));
        }
    }
}
