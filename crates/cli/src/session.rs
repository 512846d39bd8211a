//! A loaded stack with a connection: what `plan`, `build`, `teardown`, `drift` and `outputs` have in common.

use crate::app::App;
use crate::args::{CloudArgs, InputArgs, SelectArgs, StackArgs};
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::flows::support;
use crate::guardrails::{guardrails, open_regions};
use crate::load::{Loaded, What, load};
use crate::render::time::utc;
use crate::render::view::{InputView, Meta, PlanView, TargetsView};
use crate::render::view_of::Context;
use crate::render::{sorted, view_of};
use crate::wire::{LAST_REGION, Link, check_account, connect, credentials, region, wrong_regions};
use indexmap::IndexMap;
use stack_core::desired::{Outputs, Rendered, Resolver};
use stack_core::diagnostic::{Diagnostic, Diagnostics, Severity, nearest};
use stack_core::flow::{Flow, FlowKind, FlowSeen, FlowVerdict, Purpose};
use stack_core::identity::Identifier;
use stack_core::ids::{Address, ProviderId, Region, Target, TypeName};
use stack_core::observed::LedgerEntry;
use stack_core::plan::{Mode, Plan};
use stack_core::planner::{self, Beside, FlowQuestion, PlanOptions, Planning, glob};
use stack_core::pointer::Pointer;
use stack_core::value::Unknown;
use stack_engine::clock::IdSource;
use stack_engine::store::{DirStore, JournalStore};
use stack_engine::{Engine, FlowSupport};
use stack_flow::Runner;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::time::Instant;

/// How long a saved plan can be used (plan-ux 5).
const PLAN_LIFE_MS: i64 = 24 * 60 * 60 * 1000;

/// A stack in an environment, ready to be asked about.
#[derive(Debug)]
pub struct Session<'a> {
    /// The program.
    pub app: &'a App,
    /// The stack.
    pub loaded: Loaded,
    /// The cloud.
    pub link: Link,
    /// Nonces and run names.
    pub ids: Arc<IdSource>,
    /// The plan's nonce.
    pub nonce: String,
    /// Flags that a next command repeats.
    pub repeated: String,
    /// Live resources that the user gives to addresses; then nothing else is acted on.
    pub pins: IndexMap<Address, Identifier>,
    /// What runs flows.
    pub flows: FlowSupport,
    /// How the checks of flows are asked.
    pub purpose: Purpose,
}

/// A plan with all that belongs to it.
#[derive(Debug)]
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// Outputs that planning assumed.
    pub outputs: Outputs,
    /// How it is shown and saved.
    pub view: PlanView,
    /// Guardrails that it breaks.
    pub refused: Diagnostics,
}

impl Made {
    /// How a command ends that cannot go on with this plan; `None` if it can.
    pub fn blocked(&self) -> Option<Exit> {
        if self.plan.diagnostics.iter().any(Diagnostic::is_error) {
            return Some(crate::errors::exit_of(&self.plan.diagnostics));
        }
        (!self.refused.is_empty()).then_some(Exit::Blocked)
    }
}

/// What the flags say that changes a plan. Addresses are checked once the stack is loaded.
pub fn targets(select: &SelectArgs) -> TargetsView {
    TargetsView { include: select.target.clone(), exclude: select.exclude.clone(), ..TargetsView::default() }
}

impl<'a> Session<'a> {
    /// Loads the stack and connects. `nonce`: that of a saved plan, else a new one.
    ///
    /// # Errors
    /// Whatever is wrong with the files, the flags or the connection.
    pub async fn open(
        app: &'a App,
        stack: &StackArgs,
        inputs: &InputArgs,
        cloud: &CloudArgs,
        nonce: Option<String>,
    ) -> Result<Self, Stopped> {
        Self::open_without(app, stack, inputs, cloud, nonce, &[]).await
    }

