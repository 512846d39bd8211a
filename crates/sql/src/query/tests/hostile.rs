//! Statements that mean harm: each ends with a clear error, within the limits.

use super::*;
use std::time::{Duration, Instant};

fn limits() -> Limits {
    Limits { rows: 2_000, bytes: 64 << 20, value: 4 << 20, steps: 20_000_000, time: Duration::from_secs(5) }
}

/// How a statement ends: the number of its error, or the count of its rows.
#[expect(clippy::disallowed_methods, reason = "real time of a real computation")]
fn ends(text: &str) -> String {
    let began = Instant::now();
    let ended = parse(text).and_then(|parsed| {
        let tables = Tables::new(Catalog::embedded());
        let mut rows = 0;
        for one in &parsed {
            let query = Query::prepare(one, &tables, &Defaults::default(), limits())?;
            rows += now(query.run(&cloud()))?.rows.len();
        }
        Ok(rows)
    });
    let took = began.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}: {}", &text[..text.len().min(80)]);
    match ended {
        Ok(rows) => format!("{rows} rows"),
        Err(error) => {
            let notes: usize = error.notes.iter().map(|(_, text)| text.len()).sum();
            let size = error.message.len() + error.label.len() + notes;
            assert!(size < 2_000, "an error of {size} bytes: {}", &text[..text.len().min(80)]);
            assert!(error.at.as_ref().is_none_or(|at| text.get(at.clone()).is_some()), "{error:?}");
            error.code.to_string()
        }
    }
}

