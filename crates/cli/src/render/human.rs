//! The plan as people read it (plan-ux 3). Takes the view that JSON prints, so `show plan.json` gives the same text.

use super::console::Style;
use super::paint::Hue;
use super::rows::{self, INDENT};
use super::text::{clean, count, pad, width, wrap};
use super::view::*;
use super::view_of::reason_words;
use crate::args::ViewArgs;

/// Lines of a create before it is folded.
const FOLD: usize = 12;

/// The whole plan.
pub fn plan(view: &PlanView, options: ViewArgs, style: Style) -> String {
    let mut page =
        Page { text: String::new(), style, options, symbol_width: 1, verb_width: 7, name_width: 0 };
    page.header(view);
    page.resources(view);
    page.folded(view);
    page.summary(view);
    page.text
}

/// The order of the groups: risk first.
const ORDER: [ActionView; 10] = [
    ActionView::Blocked,
    ActionView::Replace,
    ActionView::Delete,
    ActionView::Update,
    ActionView::Adopt,
    ActionView::Create,
    ActionView::Deferred,
    ActionView::Run,
    ActionView::Read,
    ActionView::Noop,
];

/// Symbol, verb and colour of an action.
pub fn sign(action: ActionView, unicode: bool) -> (&'static str, &'static str, Hue) {
    match action {
        ActionView::Create => ("+", "create", Hue::Green),
        ActionView::Update => ("~", "update", Hue::Yellow),
        ActionView::Replace => (if unicode { "±" } else { "-/+" }, "replace", Hue::MagentaBold),
        ActionView::Delete => ("-", "delete", Hue::Red),
        ActionView::Adopt => ("@", "adopt", Hue::Cyan),
        ActionView::Noop => ("=", "keep", Hue::Dim),
        ActionView::Run => (">", "run", Hue::Cyan),
        ActionView::Read => ("=", "read", Hue::Dim),
        ActionView::Deferred => ("?", "deferred", Hue::Dim),
        ActionView::Blocked => ("!", "blocked", Hue::Cyan),
    }
}

pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) style: Style,
    pub(crate) options: ViewArgs,
    pub(crate) symbol_width: usize,
    pub(crate) verb_width: usize,
    pub(crate) name_width: usize,
}

impl Page {
    pub(crate) fn new(options: ViewArgs, style: Style) -> Self {
        Self { text: String::new(), style, options, symbol_width: 1, verb_width: 7, name_width: 0 }
    }

    pub(crate) fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    pub(crate) fn clean(&self, text: &str) -> String {
        clean(text, self.style.unicode)
    }

