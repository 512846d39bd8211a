//! Queries, commands and scripts (stackql-compat 2.6 and 2.10).

use super::session::{Session, Stop};
use crate::codes;
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::AnchorKind;
use stack_core::value::Value;

/// Lines of standard error that a message has.
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
        if shelled.code != Some(0) {
            let how = match shelled.code {
                Some(code) => format!("ended with exit code {code}"),
                None => "was ended by a signal".to_owned(),
            };
            let mut told = failed(format!("the script of {} {how}", self.flow.address));
            for line in last_lines(&shelled.stderr) {
                told = told.note("stderr", line);
            }
            return Err(self.redactor.diagnostic(told).into());
        }
        if self.flow.exports.is_empty() {
            return Ok(());
        }
        let wrong = |why: String| {
            let message = format!("the script of {} does not give its exports", self.flow.address);
            let told = Diagnostic::error(codes::SCRIPT_OUTPUT, message);
            let told = told.at(self.flow.sources.resource.clone(), "").note("why", why);
            Stop::from(told.next("write one JSON object to standard output, and all else to standard error"))
        };
        let Ok(Json::Object(members)) = serde_json::from_slice::<Json>(&shelled.stdout) else {
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

/// The end of what a command wrote, as text for people.
fn last_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(LAST_LINES));
    last.map(|line| line.chars().filter(|c| !c.is_control()).take(LINE_LENGTH).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::last_lines;

    #[test]
    fn only_the_end_of_an_output_is_told() {
        let all: Vec<String> = (0..50).map(|number| format!("line {number}\u{1b}")).collect();
        let told = last_lines(all.join("\n").as_bytes());
        assert_eq!((told.len(), told[0].as_str(), told[19].as_str()), (20, "line 30", "line 49"));
        assert_eq!(last_lines(b"\xff\n\n")[0], "\u{fffd}");
    }
}