    /// As [`Self::open`]; what is wrong with the resources of `exclude` stops nothing.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_without(
        app: &'a App,
        stack: &StackArgs,
        inputs: &InputArgs,
        cloud: &CloudArgs,
        nonce: Option<String>,
        exclude: &[String],
    ) -> Result<Self, Stopped> {
        let ids = Arc::new(ids()?);
        let nonce = match nonce {
            Some(nonce) => nonce,
            None => new_nonce(&ids)?,
        };
        let mut what = What {
            dir: &stack.stack_dir,
            env: &stack.stack_env,
            inputs,
            region: region(app, cloud),
            nonce: &nonce,
            strict: false,
            text: None,
            exclude,
        };
        let mut loaded = load(app, &what)?;
        let (link, found) = connect(
            app,
            cloud,
            loaded.stack.settings(),
            &loaded.dir,
            Arc::clone(&loaded.schemas),
            Arc::clone(&ids),
            credentials(app, cloud, &loaded.stack)?,
        )
        .await?;
        if what.region.is_none() && found.is_some() {
            // Only the profile knew the region of resources that name none.
            what.region = found.as_deref();
            loaded = load(app, &what)?;
        } else if what.region.is_none() && loaded.survey.statements_lack_region {
            // As the tables of the predecessor have it: the documentation prints statements without a region.
            let message = format!("nothing names the region of the statements: {LAST_REGION} is taken");
            let note =
                Diagnostic { severity: Severity::Note, ..Diagnostic::warning(codes::LAST_REGION, message) };
            app.tell(&[note.next("add a global `region`, or give --region")]);
            what.region = Some(LAST_REGION);
            loaded = load(app, &what)?;
        }
        let repeated = repeated(cloud);
        let flows = support(app, Arc::clone(&loaded.schemas), loaded.stack.redactor(), false);
        let (pins, purpose) = (IndexMap::new(), Purpose::Plan);
        Ok(Self { app, loaded, link, ids, nonce, repeated, pins, flows, purpose })
    }

    /// `--show-queries`: statements of flows are shown before they run.
    #[must_use]
    pub fn showing_statements(mut self, shows: bool) -> Self {
        let (schemas, redactor) = (Arc::clone(&self.loaded.schemas), self.loaded.stack.redactor());
        self.flows = support(self.app, schemas, redactor, shows);
        self
    }

    /// The journal store of this stack and environment.
    pub fn store(&self) -> Arc<dyn JournalStore> {
        let root = self.loaded.dir.join(".stack-deploy");
        Arc::new(DirStore::new(root, self.loaded.stack.stack().clone()))
    }

    /// The engine over this session's cloud.
    pub fn engine(&self, store: Arc<dyn JournalStore>) -> Engine {
        Engine {
            provider: Arc::clone(&self.link.provider),
            resolver: Arc::new(self.loaded.stack.clone()),
            schemas: Arc::clone(&self.loaded.schemas),
            clock: Arc::clone(&self.link.clock),
            store,
            flows: self.flows.clone(),
        }
    }

    /// Plans: reads only.
    ///
    /// # Errors
    /// Addresses that do not exist (64), or a cloud that is not the one meant (1). A plan with problems is no error.
    pub async fn plan(&self, mode: Mode, targets: &TargetsView) -> Result<Made, Stopped> {
        let began = Instant::now();
        let before = self.link.provider.counts();
        let options = self.options(mode, targets)?;
        let planning =
            Planning::new(Arc::new(self.loaded.stack.clone()), Arc::clone(&self.loaded.schemas), options);
        let check = check_account(&self.link, &self.loaded, self.loaded.survey.targets.clone());
        let look = async {
            let Link { provider, clock, .. } = &self.link;
            Ok(stack_engine::observe::observe(planning, provider, clock, &self.flows).await)
        };
        let (account, (mut plan, outputs)) = tokio::try_join!(check, look)?;
        let places: Vec<_> = plan
            .resources
            .values()
            .flat_map(|planned| {
                std::iter::once(&planned.target)
                    .chain(planned.hits.iter().filter_map(|hit| hit.target.as_ref()))
            })
            .cloned()
            .collect();
        let mut wrong = wrong_regions(self.loaded.stack.settings(), &places);
        wrong.extend(open_regions(self.loaded.stack.settings(), &plan));
        if !wrong.is_empty() {
            return Err(Stopped { exit: Exit::Error, told: wrong });
        }
        if targets.orphans || targets.prune {
            self.orphans(&mut plan, targets).await?;
        }
        let after = self.link.provider.counts();
        let made = |name| usize::try_from(after.of(name) - before.of(name)).unwrap_or(usize::MAX);
        let meta = Meta {
            reads: made("read"),
            lookups: made("list") + made("tagged") + made("requests"),
            millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..self.meta()
        };
        Ok(self.finish(plan, outputs, targets, account, meta))
    }

    /// Looks for orphans; with `--prune` their deletion goes into the plan, if all that the manifest names is known: what
    /// could not be read may be one of them.
    async fn orphans(&self, plan: &mut Plan, targets: &TargetsView) -> Result<(), Stopped> {
        let engine = self.engine(self.store());
        let stack = &self.loaded.stack;
        let regions = stack.default_region().into_iter().chain(stack.settings().regions.iter().cloned());
        let surveyed = self.loaded.survey.targets.iter().cloned();
        let places: Vec<Target> = surveyed.chain(regions.map(of_region)).collect();
        if places.is_empty() && plan.resources.is_empty() {
            return Err(Stopped::usage(
                "it is not known where to look for orphans: the manifest names no region",
                "give --region, or a global `region`",
            ));
        }
        plan.orphans = engine.orphans(plan, &places).await.map_err(|failure| {
            let diagnostic =
                Diagnostic::error(stack_engine::codes::NO_ANSWER, "the tag index does not say what is ours")
                    .note("service", failure.to_string())
                    .next("allow tag:GetResources, or leave --orphans and --prune out");
            Stopped::new(Exit::Error, diagnostic)
        })?;
        if targets.prune && !plan.is_blocked() && !plan.diagnostics.iter().any(Diagnostic::is_error) {
            let beside = if targets.only_orphans { Beside::Nothing } else { Beside::All };
            planner::prune(plan, &*self.loaded.schemas, beside, &targets.allow_data_loss);
        }
        Ok(())
    }

    /// Sees, before any call, that the flags name what the stack has.
    ///
    /// # Errors
    /// 64.
    pub fn check(&self, mode: Mode, targets: &TargetsView, allow_replace: &[String]) -> Result<(), Stopped> {
        plan_options(&self.loaded, mode, targets, IndexMap::new())?;
        check_patterns(&self.loaded, allow_replace)
    }

    fn options(&self, mode: Mode, targets: &TargetsView) -> Result<PlanOptions, Stopped> {
        let options = plan_options(&self.loaded, mode, targets, self.ledger())?;
        Ok(PlanOptions {
            deleted_lately: self.deleted_lately(),
            flows: self.purpose,
            pins: self.pins.clone(),
            only_included: !self.pins.is_empty(),
            ..options
        })
    }

    /// Hints of earlier runs. A ledger that does not read costs hints, never a plan.
    fn ledger(&self) -> IndexMap<Address, LedgerEntry> {
        match self.store().ledger() {
            Ok(ledger) => ledger,
            Err(error) => {
                let diagnostic =
                    Diagnostic::warning(codes::STORE, format!("hints of earlier runs are not used: {error}"));
                self.app.tell(&[diagnostic]);
                IndexMap::new()
            }
        }
    }

    /// What the lists may still show although this stack has deleted it. A journal that does not read costs reads, never a plan.
    fn deleted_lately(&self) -> BTreeSet<TypeName> {
        match stack_engine::store::deleted_lately(&*self.store(), self.link.clock.now_ms()) {
            Ok(types) => types,
            Err(error) => {
                let message = format!("what was deleted a moment ago may be taken for present: {error}");
                self.app.tell(&[Diagnostic::warning(codes::STORE, message)]);
                BTreeSet::new()
            }
        }
    }

    fn meta(&self) -> Meta {
        let now = self.link.clock.now_ms();
        Meta {
            nonce: self.nonce.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: utc(now),
            expires_at: utc(now.saturating_add(PLAN_LIFE_MS)),
            stack_dir: self.loaded.typed.to_string_lossy().into_owned(),
            reads: 0,
            lookups: 0,
            millis: 0,
            cached_schemas: self.cached_schemas(),
            digest: String::new(),
        }
    }

    fn cached_schemas(&self) -> Vec<String> {
        let used = self.app.schemas.used();
        used.iter().map(|used| format!("{} {} {}", used.ty, used.region, used.day)).collect()
    }

    fn finish(
        &self,
        plan: Plan,
        outputs: Outputs,
        targets: &TargetsView,
        account: Option<String>,
        meta: Meta,
    ) -> Made {
        let (guardrails, refused) = guardrails(&self.loaded, &plan);
        let context = Context {
            locate: &**self.loaded.stack.source_map(),
            schemas: &*self.loaded.schemas,
            manifest_digest: self.loaded.digest.clone(),
            targets: targets.clone(),
            account,
            inputs: inputs(&self.loaded),
            guardrails,
            fingerprints: self.loaded.survey.fingerprints(&plan),
            secrets: self.loaded.survey.secrets.clone(),
            redactor: self.loaded.stack.redactor(),
            meta,
        };
        let view = view_of(&plan, &context);
        Made { plan, outputs, view, refused }
    }

    /// A command for this stack, as the user can paste it.
    pub fn command(&self, command: &str) -> String {
        command_for(command, &self.loaded, &self.repeated)
    }

    /// Keeps what the sandbox holds, where one is used.
    ///
    /// # Errors
    /// The disk.
    pub fn close(&self) -> Result<(), Stopped> {
        match &self.link.sandbox {
            Some(sandbox) => sandbox
                .save()
                .map_err(|error| Stopped::unwritable(std::path::Path::new("state.json"), &error)),
            None => Ok(()),
        }
    }
}

