//! What was typed before: where it is kept, and what is never kept.

use crate::env::Env;
use stack_core::conform::is_telling;
use stack_core::redact::Redactor;
use stack_sql::lex::{Part, parts};
use std::path::PathBuf;

/// Beginnings of keys that need no name to be known.
const KEYS: &[&str] = &["AKIA", "ASIA", "-----BEGIN", "ghp_", "github_pat_", "xox"];

/// The file; `None` without a home.
pub(super) fn file(env: &Env) -> Option<PathBuf> {
    let absolute = |name: &str| env.var(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state =
        absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local").join("state")))?;
    Some(state.join("stack-deploy").join("history"))
}

/// True if a statement may be kept: no text in it is a secret that is known, and nothing in it is called like one.
pub(super) fn may_be_kept(text: &str, redactor: &Redactor) -> bool {
    let parts = parts(text);
    let has_literal = parts.iter().any(|(_, part)| *part == Part::Literal);
    if !has_literal {
        return true;
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = text.split(|c| !is_word(c)).filter(|word| !word.is_empty() && *word != "ClientToken");
    !words.any(|word| is_telling(word) && word != "RequestToken")
        && !KEYS.iter().any(|key| text.contains(key))
        && redactor.text(text) == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_kept() {
        let redactor = Redactor::default();
        for (text, expected) in [
            ("SELECT bucket_name FROM awscc.s3.buckets WHERE Identifier = 'logs';", true),
            ("SELECT master_user_password FROM awscc.rds.db_instances;", true),
            ("INSERT INTO awscc.rds.db_instances (MasterUserPassword) SELECT 'hunter2';", false),
            (
                "UPDATE t SET PatchDocument = '[{\"op\":\"add\",\"path\":\"/SecretString\",\"value\":\"x\"}]';",
                false,
            ),
            ("SELECT 'AKIAIOSFODNN7EXAMPLE';", false),
            ("INSERT INTO awscc.s3.buckets (BucketName, ClientToken) SELECT 'a', 't';", true),
        ] {
            assert_eq!(may_be_kept(text, &redactor), expected, "{text}");
        }
    }

    #[test]
    fn the_file_is_in_the_state_folder() {
        let env = |vars: &[(&str, &str)]| Env {
            vars: vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Env::default()
        };
        let shown = |vars: &[(&str, &str)]| file(&env(vars)).map(|path| path.to_string_lossy().into_owned());
        assert_eq!(shown(&[("HOME", "/h")]).as_deref(), Some("/h/.local/state/stack-deploy/history"));
        let both = [("HOME", "/h"), ("XDG_STATE_HOME", "/s")];
        assert_eq!(shown(&both).as_deref(), Some("/s/stack-deploy/history"));
        assert_eq!(shown(&[]), None);
    }
}
