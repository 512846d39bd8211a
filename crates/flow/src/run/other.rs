//! Queries, commands and scripts (stackql-compat 2.6 and 2.10).

use super::session::{Session, Stop};
use crate::codes;
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::{AnchorKind, ShellEnd, Written};
use stack_core::redact::Redactor;
use stack_core::value::Value;

/// Lines of the beginning of an output that a message has, where it has not all of them.
const FIRST_LINES: usize = 5;
/// Lines of its end.
const LAST_LINES: usize = 20;
/// Characters of each.
const LINE_LENGTH: usize = 300;

impl Session<'_> {
    /// A query: one row, whose columns are exported.
    pub(super) async fn ask(&mut self) -> Result<(), Stop> {
        let filled = self.render(AnchorKind::Exports)?;
        if !self.export_rows(&filled, self.and_more(AnchorKind::Exports)).await? {
            return Err(self.no_row(0).into());
        }
        self.say(format!("successfully exported variables for query in {}", self.flow.address));
        Ok(())
    }

    /// A command: any statements.
    pub(super) async fn command(&mut self) -> Result<(), Stop> {
        let filled = self.render(AnchorKind::Command)?;
        self.act(&filled, &[]).await?;
        Ok(())
    }

    /// A script: a shell command, whose output may be exports.
    pub(super) async fn script(&mut self) -> Result<(), Stop> {
        let text = self.flow.script.shell()?;
        self.redactor.learn(&text);
        let failed = |message: String| {
            let told = Diagnostic::error(codes::SCRIPT_FAILED, message);
            told.at(self.flow.sources.resource.clone(), "")
        };
        let shelled = self.host.shell(&text).await.map_err(|why| {
            let told = failed(format!("the script of {} could not be run", self.flow.address));
            Stop::from(self.redactor.diagnostic(told.note("why", why)))
        })?;
        let address = &self.flow.address;
        let (code, how) = match shelled.end {
            ShellEnd::Code(0) => {
                if shelled.leaves_some {
                    self.note(self.left_behind());
                }
                return self.script_exports(&shelled.stdout);
            }
            ShellEnd::Code(code) => {
                (codes::SCRIPT_FAILED, format!("the script of {address} ended with exit code {code}"))
            }
            ShellEnd::Signal => {
                (codes::SCRIPT_FAILED, format!("the script of {address} was ended by a signal"))
            }
            ShellEnd::Stopped => {
                (codes::SCRIPT_STOPPED, format!("the script of {address} was stopped halfway"))
            }
            ShellEnd::TimeOver => (
                codes::SCRIPT_STOPPED,
                format!("the script of {address} was stopped halfway: its time was over"),
            ),
        };
        let mut told = failed(how);
        told.code = code;
        let is_silent = matches!(shelled.stderr.parts(), (head, 0, _) if head.trim().is_empty());
        let (stream, written) = match is_silent {
            // Some tools tell their errors on standard output.
            true if self.flow.exports.is_empty() => ("stdout", &shelled.stdout),
            _ => ("stderr", &shelled.stderr),
        };
        if is_silent && !self.flow.exports.is_empty() {
            // Of what is not read as exports nobody can tell what is protected.
            told = told.note("stdout", "it is not shown, it holds exports");
        }
        for line in told_lines(written, &self.redactor) {
            told = told.note(stream, line);
        }
        if code == codes::SCRIPT_STOPPED {
            told = told.next("what it did before stays done; the next build runs it from its beginning");
        }
        Err(self.redactor.diagnostic(told).into())
    }

    fn left_behind(&self) -> Diagnostic {
        let message = format!(
            "the script of {} has ended, and something that it started goes on and still holds its output",
            self.flow.address
        );
        let told = Diagnostic::warning(codes::SCRIPT_LEAVES, message);
        let told = told.at(self.flow.sources.resource.clone(), "");
        told.next("nobody waits for it; where that is wanted, give it an output of its own: `… >FILE 2>&1 &`")
    }

    /// What a script gives to others.
    fn script_exports(&mut self, stdout: &Written) -> Result<(), Stop> {
        if self.flow.exports.is_empty() {
            return Ok(());
        }
        let wrong = |why: String| {
            let message = format!("the script of {} does not give its exports", self.flow.address);
            let told = Diagnostic::error(codes::SCRIPT_OUTPUT, message);
            let told = told.at(self.flow.sources.resource.clone(), "").note("why", why);
            Stop::from(told.next("write one JSON object to standard output, and all else to standard error"))
        };
        let Some(whole) = stdout.whole() else {
            let most = (Written::HEAD + Written::TAIL) >> 10;
            return Err(wrong(format!("its standard output is longer than {most} KB")));
        };
        let Ok(Json::Object(members)) = serde_json::from_slice::<Json>(&whole) else {
            return Err(wrong("its standard output is no JSON object".to_owned()));
        };
        let missing: Vec<&str> = self
            .flow
            .exports
            .iter()
            .map(|export| export.column.as_str())
            .filter(|column| !members.contains_key(*column))
            .collect();
        if !missing.is_empty() {
            return Err(wrong(format!("its JSON object has no {}", missing.join(", "))));
        }
        let row: IndexMap<String, Value> =
            members.into_iter().map(|(name, value)| (name, self.redactor.seal(Value::from(value)))).collect();
        self.row = Some(row);
        Ok(())
    }
}