/// A plan as if nothing existed, without any call: what `--dry-run` shows.
///
/// # Errors
/// Addresses that do not exist (64).
pub fn offline(
    loaded: &Loaded,
    targets: &TargetsView,
    nonce: &str,
) -> Result<(Plan, PlanView, Outputs), Stopped> {
    let options = plan_options(loaded, Mode::Build, targets, IndexMap::new())?;
    let mut planning = Planning::new(Arc::new(loaded.stack.clone()), Arc::clone(&loaded.schemas), options);
    let runner = Runner::new(Arc::clone(&loaded.schemas) as _);
    while !planning.is_done() {
        for question in planning.questions() {
            planning.answer(&question.address, &stack_core::observed::Sighting::Absent);
        }
        for FlowQuestion { flow, .. } in planning.flows() {
            let seen = runner.without_reading(&flow);
            planning.answer_flow(&flow.address, seen.unwrap_or_else(|| FlowSeen::of(unread(&flow))));
        }
    }
    let (plan, outputs) = planning.finish();
    let context = Context {
        locate: &**loaded.stack.source_map(),
        schemas: &*loaded.schemas,
        manifest_digest: loaded.digest.clone(),
        targets: targets.clone(),
        account: None,
        inputs: inputs(loaded),
        guardrails: Vec::new(),
        fingerprints: std::collections::HashMap::new(),
        secrets: loaded.survey.secrets.clone(),
        redactor: loaded.stack.redactor(),
        meta: Meta { nonce: nonce.to_owned(), ..Meta::default() },
    };
    let view = view_of(&plan, &context);
    Ok((plan, view, outputs))
}

