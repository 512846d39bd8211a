//! Statements in the order of a grammar.

use super::random::Random;
use super::words::{COLUMNS, NAMES};

/// Statements that a parser takes, most of them without meaning.
pub(super) struct Grammar<'r> {
    random: &'r mut Random,
    depth: usize,
}

impl<'r> Grammar<'r> {
    pub(super) fn new(random: &'r mut Random) -> Self {
        Self { random, depth: 0 }
    }

    pub(super) fn statement(&mut self) -> String {
        match self.random.below(8) {
            0 => {
                let columns = self.list(4, Self::column);
                let source = if self.random.once_in(2) {
                    format!("VALUES {}", self.list(3, |g| format!("({})", g.list(4, Self::literal))))
                } else {
                    self.query()
                };
                format!("INSERT INTO {} ({columns}) {source}{}", self.table(), self.returning())
            }
            1 => format!(
                "UPDATE {} SET {} = {} WHERE {}{}",
                self.table(),
                self.column(),
                self.literal(),
                self.condition(),
                self.returning()
            ),
            2 => format!("DELETE FROM {} WHERE {}{}", self.table(), self.condition(), self.returning()),
            3 => {
                let names = ["a", "b", "region", "awscc"];
                let name = self.random.pick(&names, "a");
                format!("WITH {name} AS ({}) {}", self.query(), self.query())
            }
            _ => self.query(),
        }
    }

    fn returning(&mut self) -> String {
        if self.random.once_in(2) {
            format!(" RETURNING {}", self.list(3, Self::expr))
        } else {
            String::new()
        }
    }

    fn query(&mut self) -> String {
        self.depth += 1;
        let mut text = format!("SELECT {}", self.list(4, Self::item));
        if !self.random.once_in(6) {
            let from = self.list(2, Self::from);
            text.push_str(&format!(" FROM {from}"));
        }
        if !self.random.once_in(3) {
            text.push_str(&format!(" WHERE {}", self.condition()));
        }
        for (word, times) in
            [(" GROUP BY ", 6), (" HAVING ", 8), (" ORDER BY ", 6), (" LIMIT ", 8), (" UNION ALL ", 10)]
        {
            if self.random.once_in(times) {
                let tail = if word == " UNION ALL " && self.depth < 4 { self.query() } else { self.expr() };
                text.push_str(word);
                text.push_str(&tail);
            }
        }
        self.depth -= 1;
        text
    }

    fn from(&mut self) -> String {
        let mut text = self.factor();
        for _ in 0..self.random.below(3) {
            let join = self.random.pick(
                &["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "NATURAL JOIN", ","],
                ",",
            );
            text = format!("{text} {join} {}", self.factor());
            if join.len() > 3 && self.random.once_in(2) {
                text = format!("{text} ON {}", self.condition());
            }
        }
        text
    }

    fn factor(&mut self) -> String {
        let alias = self.random.pick(&["", " a", " AS b", " \"c\"", " AS region"], "").to_owned();
        if self.depth < 4 && self.random.once_in(4) {
            return format!("({}){alias}", self.query());
        }
        if self.random.once_in(8) {
            return format!("json_each({}){alias}", self.expr());
        }
        format!("{}{alias}", self.table())
    }

    fn table(&mut self) -> String {
        self.random.pick(NAMES, "t").to_owned()
    }

    fn column(&mut self) -> String {
        let column = self.random.pick(COLUMNS, "x");
        let before = self.random.pick(&["", "", "", "a.", "b.", "awscc.s3.buckets."], "");
        format!("{before}{column}")
    }

    fn item(&mut self) -> String {
        let alias =
            self.random.pick(&["", "", " AS a", " b", " AS 'region'", " \"Identifier\""], "").to_owned();
        format!("{}{alias}", self.expr())
    }

    fn literal(&mut self) -> String {
        let all = [
            "'us-east-1'",
            "'logs'",
            "'vpc-1'",
            "1",
            "-2.5",
            "true",
            "NULL",
            "'{\"a\": [1]}'",
            "string('[]')",
            "''",
            "'[{\"Key\":\"a\",\"Values\":[\"b\"]}]'",
            "'a|b'",
            "'AWS::S3::Bucket'",
            "x",
            "'[{\"op\":\"remove\",\"path\":\"/Tags\"}]'",
        ];
        self.random.pick(&all, "1").to_owned()
    }

    fn condition(&mut self) -> String {
        self.depth += 1;
        let text = match self.random.below(if self.depth > 5 { 4 } else { 8 }) {
            0 | 1 => format!("region = {}", self.literal()),
            2 => format!("{} = {}", self.column(), self.literal()),
            3 => format!("{} IN ({})", self.column(), self.list(4, Self::literal)),
            4 => format!("{} AND {}", self.condition(), self.condition()),
            5 => format!("({} OR {})", self.condition(), self.condition()),
            6 => format!("{} IN ({})", self.column(), self.query()),
            _ => self.expr(),
        };
        self.depth -= 1;
        text
    }

    fn expr(&mut self) -> String {
        self.depth += 1;
        let text = match self.random.below(if self.depth > 5 { 3 } else { 10 }) {
            0 | 1 => self.column(),
            2 => self.literal(),
            3 => format!(
                "{} {} {}",
                self.expr(),
                self.random.pick(&["=", "<>", "||", "+", "->>", "LIKE", "REGEXP", "IS", "AND"], "="),
                self.expr()
            ),
            4 => format!(
                "{}({})",
                self.random.pick(
                    &[
                        "count",
                        "split_part",
                        "json_extract",
                        "AWS_POLICY_EQUAL",
                        "regexp_like",
                        "lower",
                        "sum",
                        "string"
                    ],
                    "count"
                ),
                self.list(3, Self::expr)
            ),
            5 => format!("CASE WHEN {} THEN {} ELSE {} END", self.condition(), self.expr(), self.expr()),
            6 => format!("({})", self.query()),
            7 => format!("EXISTS ({})", self.query()),
            8 => format!(
                "CAST({} AS {})",
                self.expr(),
                self.random.pick(&["text", "integer", "x(1,2)"], "text")
            ),
            _ => format!("NOT {}", self.expr()),
        };
        self.depth -= 1;
        text
    }

    fn list(&mut self, most: usize, one: impl Fn(&mut Self) -> String) -> String {
        let all: Vec<String> = (0..=self.random.below(most)).map(|_| one(self)).collect();
        all.join(", ")
    }
}
