//! What can be looked at without any call: the program, the surroundings, what earlier runs left.

use super::Checks;
use crate::app::App;
use crate::commands::info::Status;
use crate::render::text::count;
use crate::render::time::utc;
use crate::sandbox::{Sandbox, folder, state_path};
use crate::schemas::{Entry, VARIABLE, is_newer};
use crate::wire::proxies;
use stack_catalog::Catalog;
use stack_core::desired::Resolver;
use stack_engine::clock::{Clock, SystemClock};
use stack_engine::store::{DirStore, Holder, JournalStore, StoreError};
use stack_manifest::Stack;
use stack_providers::aws::without_user;
use std::path::Path;
use std::sync::Arc;

/// Version, catalog, cached schemas.
pub(super) fn program(app: &App, checks: &mut Checks) {
    const GROUP: &str = "Program";
    let build = if cfg!(debug_assertions) { "debug build" } else { "release build" };
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    checks.ok(GROUP, "version", format!("{}, {build} for {os} {arch}", env!("CARGO_PKG_VERSION")));
    let catalog = Catalog::embedded();
    let source = catalog.source();
    checks.ok(
        GROUP,
        "catalog",
        format!(
            "{} types from {} {}, schemas of {}",
            catalog.types().len(),
            source.package,
            source.version,
            source.date()
        ),
    );
    let Some(root) = app.schemas.root() else {
        let next = format!("set {VARIABLE}, XDG_CACHE_HOME or HOME for `schema refresh`");
        return checks.warn(GROUP, "schemas", "there is no folder for cached ones", next);
    };
    let cached = app.schemas.cached();
    let (mut used, mut old, mut broken) = (0, 0, Vec::new());
    for (ty, path) in cached.iter().flat_map(|(ty, files)| files.values().map(move |path| (ty, path))) {
        let entry = std::fs::read_to_string(path)
            .map_err(|error| crate::errors::reason(&error))
            .and_then(|text| Entry::parse(&text));
        match entry {
            Ok(entry) if is_newer(&entry) => used += 1,
            Ok(_) => old += 1,
            Err(_) => broken.push(ty.to_string()),
        }
    }
    let folder = root.display();
    match (used, old) {
        (0, 0) => checks.ok(GROUP, "schemas", format!("none cached in {folder}")),
        (used, 0) => checks.ok(GROUP, "schemas", format!("{used} cached in {folder}")),
        (used, old) => {
            checks.ok(
                GROUP,
                "schemas",
                format!("{used} cached in {folder}; {old} older than the catalog, not used"),
            );
        }
    }
    if !broken.is_empty() {
        let text = format!("cannot be read: {}", broken.join(", "));
        checks.warn(
            GROUP,
            "schemas",
            text,
            "delete the files, or read them again with `schema refresh TYPE`",
        );
    }
}

/// Proxies, certificates, terminal.
pub(super) fn surroundings(app: &App, checks: &mut Checks) {
    const GROUP: &str = "Surroundings";
    let proxies = proxies(app);
    let mut named: Vec<String> = Vec::new();
    for (scheme, proxy) in [("https", &proxies.https), ("http", &proxies.http)] {
        named.extend(proxy.as_ref().map(|url| format!("{scheme} through {}", without_user(url))));
    }
    if named.is_empty() {
        checks.ok(GROUP, "proxies", "none");
    } else {
        let except = proxies.none.map(|none| format!(", except {none}")).unwrap_or_default();
        checks.ok(GROUP, "proxies", format!("{}{except}", named.join(", ")));
    }
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        if let Some(path) = app.env.var(name) {
            if app.path(Path::new(path)).exists() {
                checks.ok(GROUP, "certificates", format!("{path}, from {name}"));
            } else {
                checks.fail(
                    GROUP,
                    "certificates",
                    format!("{path}, from {name}, is not there"),
                    format!("unset {name}, or name a file that is"),
                );
            }
        }
    }
    if app.env.var("SSL_CERT_FILE").or_else(|| app.env.var("SSL_CERT_DIR")).is_none() {
        checks.ok(GROUP, "certificates", "those of the system");
    }
    let (env, settings) = (&app.env, &app.settings);
    let terminals: Vec<&str> =
        [(env.stdin_tty, "stdin"), (env.stdout_tty, "stdout"), (env.stderr_tty, "stderr")]
            .into_iter()
            .filter_map(|(is_terminal, name)| is_terminal.then_some(name))
            .collect();
    let terminals = if terminals.is_empty() { "none".to_owned() } else { terminals.join(", ") };
    let colour = if settings.stdout_color { "colour" } else { "no colour" };
    let symbols = if settings.unicode { "UTF-8" } else { "ASCII" };
    let ci = if env.is_ci() { ", build server" } else { "" };
    checks.ok(GROUP, "terminal", format!("{terminals}; {} columns, {symbols}, {colour}{ci}", settings.width));
    if !settings.can_ask {
        checks.ok(
            GROUP,
            "consent",
            "nobody can be asked here: deletes and replacements need --yes or --plan FILE",
        );
    }
}

