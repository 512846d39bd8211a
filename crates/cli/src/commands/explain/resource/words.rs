//! The plan's decisions about one resource in words.

use super::Teller;
use super::flow::{kind_words, sent};
use crate::locate::Locate;
use crate::render::explain::Verdict;
use crate::render::view_of::reason_words;
use crate::type_view::traps;
use stack_core::desired::Resolver;
use stack_core::diagnostic::Part;
use stack_core::flow::FlowKind;
use stack_core::plan::{Action, Certainty, ChangeOp, Ownership, Rule, Undo};
use stack_core::pointer::Pointer;
use stack_core::tags;

impl Teller<'_> {
    /// Key and text of each fact about the whole resource.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        let planned = self.planned;
        let mut facts = Vec::new();
        let mut fact = |key: &str, text: String| facts.push((key.to_owned(), text));
        fact("where", self.place_of_life());
        if let Some(flow) = self.flow {
            fact("kind", kind_words(flow.kind).to_owned());
        }
        fact("found", self.flow.map_or_else(|| self.found(), |flow| self.checked(flow)));
        if let Some(whose) = self.whose() {
            fact("whose", whose);
        }
        fact("build", self.decision());
        for why in self.whys() {
            fact("why", why);
        }
        match &planned.certainty {
            Certainty::Certain => {}
            Certainty::Conditional(from) if from.is_empty() => {
                fact("but", "the service decides whether it must be replaced".to_owned());
            }
            Certainty::Conditional(from) | Certainty::Deferred(from) => {
                let from: Vec<String> = from.iter().map(ToString::to_string).collect();
                fact("waits", format!("for {}", from.join(", ")));
            }
        }
        for edge in &planned.after {
            let how = if edge.via == "depends_on" {
                format!("{} by depends_on", edge.to)
            } else {
                format!("{} for {}", edge.to, edge.via)
            };
            let place = Locate::place(&**self.session.loaded.stack.source_map(), &edge.route, &Part::Value);
            fact("needs", place.map_or(how.clone(), |place| format!("{how} ({place})")));
        }
        let users: Vec<String> = self
            .session
            .loaded
            .stack
            .nodes()
            .iter()
            .filter(|node| node.after.iter().any(|edge| edge.to == planned.address))
            .map(|node| node.address.to_string())
            .collect();
        if !users.is_empty() {
            fact("used by", users.join(", "));
        }
        if planned.protected {
            fact("kept", "lifecycle.prevent_destroy: never deleted or replaced".to_owned());
        }
        match &planned.undo {
            Undo::Nothing => {}
            Undo::Yes => fact("undo", "yes".to_owned()),
            Undo::Partial(why) => fact("undo", format!("partial: {why}")),
            Undo::No(why) => fact("undo", format!("no: {why}")),
        }
        facts
    }

    fn place_of_life(&self) -> String {
        let target = &self.planned.target;
        let mut words = vec![target.provider.to_string()];
        words.extend(target.region.as_ref().map(ToString::to_string));
        words.extend(
            self.made.view.scopes.iter().find_map(|s| s.account.clone()).map(|a| format!("account {a}")),
        );
        if let Some(role) = &target.role_arn {
            words.push(format!("through {role}"));
        }
        words.join(" ")
    }

    fn found(&self) -> String {
        let Some(step) = self.planned.found_by else {
            return match (&self.planned.identifier, self.planned.action) {
                (_, Action::Deferred) => "not looked for: what names it is known only later".to_owned(),
                (_, Action::Blocked) => "not known: see the problem below".to_owned(),
                (Some(_), _) => "nothing: a read of its identifier says that it does not exist".to_owned(),
                (None, _) => "nothing: no read found it".to_owned(),
            };
        };
        let parts: Vec<String> =
            self.schema.primary_identifier.iter().map(|path| dotted(&path.to_string())).collect();
        let name = serde_json::to_value(step).ok().and_then(|name| name.as_str().map(str::to_owned));
        match name.as_deref().unwrap_or_default() {
            "pinned" => "by `identifier` in the manifest (step 1)".to_owned(),
            "declared" => {
                format!("by its identifier, made of declared properties: {} (step 2)", parts.join(", "))
            }
            "additional" => "by declared properties that also identify it (step 3)".to_owned(),
            "derived" => "by an identifier derived from its name (step 4)".to_owned(),
            "ledger" => {
                "by the identifier that this stack used last, confirmed by a read (step 5)".to_owned()
            }
            "tagged" => "by this stack's tags, confirmed by a read (step 6)".to_owned(),
            "matched" => "by its declared values, which no other resource shows (step 7)".to_owned(),
            other => format!("by {}, confirmed by a read", other.replace('_', " ")),
        }
    }

    fn whose(&self) -> Option<String> {
        let live = self.planned.live.as_ref()?;
        Some(match self.planned.ownership.as_ref()? {
            Ownership::Ours => {
                let marked = tags::of_model(&self.schema, live).iter().any(|(key, _)| *key == tags::STACK_NAME);
                let why = if marked {
                    "it carries this stack's tags"
                } else if self.schema.tag_property().is_none() {
                    "the type cannot carry tags, and what identifies it is declared here"
                } else if !self.schema.tags_updatable() {
                    "tags of this type cannot be set later, and what identifies it is declared here"
                } else if !self.schema.tags_readable() {
                    "reads do not show tags of this type, and what identifies it is declared here"
                } else if self.wanted.as_written {
                    "no tags are added to what its statements say, and what identifies it is declared here"
                } else {
                    "settings.ownership_tags is off, and what identifies it is declared here"
                };
                format!("ours: {why}")
            }
            Ownership::Free => {
                "nobody's: it can carry tags and carries those of no stack; a build adopts it, and from then on \
                 teardown deletes it"
                    .to_owned()
            }
            Ownership::Foreign(whose) => format!("not ours: it belongs to {whose}"),
        })
    }

    fn decision(&self) -> String {
        let changes = self.planned.changes.len();
        let properties = crate::render::text::count(changes, "difference", "differences");
        if let Some(flow) = self.flow
            && let Some(anchor) = sent(flow, self.planned.action)
        {
            let known = if changes > 0 && self.planned.action == Action::Update {
                format!(": {properties} known")
            } else {
                String::new()
            };
            return format!("would run its `{anchor}`{known}");
        }
        match self.planned.action {
            Action::Noop if self.flow.is_some_and(|flow| flow.kind == FlowKind::Query) => {
                "would change nothing: its row is all that it gives".to_owned()
            }
            Action::Noop if !self.planned.accepted.is_empty() => {
                "would leave it: its checks accept what is live".to_owned()
            }
            Action::Noop if self.planned.live.is_some() => "would leave it: live is as declared".to_owned(),
            Action::Noop => "would leave it".to_owned(),
            Action::Create => "would create it".to_owned(),
            Action::Update => format!("would update it in place: {properties}"),
            Action::Adopt => format!("would adopt it, adding this stack's tags: {properties}"),
            Action::Replace(order) => {
                let order = match order {
                    stack_core::desired::ReplaceOrder::CreateFirst => {
                        "create the new one, then delete the old one"
                    }
                    stack_core::desired::ReplaceOrder::DeleteFirst => {
                        "delete the old one, then create the new one"
                    }
                };
                format!("would replace it: {order}")
            }
            Action::Delete => "would delete it".to_owned(),
            Action::Deferred => "would decide when the step runs".to_owned(),
            Action::Run => "would run it, as in every build".to_owned(),
            Action::Read => "would ask it when the step runs".to_owned(),
            Action::Blocked => "would stop here".to_owned(),
        }
    }

    fn whys(&self) -> Vec<String> {
        let mut whys: Vec<String> = Vec::new();
        for reason in &self.view.reasons {
            let words = reason_words(&reason.code);
            let why = match &reason.path {
                Some(path) => format!("{}: {words}", self.label(path)),
                None => words,
            };
            if !whys.contains(&why) {
                whys.push(why);
            }
        }
        whys
    }

    /// A place as people call it: `Tags[owner]` where a change has that name.
    fn label(&self, path: &str) -> String {
        let change = self.view.changes.iter().find(|change| change.path == path && !change.label.is_empty());
        change.map_or_else(|| dotted(path), |change| change.label.clone())
    }

    pub(super) fn verdict(&self, path: &Pointer, is_declared: bool, differs: bool) -> Verdict {
        let planned = self.planned;
        if planned.live.is_none() {
            return if is_declared { Verdict::Sent } else { Verdict::Silent };
        }
        let is_accepted =
            planned.accepted.iter().any(|c| c.path.starts_with(path) || path.starts_with(&c.path));
        if differs || is_accepted {
            return Verdict::Differs;
        }
        if !is_declared {
            return Verdict::Silent;
        }
        let is_live = planned.live.as_ref().is_some_and(|live| path.get(live).is_some());
        let blind = |at: &Pointer| path.starts_with(at) || (at.starts_with(path) && !is_live);
        if planned.cannot_compare.iter().any(blind) {
            return Verdict::Blind;
        }
        Verdict::Same
    }

    /// What the differ concluded, sentence by sentence.
    pub(super) fn concluded(&self, path: &Pointer, is_declared: bool) -> Vec<String> {
        let planned = self.planned;
        let touches = |other: &Pointer| other.starts_with(path) || path.starts_with(other);
        let within = |other: &Pointer| match other.segments().get(path.segments().len()..) {
            Some(rest) if !rest.is_empty() && other.starts_with(path) => {
                format!(" at {}", Pointer::of(rest.iter().map(String::as_str)).dotted())
            }
            _ => String::new(),
        };
        let at = |other: &Pointer| match within(other) {
            below if below.is_empty() => below,
            _ => format!(": {}", self.label(&other.to_string())),
        };
        let mut said = Vec::new();
        let live = planned.live.as_ref();
        if planned.action == Action::Blocked && live.is_none() {
            return vec!["not compared: the resource could not be read".to_owned()];
        }
        for change in planned.changes.iter().filter(|change| touches(&change.path) && live.is_some()) {
            said.push(match change.op {
                ChangeOp::Add => format!("missing live{}", at(&change.path)),
                ChangeOp::Replace => format!("another value is live{}", at(&change.path)),
                ChangeOp::Remove => format!("live and to be removed{}", at(&change.path)),
                ChangeOp::Resend => format!("sent again{}, whatever is live", at(&change.path)),
            });
        }
        for change in planned.accepted.iter().filter(|change| touches(&change.path)) {
            said.push(format!("another value is live{}, and its checks accept that", at(&change.path)));
        }
        for explained in planned.explained.iter().filter(|explained| touches(&explained.path)) {
            said.push(format!("equal{}: {}", within(&explained.path), rule_words(explained.rule)));
        }
        for blind in planned.cannot_compare.iter().filter(|at| touches(at)) {
            said.push(format!(
                "cannot be compared{}: reads never return it; --resend sends it again",
                within(blind)
            ));
        }
        if said.is_empty() {
            let lives = live.is_some_and(|live| path.get(live).is_some());
            said.push(
                match (is_declared, live.is_some(), lives) {
                    (true, false, _) => "sent when the resource is created",
                    (true, true, _) => "equal",
                    (false, _, true) if self.schema.read_only_properties.covers(path) => "set by the service",
                    (false, _, true) => "not in the manifest: never changed, never drift",
                    (false, _, false) => "neither declared nor live",
                }
                .to_owned(),
            );
        }
        said.dedup();
        said
    }

    /// What the schema says that decides about a change.
    pub(super) fn schema_facts(&self, path: &Pointer) -> Vec<String> {
        let schema = &self.schema;
        let mut facts = Vec::new();
        let mut fact = |holds: bool, text: &str| {
            if holds {
                facts.push(text.to_owned());
            }
        };
        let part = |set: &stack_core::pointer::PathSet| !set.covers(path) && set.reaches_below(path);
        fact(schema.create_only_properties.covers(path), "create-only: another value replaces the resource");
        fact(part(&schema.create_only_properties), "create-only in parts");
        fact(
            schema.conditional_create_only_properties.covers(path),
            "conditional: the service decides whether another value replaces the resource",
        );
        fact(schema.read_only_properties.covers(path), "read-only");
        fact(schema.write_only_properties.covers(path), "write-only: reads never return it");
        fact(part(&schema.write_only_properties), "write-only in parts");
        fact(schema.deprecated_properties.covers(path), "deprecated");
        let is_set = schema.at(path).is_some_and(|node| schema.follow(node).insertion_order == Some(false));
        fact(is_set, "its order has no meaning");
        let place = starred(path);
        facts.extend(
            traps::of(schema, None).into_iter().filter(|trap| trap.path == place).map(|trap| trap.text),
        );
        if let Some((name, _)) = schema.tag_property()
            && path.segments().first().is_some_and(|top| top == name)
        {
            facts.push("holds the tags; those of this stack are added and never shown as drift".to_owned());
        }
        facts
    }
}