    fn dot(&self) -> &'static str {
        if self.style.unicode { " · " } else { "; " }
    }

    /// `    key    text`, wrapped with a hanging edge.
    pub(crate) fn detail(&mut self, key: &str, text: &str) {
        let key = pad(key, 6);
        let room = self.style.width.saturating_sub(INDENT + 7).max(20);
        for (i, line) in wrap(&self.clean(text), room).into_iter().enumerate() {
            let key = if i == 0 { self.style.paint.with(Hue::Dim, &key) } else { " ".repeat(6) };
            self.line(&format!("{}{key} {line}", " ".repeat(INDENT)));
        }
    }

    /// Left and right on one line if they fit, else one below the other.
    pub(crate) fn spread(&mut self, left: &str, left_width: usize, right: &str, below: usize) {
        let right_width = width(right);
        let right = self.style.paint.with(Hue::Dim, right);
        if right_width == 0 {
            self.line(left);
        } else if left_width + 2 + right_width <= self.style.width {
            let gap = self.style.width - left_width - right_width;
            self.line(&format!("{left}{}{right}", " ".repeat(gap)));
        } else {
            self.line(left);
            self.line(&format!("{}{right}", " ".repeat(below)));
        }
    }

    pub(crate) fn header(&mut self, view: &PlanView) {
        self.header_of(
            view,
            match view.mode {
                _ if view.targets.only_orphans => "orphans",
                ModeView::Build => "plan",
                ModeView::Teardown => "teardown plan",
                ModeView::Drift => "drift",
            },
        );
    }

    pub(crate) fn header_of(&mut self, view: &PlanView, command: &str) {
        let arrow = if self.style.unicode { "→" } else { "->" };
        let left = format!(
            "stack-deploy {command}  {} {arrow} {}",
            self.clean(&view.stack.name),
            self.clean(&view.stack.env)
        );
        let places: Vec<String> = view.scopes.iter().map(|scope| self.scope(scope)).collect();
        let places = places.join(self.dot());
        let painted = self.style.paint.with(Hue::Bold, &left);
        self.spread(&painted, width(&left), &places, INDENT);
        let lookups = match view.meta.lookups {
            0 => String::new(),
            n => format!(" and {}", count(n, "look-up", "look-ups")),
        };
        let mut facts = vec![format!(
            "{}{lookups} in {:.1} s",
            count(view.meta.reads, "read", "reads"),
            // Reading times are small; a lossy conversion of whole milliseconds is exact far beyond any run.
            std::time::Duration::from_millis(view.meta.millis).as_secs_f64()
        )];
        if !view.targets.include.is_empty() {
            facts.push(format!("--target {}", self.clean(&view.targets.include.join(" "))));
        }
        if !view.targets.exclude.is_empty() {
            facts.push(format!("--exclude {}", self.clean(&view.targets.exclude.join(" "))));
        }
        match view.meta.cached_schemas.as_slice() {
            [] => {}
            [one] => facts.push(format!("cached schema {}", self.clean(one))),
            many => facts.push(format!("{} cached schemas", many.len())),
        }
        let facts = facts.join(self.dot());
        self.line(&facts);
        self.line("");
    }

    /// `aws us-east-1 …6789`: enough of the account to know it, not all of it.
    fn scope(&self, scope: &ScopeView) -> String {
        let mut words = vec![self.clean(&scope.provider)];
        words.extend(scope.region.as_ref().map(|region| self.clean(region)));
        if let Some(account) = &scope.account {
            let tail: String = account.chars().skip(account.chars().count().saturating_sub(4)).collect();
            words.push(format!("{}{}", if self.style.unicode { "…" } else { "..." }, self.clean(&tail)));
        }
        words.join(" ")
    }

    fn resources(&mut self, view: &PlanView) {
        let shown: Vec<&ResourceView> = ORDER
            .iter()
            .flat_map(|action| view.resources.iter().filter(move |r| r.action == *action))
            .filter(|r| self.options.show_unchanged || !is_unchanged(r))
            .collect();
        self.columns(&shown);
        for resource in shown {
            if is_unchanged(resource) {
                self.head(resource);
                continue;
            }
            self.resource(resource);
        }
        if self.options.show_unchanged && view.resources.iter().any(is_unchanged) {
            self.line("");
        }
    }

    pub(crate) fn columns(&mut self, shown: &[&ResourceView]) {
        self.symbol_width =
            shown.iter().map(|r| width(sign(r.action, self.style.unicode).0)).max().unwrap_or(1);
        self.verb_width = shown
            .iter()
            .map(|r| width(&sure(sign(r.action, self.style.unicode).1, r)))
            .chain([7])
            .max()
            .unwrap_or(7);
        self.name_width = shown.iter().map(|r| width(&r.address)).filter(|w| *w <= 28).max().unwrap_or(0);
    }

    /// Symbol, verb, name, type, position.
    pub(crate) fn head(&mut self, resource: &ResourceView) {
        let (symbol, verb, hue) = sign(resource.action, self.style.unicode);
        let verb = sure(verb, resource);
        let lead = format!("{} {} ", pad(symbol, self.symbol_width), pad(&verb, self.verb_width));
        let name = pad(&self.clean(&resource.address), self.name_width);
        let rest = format!("  {}", self.clean(&resource.ty));
        let left = format!(
            "{} {}{rest}",
            self.style.paint.with(hue, &lead),
            self.style.paint.with(Hue::Bold, &name)
        );
        let left_width = width(&lead) + 1 + width(&name) + width(&rest);
        let place = resource.source.as_ref().map(ToString::to_string).unwrap_or_default();
        self.spread(&left, left_width, &self.clean(&place), INDENT);
    }

    fn resource(&mut self, resource: &ResourceView) {
        self.head(resource);
        if self.options.brief {
            return;
        }
        self.identifier(resource);
        self.changes(resource);
        self.notes(resource);
        self.line("");
    }

    pub(crate) fn identifier(&mut self, resource: &ResourceView) {
        let Some(identifier) = &resource.identifier else { return };
        if identifier.names.len() < 2 && resource.action == ActionView::Create {
            // The value stands in a row below.
            return;
        }
        let left = format!("{}{}", " ".repeat(INDENT), self.clean(&identifier.value));
        let names =
            if identifier.names.len() > 1 { self.clean(&identifier.names.join("|")) } else { String::new() };
        self.spread(&left.clone(), width(&left), &names, INDENT);
    }

    fn changes(&mut self, resource: &ResourceView) {
        let label_width = rows::label_width(resource.changes.iter(), self.style);
        let blocks: Vec<Vec<String>> = resource
            .changes
            .iter()
            .map(|change| rows::lines(change, forces(resource, change).as_deref(), label_width, self.style))
            .collect();
        // Only what is created is folded: a change must be seen whole.
        let foldable = matches!(resource.action, ActionView::Create | ActionView::Deferred)
            && resource.changes.iter().all(|c| c.op == OpView::Add);
        let total: usize = blocks.iter().map(Vec::len).sum();
        let limit = if foldable && !self.options.full && total > FOLD { FOLD } else { usize::MAX };
        let mut used = 0;
        let mut hidden = 0;
        for block in blocks {
            if hidden > 0 || used + block.len() > limit {
                hidden += 1;
                continue;
            }
            used += block.len();
            block.iter().for_each(|line| self.line(line));
        }
        if hidden > 0 {
            let mark = if self.style.unicode { "…" } else { "..." };
            let text = self.style.paint.with(Hue::Dim, &format!("{mark} {hidden} more (--full)"));
            self.line(&format!("{}{text}", " ".repeat(INDENT)));
        }
    }

    fn notes(&mut self, resource: &ResourceView) {
        let resent: Vec<&str> =
            resource.changes.iter().filter(|c| c.op == OpView::Resend).map(|c| c.path.as_str()).collect();
        if !matches!(resource.action, ActionView::Create | ActionView::Delete) {
            for path in resource.cannot_compare.iter().filter(|path| !resent.contains(&path.as_str())) {
                self.remark("*", Hue::Dim, &dotted(path), "(write-only: cannot be compared)");
            }
        }
        for unmanaged in &resource.unmanaged {
            if self.options.show_unmanaged || (!unmanaged.is_default && resource.action == ActionView::Update)
            {
                self.remark(
                    "!",
                    Hue::Cyan,
                    &dotted(&unmanaged.path),
                    "is live but not in the manifest: kept",
                );
            }
        }
        for along in &resource.takes_along {
            self.remark("-", Hue::Red, along, "goes too");
        }
        if self.options.show_equivalences {
            for equal in &resource.equivalences {
                self.remark("=", Hue::Dim, &dotted(&equal.path), &format!("equal by rule {}", equal.rule));
            }
        }
        for why in whys(resource) {
            self.detail("why", &why);
        }
        if resource.protected && matches!(resource.action, ActionView::Delete | ActionView::Replace) {
            self.detail("note", "protected by lifecycle.prevent_destroy");
        }
        if !resource.decided_by.is_empty() {
            let from = resource.decided_by.join(", ");
            self.detail("waits", &format!("decided when this is known: {from}"));
        }
        for found in &resource.diagnostics {
            self.detail(
                if found.severity == "error" { "why" } else { "note" },
                &format!("{} [{}]", found.message, found.code),
            );
            for (key, text) in &found.notes {
                match key.as_str() {
                    "next" => self.detail(key, text),
                    // Which properties a check passes over, or stumbles on.
                    "differs in" => self.detail("in", text),
                    _ => {}
                }
            }
        }
        self.effort(resource);
    }

    /// A note about a property, on one line or two.
    pub(crate) fn remark(&mut self, symbol: &str, hue: Hue, label: &str, text: &str) {
        let (label, text) = (self.clean(label), self.clean(text));
        let edge = " ".repeat(INDENT);
        if INDENT + 4 + width(&label) + width(&text) <= self.style.width {
            let painted = self.style.paint.with(hue, &format!("{symbol} {label}  {text}"));
            self.line(&format!("{edge}{painted}"));
        } else {
            let head = self.style.paint.with(hue, &format!("{symbol} {label}"));
            self.line(&format!("{edge}{head}"));
            let painted = self.style.paint.with(hue, &text);
            self.line(&format!("{edge}  {painted}"));
        }
    }

    /// `patch  4 operations    undo  partial (FlowDefinition)`
    fn effort(&mut self, resource: &ResourceView) {
        let undo = match (&*resource.undo.possible, &resource.undo.why) {
            ("nothing", _) => None,
            ("partial", Some(why)) => Some(format!("partial ({why})")),
            (word, Some(why)) => Some(format!("{word}: {why}")),
            (word, None) => Some(word.to_owned()),
        };
        if resource.patch.is_empty() {
            if let Some(undo) = undo {
                self.detail("undo", &undo);
            }
            return;
        }
        let patch = count(resource.patch.len(), "operation", "operations");
        match undo {
            Some(undo) if INDENT + 7 + width(&patch) + 10 + width(&undo) <= self.style.width => {
                let key = |text: &str| self.style.paint.with(Hue::Dim, text);
                let undo = self.clean(&undo);
                let text =
                    format!("{}{} {patch}    {}  {undo}", " ".repeat(INDENT), key("patch "), key("undo"));
                self.line(&text);
            }
            undo => {
                self.detail("patch", &patch);
                if let Some(undo) = undo {
                    self.detail("undo", &undo);
                }
            }
        }
    }

    fn folded(&mut self, view: &PlanView) {
        let unchanged = view.resources.iter().filter(|r| is_unchanged(r)).count();
        let before = self.text.len();
        if unchanged > 0 && !self.options.show_unchanged && view.summary.changes() + view.summary.blocked > 0
        {
            self.fold_line("=", Hue::Dim, &format!("{unchanged} unchanged"), "--show-unchanged");
        }
        if !view.skipped.is_empty() {
            let text = format!("{} skipped", view.skipped.len());
            self.fold_line("=", Hue::Dim, &text, &format!("its if is false: {}", view.skipped.join(", ")));
        }
        if !view.left_out.is_empty() {
            let text = format!("{} left out", view.left_out.len());
            self.fold_line(
                "!",
                Hue::Cyan,
                &text,
                &format!("by --target or --exclude: {}", view.left_out.join(", ")),
            );
        }
        if !view.orphans.is_empty() {
            let text = count(view.orphans.len(), "orphan", "orphans");
            let named: Vec<String> = view.orphans.iter().map(OrphanView::shown).collect();
            self.fold_line(
                "!",
                Hue::Cyan,
                &text,
                &format!("with our tags, not in the manifest, left alone: {}", named.join(", ")),
            );
        }
        if self.text.len() > before || self.options.brief {
            self.line("");
        }
    }

    fn fold_line(&mut self, symbol: &str, hue: Hue, what: &str, more: &str) {
        let lead = format!("{} {}", pad(symbol, self.symbol_width), pad(what, 22));
        let room = self.style.width.saturating_sub(width(&lead) + 1).max(20);
        for (i, line) in wrap(&self.clean(more), room).into_iter().enumerate() {
            if i == 0 {
                let lead = self.style.paint.with(hue, &lead);
                self.line(&format!("{lead} {line}"));
            } else {
                self.line(&format!("{} {line}", " ".repeat(width(&lead))));
            }
        }
    }

    fn summary(&mut self, view: &PlanView) {
        let line = self.style.paint.with(Hue::Bold, &summary_line(view));
        self.line(&line);
        let mut facts = Vec::new();
        let equal: usize = view.resources.iter().map(|r| r.equivalences.len()).sum();
        if equal > 0 && !self.options.show_equivalences {
            facts.push(format!("{equal} equal by rule (--show-equivalences)"));
        }
        let blind: Vec<String> = view
            .resources
            .iter()
            .filter(|resource| resource.action == ActionView::Noop)
            .flat_map(|r| r.cannot_compare.iter().map(|path| format!("{}.{}", r.address, dotted(path))))
            .collect();
        if let Some((first, rest)) = blind.split_first() {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            facts.push(format!("cannot compare {first}{more} (write-only)"));
        }
        if view.budget.writes > 0 {
            let writes = count(view.budget.writes, "write", "writes");
            facts.push(format!("{writes}, about {} s", view.budget.seconds_about));
        }
        if !view.guardrails.is_empty() {
            facts.push(guardrails(view));
        }
        let dot = self.dot();
        let mut line = String::new();
        for fact in facts {
            let fact = self.clean(&fact);
            if !line.is_empty() && INDENT + 2 + width(&line) + width(dot) + width(&fact) > self.style.width {
                let full = std::mem::take(&mut line);
                self.line(&format!("{}{full}", " ".repeat(INDENT + 2)));
            }
            if !line.is_empty() {
                line.push_str(dot);
            }
            line.push_str(&fact);
        }
        if !line.is_empty() {
            self.line(&format!("{}{line}", " ".repeat(INDENT + 2)));
        }
    }
}

