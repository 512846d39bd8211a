//! Which table a statement is about, as far as that can be seen without reading the statement.

use crate::template::sections;

/// The name after INTO, UPDATE or FROM, whichever comes first: `awscc.s3.buckets`. `None` where it is made by a template, or
/// there is none.
pub(crate) fn table_of(statement: &str) -> Option<String> {
    let mut words = words(statement).into_iter();
    let is_before =
        |word: &str| ["into", "update", "from"].iter().any(|name| word.eq_ignore_ascii_case(name));
    words.find(|word| is_before(word))?;
    let name = words.next()?;
    let name: String = name.chars().filter(|c| !matches!(c, '"' | '`')).collect();
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    (name.contains('.') && name.split('.').all(is_name)).then_some(name)
}

/// True if a text has more than blanks and comments.
pub(crate) fn has_code(text: &str) -> bool {
    !words(text).is_empty()
}

/// Words between blanks, brackets and `;`, without comments, literals and templates.
fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    let mut code = sections(text).into_iter().peekable();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        // Two bytes before the code stand its delimiters.
        // What a comment or a literal has skipped is behind.
        while code.next_if(|section| section.start.saturating_sub(2) < at).is_some() {}
        if let Some(section) = code.next_if(|section| section.start.saturating_sub(2) == at) {
            plain.push('?');
            at = (section.end + 2).min(text.len());
            continue;
        }
        let rest = &text[at..];
        let skipped = if rest.starts_with("--") {
            Some(rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            Some(rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if c == '\'' {
            Some(rest[1..].find('\'').map_or(rest.len(), |end| end + 2))
        } else {
            None
        };
        match skipped {
            Some(length) => {
                plain.push(' ');
                at += length;
            }
            None => {
                plain.push(if matches!(c, '(' | ')' | ';' | ',') { ' ' } else { c });
                at += c.len_utf8();
            }
        }
    }
    plain.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_behind_its_keyword() {
        for (text, expected) in [
            ("INSERT INTO awscc.s3.buckets (BucketName) SELECT 'from a.b.c'", Some("awscc.s3.buckets")),
            ("insert into awscc.s3.buckets(BucketName) VALUES (1)", Some("awscc.s3.buckets")),
            ("/* from x.y.z */ -- into q.r.s\nUPDATE aws.s3.bucket SET a = 1", Some("aws.s3.bucket")),
            ("DELETE FROM awscc.\"ec2\".vpcs WHERE x = 1;", Some("awscc.ec2.vpcs")),
            ("INSERT INTO awscc.{{ service }}.x (A) SELECT 1", None),
            ("INSERT INTO {{ table }} (A) SELECT 1", None),
            ("SELECT 1", None),
            ("INSERT INTO", None),
            ("INSERT INTO buckets (A) SELECT 'ä", None),
        ] {
            assert_eq!(table_of(text).as_deref(), expected, "{text}");
        }
    }
}
