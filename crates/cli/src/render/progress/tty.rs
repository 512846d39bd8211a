//! Live lines on a terminal: finished operations scroll up, at most ten running ones stay below (plan-ux 9).

use super::lines::{ended_word, wait_word};
use super::{About, Show, Tally};
use crate::flows::shown;
use crate::locate::Locate;
use crate::render::Console;
use crate::render::diagnostic;
use crate::render::paint::Hue;
use crate::render::text::{clean, count, cut, pad, width};
use crate::render::time::short;
use crate::render::view::ActionView;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use stack_core::event::{Event, EventKind};
use stack_core::plan::StepId;
use stack_core::provider::Verb;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Running lines shown at a time.
const LIVE: usize = 10;
/// Redraws per second.
const HERTZ: u8 = 10;
/// Nothing is drawn before.
const PATIENCE: Duration = Duration::from_millis(300);

pub(super) struct Tty {
    console: Console,
    about: About,
    locate: Arc<dyn Locate + Send + Sync>,
    multi: MultiProgress,
    footer: ProgressBar,
    running: BTreeMap<StepId, ProgressBar>,
    queued: VecDeque<StepId>,
    drawn: bool,
    names: usize,
}

impl Tty {
    pub(super) fn new(console: Console, about: About, locate: Arc<dyn Locate + Send + Sync>) -> Self {
        let multi = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let names = about.actions.keys().map(|name| width(name)).max().unwrap_or(0).min(28);
        let footer = multi.add(ProgressBar::new(0));
        let style = if console.err_style.unicode {
            ProgressStyle::with_template("{bar:32}  {pos} of {len} · {elapsed} · {wide_msg}")
                .map(|style| style.progress_chars("━╸ "))
        } else {
            ProgressStyle::with_template("[{bar:32}]  {pos} of {len}, {elapsed}, {wide_msg}")
                .map(|style| style.progress_chars("#> "))
        };
        footer.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        footer.set_message("Ctrl-C: finish what runs and stop");
        Self {
            console,
            about,
            locate,
            multi,
            footer,
            running: BTreeMap::new(),
            queued: VecDeque::new(),
            drawn: false,
            names,
        }
    }

    /// A permanent line.
    fn say(&self, text: &str) {
        if self.drawn {
            // Lines that cannot be written to a terminal that is gone are lost with it.
            let _ = self.multi.println(text.trim_end_matches('\n'));
        } else {
            self.console.err(&format!("{}\n", text.trim_end_matches('\n')));
        }
    }

    fn mark(&self, unicode: &'static str, ascii: &'static str, hue: Hue) -> String {
        let style = self.console.err_style;
        style.paint.with(hue, if style.unicode { unicode } else { ascii })
    }

    fn label(&self, step: &StepId, verb: Option<Verb>) -> String {
        let style = self.console.err_style;
        let name = pad(&clean(step.address.as_str(), style.unicode), self.names);
        let verb = match (self.about.actions.get(step.address.as_str()), verb) {
            (Some(ActionView::Replace), Some(verb)) => format!("replace: {verb}"),
            (_, Some(verb)) => verb.to_string(),
            (_, None) => "nothing".to_owned(),
        };
        format!("{name}  {}", pad(&verb, 15))
    }

    fn begin(&mut self, step: &StepId, verb: Verb) {
        if self.running.contains_key(step) {
            return;
        }
        let template = "{spinner} {prefix} {elapsed:>6}   {wide_msg}";
        let ticks = if self.console.err_style.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .tick_chars(ticks);
        let bar = ProgressBar::new_spinner().with_style(style).with_prefix(self.label(step, Some(verb)));
        let bar = if self.visible() < LIVE {
            self.insert(bar)
        } else {
            self.queued.push_back(step.clone());
            bar
        };
        self.running.insert(step.clone(), bar);
    }

    fn visible(&self) -> usize {
        self.running.len() - self.queued.len()
    }