/// `Rules[0].Id` to `Rules[*].Id`, as traps are called.
fn starred(path: &Pointer) -> String {
    let is_index = |segment: &str| segment.bytes().all(|b| b.is_ascii_digit());
    let steps = path.segments().iter().map(|segment| if is_index(segment) { "*" } else { segment });
    steps.collect::<Vec<_>>().join(".").replace(".*", "[*]")
}

fn dotted(path: &str) -> String {
    Pointer::parse(path).map_or_else(|_| path.to_owned(), |pointer| pointer.dotted())
}

/// A rule of the differ as a sentence.
fn rule_words(rule: Rule) -> &'static str {
    match rule {
        Rule::SetOrder => "the same elements; order has no meaning here",
        Rule::NumberForm => "a number and a text of the same value",
        Rule::Case => "upper and lower case mean nothing here",
        Rule::Empty => "missing, null and empty mean the same here",
        Rule::JsonForm => "the same JSON document, written differently",
        Rule::PolicyForm => "the same policy, written differently",
        Rule::DateForm => "the same instant, written differently",
        Rule::Transform => "the value as the service writes it, by the schema's propertyTransform",
        Rule::CidrForm => "the same block of addresses",
        Rule::SystemTags => "tags of the system or of this program, which no manifest declares",
        Rule::WriteOnly => "reads never return it",
        Rule::Ignored => "lifecycle.ignore_changes leaves it alone",
        Rule::NotReturned => "create-only, and the read does not return it",
        Rule::ReferenceForm => "ARN, id or name of the same thing",
        Rule::NameForm => "the name as its service spells it",
        Rule::UrlForm => "the same web address",
        Rule::RemoveIgnored => "the service keeps it when told to remove it",
    }
}