/// What is kept beside a manifest: sandbox, lock, runs.
pub(super) fn kept(app: &App, typed: &Path, stack: Option<&Stack>, checks: &mut Checks) {
    const GROUP: &str = "Stack";
    let dir = app.path(typed);
    sandbox(app, typed, &dir, checks);
    // The name of the environment was given, or the checks of it are left out.
    let Some(stack) = stack else { return };
    let root = dir.join(".stack-deploy");
    if !root.is_dir() {
        return checks.ok(GROUP, "runs", "no run from here yet");
    }
    let id = stack.stack();
    let store = DirStore::new(&root, id.clone());
    let holder = Holder { who: "info".to_owned(), since_ms: SystemClock.now_ms(), run: None };
    match store.lock(&holder) {
        Ok(_) => checks.ok(GROUP, "lock", format!("{id} is free")),
        Err(StoreError::Locked(holder)) => {
            let who = holder.map_or_else(
                || "somebody".to_owned(),
                |holder| format!("{}, since {}", holder.who, utc(holder.since_ms)),
            );
            checks.fail(GROUP, "lock", format!("{id} is held by {who}"), "wait until it has ended");
        }
        Err(error) => {
            checks.fail(GROUP, "lock", error.to_string(), "make .stack-deploy writable, or move it away");
        }
    }
    match (store.list(), store.unfinished()) {
        (Ok(all), Ok(open)) if open.is_empty() => {
            checks.ok(GROUP, "runs", count(all.len(), "run", "runs"));
        }
        (Ok(_), Ok(open)) => {
            let names: Vec<String> = open.iter().map(ToString::to_string).collect();
            let text = format!("without an end: {}", names.join(", "));
            checks.warn(GROUP, "runs", text, "the next build or teardown sees them to their end first");
        }
        (Err(error), _) | (_, Err(error)) => {
            checks.warn(GROUP, "runs", error.to_string(), "moving .stack-deploy away changes no result");
        }
    }
}

fn sandbox(app: &App, typed: &Path, dir: &Path, checks: &mut Checks) {
    const GROUP: &str = "Stack";
    if !state_path(&folder(dir)).exists() {
        return checks.ok(GROUP, "sandbox", "empty");
    }
    match Sandbox::open(dir, None, Arc::clone(&app.schemas) as _) {
        Ok(sandbox) => {
            let held = sandbox.lock().resources().count();
            checks.ok(GROUP, "sandbox", format!("holds {}", count(held, "resource", "resources")));
        }
        Err(stopped) => {
            let why = stopped.told.first().map(|d| d.message.clone()).unwrap_or_default();
            let is_busy = stopped.exit == crate::exit::Exit::Busy;
            let next = if is_busy {
                "wait until the other command has ended".to_owned()
            } else {
                format!("start afresh: stack-deploy sandbox reset {}", typed.display())
            };
            checks.add(GROUP, "sandbox", Status::Warn, why, Some(next));
        }
    }
}