/// What is known of a flow without reading.
fn unread(flow: &Flow) -> FlowVerdict {
    match flow.kind {
        FlowKind::Query => FlowVerdict::Waiting(Unknown::default()),
        _ if flow.always_runs() => FlowVerdict::Always,
        _ => FlowVerdict::Absent,
    }
}

/// Ids from the operating system.
///
/// # Errors
/// It has no randomness to give.
pub fn ids() -> Result<IdSource, Stopped> {
    IdSource::os().map_err(|error| no_randomness(&error))
}

/// A nonce.
///
/// # Errors
/// The operating system has no randomness to give.
pub fn new_nonce(ids: &IdSource) -> Result<String, Stopped> {
    ids.nonce().map_err(|error| no_randomness(&error))
}

fn no_randomness(error: &stack_engine::clock::NoRandomness) -> Stopped {
    Stopped::new(Exit::Error, Diagnostic::error(codes::BUG, error.to_string()))
}

/// A command for a stack, as the user can paste it.
pub fn command_for(command: &str, loaded: &Loaded, repeated: &str) -> String {
    format!("stack-deploy {command} {} {}{repeated}", loaded.typed.display(), loaded.stack.stack().env)
}

/// Flags that lead a next command to the same cloud. Values of `-e` are not repeated: they may be secret.
pub fn repeated(cloud: &CloudArgs) -> String {
    let mut text = String::new();
    if cloud.sandbox {
        text.push_str(" --sandbox");
    }
    for (flag, value) in [("--region", &cloud.region), ("--profile", &cloud.profile)] {
        if let Some(value) = value {
            text.push_str(&format!(" {flag} {value}"));
        }
    }
    text
}

