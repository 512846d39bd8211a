//! The few tokens that SHOW and DESCRIBE are made of.

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, or words with dots between them.
    Word(String),
    /// The same with a quoted part, which is never a keyword.
    Name(String),
    /// `'…'`.
    Text(String),
    /// `/*+ … */`.
    Hint(String),
    /// Anything else.
    Other(char),
}

/// The tokens of a text, without comments and without the `;` at its end.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (token, after) = match c {
            c if c.is_whitespace() => (None, &rest[c.len_utf8()..]),
            '-' if rest.starts_with("--") => (None, rest.split_once('\n').map_or("", |(_, after)| after)),
            '/' if rest.starts_with("/*") => {
                let (comment, after) = rest[2..].split_once("*/").unwrap_or((&rest[2..], ""));
                (comment.strip_prefix('+').map(|hint| Token::Hint(hint.trim().to_owned())), after)
            }
            '\'' => {
                let (text, after) = quoted(&rest[1..], '\'');
                (Some(Token::Text(text)), after)
            }
            c if is_part(c) || c == '"' || c == '`' => {
                let (token, after) = name(rest);
                (Some(token), after)
            }
            c => (Some(Token::Other(c)), &rest[c.len_utf8()..]),
        };
        found.extend(token);
        rest = after;
    }
    while found.last() == Some(&Token::Other(';')) {
        found.pop();
    }
    found
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

fn name(mut rest: &str) -> (Token, &str) {
    let (mut name, mut is_quoted) = (String::new(), false);
    while let Some(c) = rest.chars().next() {
        match c {
            '"' | '`' => {
                let (text, after) = quoted(&rest[1..], c);
                name.push_str(&text);
                (is_quoted, rest) = (true, after);
            }
            '-' if rest.starts_with("--") => break,
            c if is_part(c) => {
                name.push(c);
                rest = &rest[c.len_utf8()..];
            }
            _ => break,
        }
    }
    (if is_quoted { Token::Name(name) } else { Token::Word(name) }, rest)
}

/// What is before the closing quote, a doubled one being one of the text's, and what is after it.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(quote) {
        out.push_str(before);
        match after.strip_prefix(quote) {
            Some(more) => {
                out.push(quote);
                rest = more;
            }
            None => return (out, after),
        }
    }
    out.push_str(rest);
    (out, "")
}
