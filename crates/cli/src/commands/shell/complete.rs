//! What a word may become: providers, services, resources, columns.

use stack_sql::Tables;

/// Words of statements.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "AND",
    "INSERT INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE FROM",
    "RETURNING",
    "SHOW",
    "DESCRIBE",
    "PROVIDERS",
    "SERVICES",
    "RESOURCES",
    "METHODS",
    "WITH",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "COUNT(",
    "json_extract(",
];
const COMMANDS: &[&str] = &[".help", ".mode ", ".quit", ".timing "];
/// So many names are a help; more are a flood.
const MOST: usize = 500;

/// The place where the last word of a line begins, and what it may become. `before` are the lines of the statement so far.
pub(super) fn candidates(tables: &Tables<'_>, before: &str, line: &str) -> (usize, Vec<String>) {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let start =
        line.char_indices().rev().take_while(|(_, c)| is_word(*c)).last().map_or(line.len(), |(at, _)| at);
    let word = &line[start..];
    let fits = |name: &String| name.to_lowercase().starts_with(&word.to_lowercase());
    let all: Vec<String> = if before.is_empty() && start == 0 && word.starts_with('.') {
        COMMANDS.iter().map(|name| (*name).to_owned()).collect()
    } else {
        match word.split('.').collect::<Vec<_>>().as_slice() {
            [_] => {
                let text = format!("{before}{}", &line[..start]);
                let columns = named(&text)
                    .filter_map(|name| tables.source(name).ok())
                    .flat_map(|source| source.columns())
                    .map(|column| column.name);
                let columns: Vec<String> = columns.collect();
                let columns = columns.into_iter().chain(["awscc.".to_owned(), "aws.".to_owned()]);
                columns.chain(WORDS.iter().map(|word| (*word).to_owned())).collect()
            }
            [provider, _] => {
                let provider = provider.to_lowercase();
                tables.services(&provider).into_iter().map(|name| format!("{provider}.{name}.")).collect()
            }
            [provider, service, _] => {
                let (provider, service) = (provider.to_lowercase(), service.to_lowercase());
                let names = tables.resources(&provider, &service).into_iter();
                names.map(|(name, _)| format!("{provider}.{service}.{name}")).collect()
            }
            _ => Vec::new(),
        }
    };
    let mut fitting: Vec<String> = Vec::new();
    for name in all.into_iter().filter(fits) {
        if !fitting.contains(&name) && fitting.len() < MOST {
            fitting.push(name);
        }
    }
    (start, fitting)
}

/// The words of a text that may be tables.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')));
    words.filter(|word| word.matches('.').count() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_catalog::Catalog;

    #[test]
    fn names_become_longer_part_by_part() {
        let tables = Tables::new(Catalog::embedded());
        let of = |before: &str, line: &str| candidates(&tables, before, line);
        assert_eq!(of("", "SELECT * FROM awsc"), (14, vec!["awscc.".to_owned()]));
        assert!(of("", "SELECT * FROM awscc.s3").1.contains(&"awscc.s3.".to_owned()));
        assert_eq!(
            of("", "FROM awscc.s3.buckets").1,
            ["awscc.s3.buckets", "awscc.s3.buckets_list_only"].map(str::to_owned)
        );
        assert_eq!(of("SELECT 1 FROM awscc.s3.buckets b\n", "WHERE bucket_namesp").1, ["bucket_namespace"]);
        assert_eq!(of("", "SEL").1, ["SELECT"]);
        assert_eq!(of("", ".m").1, [".mode "]);
        assert_eq!(of("", "a.b.c.d").1, Vec::<String>::new());
        assert_eq!(of("", "'ä").0, 1);
    }
}