/// The verb, with a question mark where the service may decide on something worse.
fn sure(verb: &str, resource: &ResourceView) -> String {
    let mark = if resource.certainty == CertaintyView::Conditional { "?" } else { "" };
    format!("{verb}{mark}")
}

/// The stable line that scripts match (plan-ux 3).
pub fn summary_line(view: &PlanView) -> String {
    let Summary { create, update, replace, delete, adopt, noop, deferred, blocked, run, orphans: _ } =
        view.summary;
    let stack = format!("{}/{}", clean(&view.stack.name, true), clean(&view.stack.env, true));
    if view.summary.changes() + blocked == 0 {
        let runs = match run {
            0 => String::new(),
            n => format!(" {n} to run."),
        };
        return match (view.mode, noop) {
            (ModeView::Teardown, _) => format!("Plan: no changes. Nothing to delete in {stack}."),
            (_, 1) => format!("Plan: no changes. 1 resource matches {stack}.{runs}"),
            (_, n) => format!("Plan: no changes. {n} resources match {stack}.{runs}"),
        };
    }
    let mut line = format!(
        "Plan: {create} create, {update} update, {replace} replace, {delete} delete, {noop} unchanged"
    );
    for (n, word) in [(adopt, "adopt"), (deferred, "deferred"), (blocked, "blocked"), (run, "to run")] {
        if n > 0 {
            line.push_str(&format!(", {n} {word}"));
        }
    }
    line
}