fn plan_options(
    loaded: &Loaded,
    mode: Mode,
    targets: &TargetsView,
    ledger: IndexMap<Address, LedgerEntry>,
) -> Result<PlanOptions, Stopped> {
    check_patterns(loaded, &targets.include)?;
    check_patterns(loaded, &targets.exclude)?;
    // Orphans have addresses that the manifest does not know.
    if !targets.prune {
        check_patterns(loaded, &targets.allow_data_loss)?;
    }
    let names = names(loaded);
    let mut resend = Vec::new();
    for text in &targets.resend {
        let (address, path) = match text.split_once('#') {
            Some((address, path)) => (address, Some(path)),
            None => (text.as_str(), None),
        };
        if !names.contains(&address) {
            return Err(no_such_address(address, &names));
        }
        let path = path.map(Pointer::parse).transpose().map_err(|error| {
            Stopped::usage(format!("--resend {text}: {error}"), "write --resend ADDRESS#/Property")
        })?;
        let address = Address::new(address);
        if let Some(path) = &path {
            check_resend(loaded, text, &address, path)?;
        }
        resend.push((address, path));
    }
    Ok(PlanOptions {
        include: targets.include.clone(),
        exclude: targets.exclude.clone(),
        ledger,
        resend,
        keep_protected: targets.keep_protected,
        allow_data_loss: targets.allow_data_loss.clone(),
        ..PlanOptions::of(mode)
    })
}

fn of_region(region: String) -> Target {
    Target {
        provider: ProviderId::new("aws"),
        region: Some(Region::from(region)),
        role_arn: None,
        type_version_id: None,
        credential: None,
    }
}

fn names(loaded: &Loaded) -> Vec<&str> {
    loaded.stack.nodes().iter().map(|node| node.address.as_str()).collect()
}

fn check_patterns(loaded: &Loaded, patterns: &[String]) -> Result<(), Stopped> {
    let names = names(loaded);
    match patterns.iter().find(|pattern| !names.iter().any(|name| glob(pattern, name))) {
        Some(pattern) => Err(no_such_address(pattern, &names)),
        None => Ok(()),
    }
}

/// `--resend ADDRESS#/Path` must name a declared property that reads never show: anything else is compared anyway.
fn check_resend(loaded: &Loaded, text: &str, address: &Address, path: &Pointer) -> Result<(), Stopped> {
    // What cannot be rendered was reported before; a resource that is left out has nothing to resend.
    let wanted = match loaded.stack.render(address, &Outputs::new()) {
        Ok(Rendered::Wanted(wanted)) => wanted,
        Ok(Rendered::Flow(_)) => {
            let message = format!("--resend {text}: its own statements say what is sent");
            return Err(Stopped::usage(message, "correct its statecheck, or change a value"));
        }
        Ok(Rendered::Skipped) | Err(_) => return Ok(()),
    };
    let Ok(schema) = loaded.schemas.schema(&wanted.ty) else { return Ok(()) };
    let is_hidden = |at: &Pointer| schema.is_unreadable(at) || schema.write_only_properties.reaches_below(at);
    if wanted.props.at(path).is_some() && is_hidden(path) {
        return Ok(());
    }
    let declared = wanted.props.as_object().into_iter().flat_map(|map| map.keys());
    let hidden: Vec<String> = declared
        .map(|name| Pointer::of([name.as_str()]))
        .filter(is_hidden)
        .map(|at| format!("{address}#{at}"))
        .collect();
    let next = if hidden.is_empty() {
        format!("{address} declares no write-only property")
    } else {
        format!("there is: {}", hidden.join(", "))
    };
    Err(Stopped::usage(format!("--resend {text}: this is no declared write-only property"), next))
}

/// A flag names a resource that the manifest does not have.
pub fn no_such_address(pattern: &str, names: &[&str]) -> Stopped {
    let next = match nearest(pattern, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", names.join(", ")),
    };
    Stopped::usage(format!("no resource of this stack is called `{pattern}`"), next)
}

fn inputs(loaded: &Loaded) -> Vec<InputView> {
    loaded
        .stack
        .inputs()
        .into_iter()
        .map(|input| InputView {
            value: if input.sensitive { None } else { input.value.and_then(|v| v.known()).map(sorted) },
            name: input.name,
            from: input.from,
            sensitive: input.sensitive,
        })
        .collect()
}
