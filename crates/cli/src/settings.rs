//! High arguments: flags and environment resolved once. No command asks about terminals or variables again.

use crate::args::{ColorWhen, Global, LogLevel, ProgressHow};
use crate::env::Env;
use std::path::PathBuf;

/// How everything is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Colour on stdout.
    pub stdout_color: bool,
    /// Colour on stderr.
    pub stderr_color: bool,
    /// UTF-8 symbols.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
    /// How progress is shown.
    pub progress: Progress,
    /// Developer log.
    pub log_level: Option<LogLevel>,
    /// Can a question be answered?
    pub can_ask: bool,
    /// Folders with definitions of REST services, as typed.
    pub definitions: Vec<PathBuf>,
}

/// How progress is shown, decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Live lines on a terminal.
    Tty,
    /// One line per event.
    Plain,
    /// One JSON object per line.
    Json,
    /// Nothing.
    Quiet,
}

/// Width where no terminal tells one (plan-ux 3).
pub const DEFAULT_WIDTH: usize = 100;

impl Settings {
    /// Resolves the shared flags.
    pub fn new(global: &Global, env: &Env) -> Self {
        let Global {
            color,
            progress,
            log_level,
            ascii,
            width,
            server: _,
            port: _,
            custom_registry: _,
            download_dir: _,
            definitions,
        } = global;
        let columns = env.var("COLUMNS").and_then(|text| text.parse().ok()).filter(|n: &usize| *n >= 20);
        Self {
            stdout_color: color_on(*color, env, env.stdout_tty),
            stderr_color: color_on(*color, env, env.stderr_tty),
            unicode: !ascii && env.is_utf8(),
            width: width
                .map(usize::from)
                .or(columns)
                .or(env.columns.map(usize::from).filter(|n| *n >= 20))
                .unwrap_or(DEFAULT_WIDTH),
            progress: match progress {
                ProgressHow::Tty => Progress::Tty,
                ProgressHow::Plain => Progress::Plain,
                ProgressHow::Json => Progress::Json,
                ProgressHow::Quiet => Progress::Quiet,
                ProgressHow::Auto if env.stderr_tty && env.var("TERM") != Some("dumb") && !env.is_ci() => {
                    Progress::Tty
                }
                ProgressHow::Auto => Progress::Plain,
            },
            log_level: *log_level,
            can_ask: env.can_ask(),
            definitions: definitions.clone(),
        }
    }

    /// Notices for flags that are accepted and do nothing here (stackql-compat 3).
    pub fn notices(global: &Global, serves: bool) -> Vec<String> {
        let mut notices = Vec::new();
        if global.server.is_some() || (global.port.is_some() && !serves) {
            notices.push(
                "--server and --port are ignored: the engine is built in, no server is needed".to_owned(),
            );
        }
        if global.custom_registry.is_some() {
            notices.push("--custom-registry is ignored: providers are built in".to_owned());
        }
        if global.download_dir.is_some() {
            notices.push("--download-dir is ignored: nothing is downloaded".to_owned());
        }
        notices
    }
}

/// `--color`, then `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, `CI`, then terminal or not (plan-ux 9).
fn color_on(when: ColorWhen, env: &Env, tty: bool) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => {
            if env.var("NO_COLOR").is_some() {
                return false;
            }
            if env.var("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
                return true;
            }
            tty && env.var("TERM") != Some("dumb") && !env.is_ci()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(vars: &[(&str, &str)], tty: bool) -> Env {
        Env {
            vars: vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            stdout_tty: tty,
            stderr_tty: tty,
            stdin_tty: tty,
            ..Env::default()
        }
    }

    fn color(flag: ColorWhen, vars: &[(&str, &str)], tty: bool) -> bool {
        Settings::new(&Global { color: flag, ..Global::default() }, &env(vars, tty)).stdout_color
    }

    #[test]
    fn colour_follows_flag_then_variables_then_terminal() {
        assert!(color(ColorWhen::Always, &[("NO_COLOR", "1")], false));
        assert!(!color(ColorWhen::Never, &[("CLICOLOR_FORCE", "1")], true));
        assert!(!color(ColorWhen::Auto, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true));
        assert!(color(ColorWhen::Auto, &[("CLICOLOR_FORCE", "1")], false));
        assert!(color(ColorWhen::Auto, &[("NO_COLOR", "")], true));
        assert!(!color(ColorWhen::Auto, &[("CI", "true")], true));
        assert!(!color(ColorWhen::Auto, &[("TERM", "dumb")], true));
        assert!(!color(ColorWhen::Auto, &[], false));
    }

    #[test]
    fn live_progress_needs_a_terminal_outside_ci() {
        let progress =
            |vars: &[(&str, &str)], tty| Settings::new(&Global::default(), &env(vars, tty)).progress;
        assert_eq!(progress(&[], true), Progress::Tty);
        assert_eq!(progress(&[], false), Progress::Plain);
        assert_eq!(progress(&[("CI", "1")], true), Progress::Plain);
        assert_eq!(progress(&[("TERM", "dumb")], true), Progress::Plain);
    }

    #[test]
    fn width_is_flag_then_columns_then_terminal_then_100() {
        let width = |flag, vars: &[(&str, &str)], columns| {
            let env = Env { columns, ..env(vars, true) };
            Settings::new(&Global { width: flag, ..Global::default() }, &env).width
        };
        assert_eq!(width(Some(60), &[("COLUMNS", "80")], Some(120)), 60);
        assert_eq!(width(None, &[("COLUMNS", "80")], Some(120)), 80);
        assert_eq!(width(None, &[], Some(120)), 120);
        assert_eq!(width(None, &[], None), 100);
    }
}