/// The beginning and the end of what a command wrote, as lines for people. Secrets go before anything is cut: half of one
/// would not be recognised.
fn told_lines(written: &Written, redactor: &Redactor) -> Vec<String> {
    let (head, left_out, tail) = written.parts();
    let (head, tail) = (redactor.text(&head), redactor.text(&tail));
    let plain = |line: &str| -> String {
        let mut chars = line.chars().filter(|c| !c.is_control());
        let mut shown: String = chars.by_ref().take(LINE_LENGTH).collect();
        if chars.next().is_some() {
            shown.push('…');
        }
        shown
    };
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.trim().is_empty()).map(plain).collect()
    };
    let (mut first, last) = match left_out {
        0 => (Vec::new(), lines(&head)),
        _ => (lines(&head), lines(&tail)),
    };
    let skipped = match left_out {
        0 if last.len() > FIRST_LINES + LAST_LINES => {
            first = last[..FIRST_LINES].to_vec();
            Some(format!("… {} lines are left out", last.len() - FIRST_LINES - LAST_LINES))
        }
        0 => None,
        _ => Some(format!("… {} KB and more are left out", left_out.div_ceil(1 << 10))),
    };
    let fits = if skipped.is_some() { LAST_LINES } else { FIRST_LINES + LAST_LINES };
    first.truncate(FIRST_LINES);
    first.into_iter().chain(skipped).chain(last[last.len().saturating_sub(fits)..].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::{FIRST_LINES, LAST_LINES, told_lines};
    use stack_core::flow::Written;
    use stack_core::redact::Redactor;

    fn told(text: &str, secret: &str) -> Vec<String> {
        let redactor = Redactor::default();
        redactor.learn_text(secret);
        told_lines(&Written::from(text.as_bytes()), &redactor)
    }

    #[test]
    fn beginning_and_end_of_an_output_are_told() {
        let all = |count: usize| -> String {
            (0..count).map(|number| format!("line {number}\u{1b}\n\n")).collect()
        };
        assert_eq!(told(&all(FIRST_LINES + LAST_LINES), "-").len(), FIRST_LINES + LAST_LINES);
        let long = told(&all(50), "-");
        assert_eq!(long[..FIRST_LINES].join(","), "line 0,line 1,line 2,line 3,line 4");
        assert_eq!(long[FIRST_LINES], "… 25 lines are left out");
        assert_eq!((long[FIRST_LINES + 1].as_str(), long.last().unwrap().as_str()), ("line 30", "line 49"));
        let endless = told(&all(400_000), "-");
        assert_eq!(endless.len(), FIRST_LINES + 1 + LAST_LINES);
        assert!(endless[FIRST_LINES].contains("KB and more are left out"), "{endless:?}");
        assert_eq!(told_lines(&Written::from(b"\xff\n\n".as_slice()), &Redactor::default())[0], "\u{fffd}");
    }

    #[test]
    fn no_cut_shows_half_of_a_secret() {
        // At the end of a long line, at the end of what is kept of the beginning, and at the beginning of the end.
        let secret = "correct-horse-battery";
        let line = format!("{}{secret}\n", "x".repeat(290));
        assert!(!told(&line, secret).concat().contains("corr"));
        for fill in [15, 10, 5, 1].map(|less| Written::HEAD - less) {
            let text = format!("{}\n{secret}\n{}", "x".repeat(fill), "y\n".repeat(200_000));
            assert!(!told(&text, secret).concat().contains("corr"), "{fill}");
        }
        for after in [15, 10, 5, 1].map(|less| Written::TAIL - less) {
            let text = format!("{}\n{secret}\n{}", "x\n".repeat(1 << 20), "z".repeat(after));
            assert!(!told(&text, secret).concat().contains("batt"), "{after}");
        }
    }
}