#[test]
fn each_ends_clearly_and_soon() {
    let deep =
        |open: &str, close: &str, count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
    let long = |count: usize| "x".repeat(count);
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)";
    let mut others = Vec::new();
    for (text, expected) in [
        // What is not closed, and what is no text.
        ("SELECT 'a".to_owned(), "SD1401"),
        ("SELECT \"a".to_owned(), "SD1401"),
        ("SELECT `a".to_owned(), "SD1401"),
        ("SELECT 1 /* and on".to_owned(), "SD1401"),
        ("SELECT x'zz'".to_owned(), "SD1401"),
        ("SELECT 1 WHERE 'a' = 'b\u{0}' OR 1".to_owned(), "SD1401"),
        ("SELECT count(*) FROM awscc.s3.buckets_list_only /* \u{0} */ WHERE 1 = 0".to_owned(), "SD1401"),
        ("SELECT 1;\u{0}".to_owned(), "SD1401"),
        ("\u{202e}SELECT 1".to_owned(), "SD1401"),
        // Too deep, too long, too many.
        (format!("SELECT {}", deep("(", ")", 20_000)), "SD1403"),
        (format!("SELECT {}", deep("(SELECT ", ")", 5_000)), "SD1403"),
        (format!("SELECT {}", deep("abs(", ")", 5_000)), "SD1403"),
        (format!("SELECT {} 1 {}", "CASE WHEN 1 THEN ".repeat(5_000), "END ".repeat(5_000)), "SD1403"),
        (format!("SELECT {}1", "NOT ".repeat(50_000)), "SD1403"),
        (format!("SELECT 1{}", " || 1".repeat(50_000)), "SD1403"),
        (format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(2_000)), "SD1403"),
        (format!("SELECT '{}'", long(5 << 20)), "SD1403"),
        (format!("SELECT {}", "1, ".repeat(60_000)), "SD1403"),
        ("SELECT 1;".repeat(1_001), "SD1403"),
        (format!("SELECT {}1", "1, ".repeat(3_000)), "SD1413"),
        (format!("SELECT {} FROM awscc.s3.buckets_list_only", long(1 << 20)), "SD1405"),
        (format!("SELECT * FROM {}", long(1 << 20)), "SD1404"),
        (format!("SELECT {}('x')", long(1 << 20)), "SD1406"),
        // What never ends, and what only grows.
        (format!("{endless} SELECT count(*) FROM c"), "SD1411"),
        (format!("{endless} SELECT x FROM c"), "SD1411"),
        (format!("{endless} SELECT x FROM c ORDER BY x DESC"), "SD1411"),
        (format!("{endless} SELECT count(*) FROM c a, c b, c d"), "SD1411"),
        (
            "WITH RECURSIVE c(x) AS (SELECT 'ab' UNION ALL SELECT x || x FROM c) SELECT length(x) FROM c"
                .to_owned(),
            "SD1411",
        ),
        (
            format!("{endless} SELECT group_concat(hex(zeroblob(1000))) FROM (SELECT 1 FROM c LIMIT 100000)"),
            "SD1411",
        ),
        ("SELECT printf('%2000000000d', 1)".to_owned(), "SD1411"),
        ("SELECT printf('%.*c', 2000000000, 'x')".to_owned(), "SD1411"),
        ("SELECT zeroblob(2147483647)".to_owned(), "SD1411"),
        ("SELECT hex(randomblob(3000000))".to_owned(), "SD1411"),
        ("SELECT replace(hex(zeroblob(10000)), '0', hex(zeroblob(10000)))".to_owned(), "SD1411"),
        (format!("SELECT '{}' LIKE '{}b'", long(20_000).replace('x', "a"), "%a".repeat(40)), "1 rows"),
        (format!("SELECT '{}' GLOB '{}b'", long(20_000).replace('x', "a"), "*a".repeat(40)), "1 rows"),
        (format!("SELECT hex(zeroblob(1000000)) LIKE '%{}1%'", "0".repeat(20_000)), "SD1413"),
        (format!("SELECT '{}' REGEXP '(a*)*b'", long(100_000).replace('x', "a")), "1 rows"),
        ("SELECT 'a' REGEXP '((a{1000}){1000}){1000}'".to_owned(), "SD1413"),
        // JSON that is deep or none.
        (format!("SELECT json('{}')", deep("[", "]", 5_000)), "SD1413"),
        (format!("SELECT json_equal('{0}', '{0}')", deep("[", "]", 5_000)), "SD1413"),
        (format!("SELECT aws_policy_equal('{0}', '{0} ')", deep("{\"a\":", "}", 5_000)), "SD1413"),
        (format!("SELECT count(*) FROM json_tree('{}')", deep("[", "]", 900)), "1 rows"),
        ("SELECT json_extract('{}', '$[')".to_owned(), "1 rows"),
        ("SELECT json_extract('{}', '$..x')".to_owned(), "SD1413"),
        ("SELECT json('\"\\ud800\"')".to_owned(), "1 rows"),
        // More than reading.
        ("SELECT load_extension('/tmp/x')".to_owned(), "SD1412"),
        ("SELECT * FROM pragma_table_info('t0')".to_owned(), "SD1412"),
        ("SELECT * FROM sqlite_master".to_owned(), "SD1404"),
        ("SELECT readfile('/etc/passwd')".to_owned(), "SD1406"),
        ("SELECT ?1, :a, @b, $c".to_owned(), "SD1401"),
        ("ATTACH '/tmp/x' AS y".to_owned(), "SD1402"),
        ("EXPLAIN SELECT 1".to_owned(), "SD1402"),
        // Numbers beyond numbers.
        (
            "SELECT 99999999999999999999999999, 1e999, -9223372036854775808 / -1, 1 / 0, 5 % 0".to_owned(),
            "1 rows",
        ),
        ("SELECT abs(-9223372036854775808)".to_owned(), "SD1413"),
        ("SELECT sum(value) FROM json_each('[9223372036854775807, 1]')".to_owned(), "SD1413"),
        ("SELECT substr('abc', -9223372036854775808, 9223372036854775807)".to_owned(), "1 rows"),
        ("SELECT split_part('a', 'a', -9223372036854775808)".to_owned(), "1 rows"),
    ] {
        let ended = ends(&text);
        if ended != expected {
            let start: String = text.chars().take(100).collect();
            others.push(format!("{ended}, not {expected}: {start}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}