    fn insert(&self, bar: ProgressBar) -> ProgressBar {
        let bar = self.multi.insert_before(&self.footer, bar);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    fn message(&self, step: &StepId, text: &str) {
        if let Some(bar) = self.running.get(step) {
            bar.set_message(clean(text, self.console.err_style.unicode));
        }
    }

    fn end(&mut self, step: &StepId) {
        if let Some(bar) = self.running.remove(step) {
            bar.finish_and_clear();
            self.multi.remove(&bar);
        }
        self.queued.retain(|queued| queued != step);
        if let Some(next) = self.queued.pop_front()
            && let Some(bar) = self.running.get(&next).cloned()
        {
            let bar = self.insert(bar);
            self.running.insert(next, bar);
        }
        self.footer.inc(1);
    }
}

impl Show for Tty {
    fn on(&mut self, event: &Event, tally: &Tally) {
        if !self.drawn && event.elapsed >= PATIENCE && !matches!(event.kind, EventKind::RunEnd { .. }) {
            self.drawn = true;
            self.multi.set_draw_target(ProgressDrawTarget::stderr_with_hz(HERTZ));
        }
        let style = self.console.err_style;
        match &event.kind {
            EventKind::RunStart { stack, steps, .. } => {
                self.footer.set_length(u64::try_from(*steps).unwrap_or(u64::MAX));
                let arrow = if style.unicode { "→" } else { "->" };
                let head = format!(
                    "stack-deploy {}  {} {arrow} {}   run {}, plan {}",
                    self.about.command, stack.name, stack.env, event.run, self.about.plan_id
                );
                self.say(&format!("{}\n", clean(&head, style.unicode)));
            }
            EventKind::OpBegin { step, verb, .. } => self.begin(step, *verb),
            EventKind::OpAccepted { step, .. } => self.message(step, "accepted"),
            EventKind::OpPoll { step, polls, status, next, .. } => {
                self.message(step, &format!("{status}, poll {polls}, next in {}", short(*next)));
            }
            EventKind::OpWait { step, why, delay, detail } => {
                let text = format!("{}, next try in {} {detail}", wait_word(*why), short(*delay));
                self.message(step, &text);
            }
            EventKind::OpDone { step, verb, identifier, took, note, .. } => {
                self.end(step);
                let facts =
                    if note.is_empty() { identifier.clone().unwrap_or_default() } else { note.clone() };
                let line = format!(
                    "{} {:>7}   {}",
                    self.label(step, *verb),
                    short(*took),
                    clean(&facts, style.unicode)
                );
                let mark = self.mark("✓", "ok", Hue::Green);
                self.say(&format!(
                    "{mark} {}",
                    cut(line.trim_end(), style.width.saturating_sub(3), style.unicode)
                ));
            }
            EventKind::OpFailed { step, verb, took, diagnostic, unknown } => {
                self.end(step);
                let word = if *unknown { "unknown" } else { "failed" };
                let mark = self.mark("✗", "x", Hue::Red);
                self.say(&format!("{mark} {} {:>7}   {word}\n", self.label(step, *verb), short(*took)));
                self.say(&diagnostic::render(diagnostic, &*self.locate, style));
            }
            EventKind::Verify { step, residue, .. } if !residue.is_empty() => {
                let paths: Vec<String> = residue.iter().map(|p| p.dotted()).collect();
                let text = format!("{} not taken by the service: {}", step.address, paths.join(", "));
                let mark = self.mark("!", "!", Hue::Cyan);
                self.say(&format!("{mark} {}", clean(&text, style.unicode)));
            }
            EventKind::RollbackBegin { steps } => {
                self.say(&format!("undoing {}, newest first", count(*steps, "step", "steps")));
            }
            EventKind::RollbackOp { step, undone, note, .. } => {
                let mark =
                    if *undone { self.mark("✓", "ok", Hue::Green) } else { self.mark("!", "!", Hue::Cyan) };
                let word = if *undone { "undone" } else { "stays" };
                self.say(&format!("{mark} {}  {word}  {}", step.address, clean(note, style.unicode)));
            }
            EventKind::Diagnostic { diagnostic } => {
                self.say(&diagnostic::render(diagnostic, &*self.locate, style));
            }
            EventKind::RunEnd { ended, .. } => {
                let counts = tally.counts().words(", ");
                self.footer.set_message(format!("{} {counts}", ended_word(*ended)));
            }
            EventKind::Statement { step, anchor, text } => {
                let address = clean(step.address.as_str(), style.unicode);
                self.say(&shown(&address, anchor, text, style.unicode));
            }
            EventKind::Said { step, line } => self.message(step, line),
            EventKind::Verify { .. } | EventKind::Heartbeat { .. } => {}
        }
    }

    fn close(&mut self) {
        for bar in std::mem::take(&mut self.running).into_values() {
            bar.finish_and_clear();
        }
        self.footer.finish_and_clear();
        // A terminal that is gone needs no clearing.
        let _ = self.multi.clear();
    }
}
