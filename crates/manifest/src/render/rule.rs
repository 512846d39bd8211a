//! Resources whose own statements rule: what the manifest gives the planner and the engine about them (DESIGN section 4,
//! *Query files*).

use crate::codes;
use crate::fate::Fate;
use crate::flow::FlowKind;
use crate::model::{FlowDecl, Understandable};
use crate::render::Job;
use crate::render::props::Routes;
use crate::render::script::Script;
use indexmap::IndexMap;
use stack_core::desired::{Sources, Wanted};
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::{AnchorKind, Captured, Export, Flow, Script as _, Unready};
use stack_core::statement::Understood;
use stack_core::value::Value;
use std::sync::Arc;

impl Job<'_> {
    /// A resource whose statements rule. `None` if the only thing that says whether it is there, what its statements declare,
    /// cannot be told; that is noted, or waits for something.
    pub(super) fn ruling(
        &mut self,
        flow: &FlowDecl,
        declared: IndexMap<String, Value>,
        routes: &Routes,
        fate: Fate,
    ) -> Option<Flow> {
        for (name, value) in &declared {
            self.scope.define(name, value.clone());
        }
        let about = flow.about.as_ref();
        let absent = fate.absent;
        let (of, target, lifecycle) = match about {
            Some(about) if flow.is_derived() => {
                let (wanted, _) = self.understood(flow, about, &declared, routes, fate)?;
                let (target, lifecycle) = (wanted.target.clone(), wanted.lifecycle.clone());
                (Some(wanted), target, lifecycle)
            }
            _ => {
                self.identifies(about);
                let known = about
                    .filter(|_| flow.flow.kind == FlowKind::Resource)
                    .and_then(|about| self.knowledge(flow, about, &declared, routes, fate));
                let (mut of, said) = match known {
                    Some((wanted, said)) => (Some(wanted), said),
                    None => (None, Understood::default()),
                };
                let target = self.target(about.map(|about| &about.ty), &said);
                if let Some(of) = &mut of {
                    of.target = target.clone();
                }
                (of, target, self.lifecycle(about.map(|about| &*about.schema)))
            }
        };
        let script = Script::new(self.inner, self.index, &self.scope, declared);
        let is_marked = of.as_ref().is_some_and(|of| of.ownership_tags);
        if !(is_marked && script.anchor(AnchorKind::Exists).is_some()) {
            self.formerly_alone();
        }
        // What is wrong with a prop would be wrong with every statement that uses it.
        if self.offline && !self.failed {
            self.rehearse(flow, &script, absent);
        }
        let exports = self.declared.exports.iter();
        Some(Flow {
            address: self.address.clone(),
            kind: flow.flow.kind,
            declared_type: flow.table.clone().unwrap_or_else(|| flow.flow.kind.to_string()),
            ty: flow.type_name(),
            schema: self.inner.facts[self.index].schema.clone()?,
            exports: exports
                .map(|e| Export { column: e.property.clone(), variable: e.variable.clone() })
                .collect(),
            returns: flow.flow.returns.clone(),
            skip_validation: flow.flow.skip_validation,
            target,
            of: of.map(Box::new),
            lifecycle,
            absent,
            literal_patch: self.inner.settings().literal_patch,
            script: Arc::new(script),
            sources: Sources { resource: self.declared.path.route(), ..Sources::default() },
        })
    }

    /// A former name leads to a resource by the marks that carry it. Where nobody looks for these, only its own statements say
    /// whether it is there.
    fn formerly_alone(&mut self) {
        let Some(spot) = &self.declared.formerly else { return };
        let message = format!("`formerly` of {} has no effect: its own statements find it", self.address);
        let told = Diagnostic::warning(codes::NO_EFFECT, message).at(spot.path.route(), "");
        self.fail(told.next(
            "take it out if they find it by values that keep; if they use `resource_name`, let them look for the former name too",
        ));
    }

    /// Renders the statements before which nothing can be found: what is missing or fails now would do so whenever they run.
    fn rehearse(&mut self, flow: &FlowDecl, script: &Script, absent: bool) {
        let is_first = |anchor: &AnchorKind| match anchor {
            AnchorKind::Exists | AnchorKind::Command => true,
            AnchorKind::Create => !absent,
            AnchorKind::CreateOrUpdate => {
                !absent && AnchorKind::CHECKS.iter().all(|check| script.anchor(*check).is_none())
            }
            _ => flow.flow.kind == FlowKind::Query,
        };
        let all = [
            AnchorKind::Exists,
            AnchorKind::Create,
            AnchorKind::CreateOrUpdate,
            AnchorKind::Exports,
            AnchorKind::Command,
        ];
        for anchor in all.into_iter().filter(|anchor| script.anchor(*anchor).is_some()).filter(is_first) {
            let problem = match script.statement(anchor, &Captured::default()) {
                Err(Unready::Broken(problem)) => problem,
                // Without names it waits for what is unknown because of another problem.
                Err(Unready::Missing { names, diagnostic }) if !names.is_empty() => diagnostic,
                _ => continue,
            };
            self.failed |= problem.is_error();
            self.scope.adopt(*problem);
        }
    }

    /// Looks at `identifier`, which only the comparison uses.
    fn identifies(&mut self, about: Option<&Understandable>) {
        match about {
            Some(about) => {
                self.identifier(&about.schema);
            }
            None => {
                let declared = self.declared;
                self.value(declared.identifier.as_ref());
            }
        }
    }

    /// What the statements declare, as far as they are understood. Nothing is decided by it, so nothing is said about what is
    /// not: whoever runs the statements checks them.
    fn knowledge(
        &mut self,
        flow: &FlowDecl,
        about: &Understandable,
        declared: &IndexMap<String, Value>,
        routes: &Routes,
        fate: Fate,
    ) -> Option<(Wanted, Understood)> {
        let mut job = Job {
            region_at: None,
            inner: self.inner,
            declared: self.declared,
            index: self.index,
            address: self.address,
            scope: self.scope.again(),
            offline: true,
            failed: false,
        };
        let (wanted, mut said) = job.understood(flow, about, declared, routes, fate)?;
        if job.failed || job.scope.take_problems().iter().any(Diagnostic::is_error) {
            return None;
        }
        if said.region.as_ref().is_some_and(|(region, _)| region.unknown().is_some()) {
            said.region = None;
        }
        self.region_at = job.region_at;
        Some((wanted, said))
    }
}
