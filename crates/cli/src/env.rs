//! The one place that reads the process: variables, terminals, working folder. Tests build an [`Env`] from literals.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything about the surroundings that a run depends on.
#[derive(Clone, Default)]
pub struct Env {
    /// Environment variables that are valid UTF-8.
    pub vars: BTreeMap<String, String>,
    /// Working folder.
    pub cwd: PathBuf,
    /// Is stdin a terminal?
    pub stdin_tty: bool,
    /// Is stdout a terminal?
    pub stdout_tty: bool,
    /// Is stderr a terminal?
    pub stderr_tty: bool,
    /// Columns of the terminal, if there is one.
    pub columns: Option<u16>,
}

impl std::fmt::Debug for Env {
    /// Names of variables only: their values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { vars, cwd, stdin_tty, stdout_tty, stderr_tty, columns } = self;
        f.debug_struct("Env")
            .field("vars", &vars.keys().collect::<Vec<_>>())
            .field("cwd", cwd)
            .field("ttys", &(stdin_tty, stdout_tty, stderr_tty))
            .field("columns", columns)
            .finish()
    }
}

/// Variables by which known CI systems make themselves known.
const CI_MARKS: &[&str] = &[
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "BUILDKITE",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",
    "CODEBUILD_BUILD_ID",
    "CIRCLECI",
    "TRAVIS",
];

impl Env {
    /// Reads the process.
    ///
    /// # Errors
    /// The working folder is gone or unreadable.
    pub fn of_process() -> std::io::Result<Self> {
        use std::io::IsTerminal;
        let vars = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self {
            vars,
            cwd: std::env::current_dir()?,
            stdin_tty: std::io::stdin().is_terminal(),
            stdout_tty: std::io::stdout().is_terminal(),
            stderr_tty: std::io::stderr().is_terminal(),
            columns: terminal_size::terminal_size().map(|(width, _)| width.0),
        })
    }

    /// A variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// True on a build server (plan-ux 9): `CI` set and not `false` or `0`, or a known system.
    pub fn is_ci(&self) -> bool {
        match self.var("CI") {
            Some(value) => !matches!(value, "false" | "0"),
            None => CI_MARKS.iter().any(|name| self.var(name).is_some()),
        }
    }

    /// True if the locale writes UTF-8: the first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set decides (POSIX).
    pub fn is_utf8(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.var(name)).unwrap_or("C");
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    }

    /// True if somebody can answer: stdin and stderr are terminals (DESIGN section 3).
    pub fn can_ask(&self) -> bool {
        self.stdin_tty && self.stderr_tty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(vars: &[(&str, &str)]) -> Env {
        Env { vars: vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(), ..Env::default() }
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        assert!(env(&[("LANG", "en_GB.UTF-8")]).is_utf8());
        assert!(env(&[("LC_ALL", "C.utf8"), ("LANG", "C")]).is_utf8());
        assert!(!env(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]).is_utf8());
        assert!(!env(&[]).is_utf8());
    }

    #[test]
    fn ci_can_be_denied() {
        assert!(env(&[("CI", "true")]).is_ci());
        assert!(!env(&[("CI", "false"), ("GITHUB_ACTIONS", "true")]).is_ci());
        assert!(env(&[("GITLAB_CI", "true")]).is_ci());
        assert!(!env(&[]).is_ci());
    }

    #[test]
    fn debug_shows_no_value_of_a_variable() {
        let shown = format!("{:?}", env(&[("AWS_SECRET_ACCESS_KEY", "hunter2")]));
        assert!(shown.contains("AWS_SECRET_ACCESS_KEY") && !shown.contains("hunter2"));
    }
}