fn guardrails(view: &PlanView) -> String {
    let shown = |g: &GuardrailView| match g.limit {
        Some(limit) => format!("{} {} of {limit}", g.rule, g.found),
        None => format!("{} {}", g.rule, g.found),
    };
    let bad: Vec<String> = view.guardrails.iter().filter(|g| !g.ok).map(shown).collect();
    if bad.is_empty() {
        let used: Vec<String> = view.guardrails.iter().filter(|g| g.found > 0).map(shown).collect();
        if used.is_empty() {
            "guardrails ok".to_owned()
        } else {
            format!("guardrails ok ({})", used.join(", "))
        }
    } else {
        format!("guardrails violated: {}", bad.join(", "))
    }
}

/// Nothing to do and nothing to say.
pub(crate) fn is_unchanged(resource: &ResourceView) -> bool {
    matches!(resource.action, ActionView::Noop | ActionView::Read) && resource.diagnostics.is_empty()
}

/// `/Tags/0/Value` to `Tags[0].Value`.
pub(crate) fn dotted(path: &str) -> String {
    stack_core::pointer::Pointer::parse(path).map_or_else(|_| path.to_owned(), |p| p.dotted())
}

/// Why a property makes a replacement.
fn forces(resource: &ResourceView, change: &ChangeView) -> Option<String> {
    let lead = if change.forces_replace {
        "forces replacement"
    } else if change.may_replace {
        "may force replacement"
    } else {
        return None;
    };
    let own = |codes: &[&str]| {
        resource.reasons.iter().find(|r| {
            codes.contains(&r.code.as_str())
                && r.path.as_ref().is_none_or(|path| {
                    change.path == *path
                        || change.path.starts_with(&format!("{path}/"))
                        || path.starts_with(&format!("{}/", change.path))
                })
        })
    };
    let reason = if change.forces_replace {
        own(&["create_only", "grow_only"])
            .or_else(|| own(&["no_update_handler", "update_impossible", "dependency_replaced"]))
    } else {
        own(&["conditional_create_only", "awaits_output"])
    };
    Some(match reason {
        Some(reason) => format!("{lead}: {}", reason_words(&reason.code)),
        None => lead.to_owned(),
    })
}

/// Explanations that no property line gives.
fn whys(resource: &ResourceView) -> Vec<String> {
    let mut whys = Vec::new();
    for reason in &resource.reasons {
        let text = match (reason.code.as_str(), resource.action) {
            ("no_update_handler", ActionView::Replace) => {
                let order = match resource.replace_order.as_deref() {
                    Some("create_first") => "create, then delete",
                    _ => "delete, then create",
                };
                format!("the API has no update for this type: any change is {order}")
            }
            ("update_impossible" | "adopted" | "dependency_replaced" | "resend", _) => {
                reason_words(&reason.code)
            }
            ("not_wanted", ActionView::Delete) => continue,
            (
                "absent" | "value_changed" | "value_added" | "value_removed" | "create_only" | "grow_only",
                _,
            ) => continue,
            ("awaits_output", _) if !resource.decided_by.is_empty() => continue,
            ("conditional_create_only", _) if resource.changes.iter().any(|c| c.may_replace) => continue,
            ("no_update_handler", _) => continue,
            _ => reason_words(&reason.code),
        };
        if !whys.contains(&text) {
            whys.push(text);
        }
    }
    whys
}
