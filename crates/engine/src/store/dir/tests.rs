use super::*;
use stack_core::identity::Identifier;
use stack_core::ids::Target;
use stack_core::journal::{FORMAT, Named};
use stack_core::plan::{Mode, StepId, StepPart};
use stack_core::provider::Verb;

fn stack(env: &str) -> StackId {
    StackId { name: "shop".into(), env: env.into() }
}

fn target() -> Target {
    Target { provider: "aws".into(), region: None, role_arn: None, type_version_id: None, credential: None }
}

fn started(env: &str, run: &str) -> Record {
    Record::Started {
        run: run.into(),
        stack: stack(env),
        nonce: "00".into(),
        mode: Mode::Build,
        plan: "digest".into(),
    }
}

fn intent() -> Record {
    Record::Intent {
        step: step(),
        verb: Verb::Create,
        ty: "AWS::SQS::Queue".into(),
        target: target(),
        identifier: Named::Unknown,
        token: "t".into(),
        round: 0,
        undo: false,
        number: 0,
    }
}

fn step() -> StepId {
    StepId { address: "queue".into(), part: StepPart::Put }
}

fn write(store: &DirStore, run: &str, records: impl IntoIterator<Item = Record>) {
    store.create(&run.into()).unwrap();
    for (seq, record) in records.into_iter().enumerate() {
        store.append(&run.into(), &Entry { format: FORMAT, seq: seq as u64, at_ms: 1, record }).unwrap();
    }
}

fn holder() -> Holder {
    Holder { who: "ann on host-1".into(), since_ms: 7, run: None }
}

#[test]
fn a_journal_reads_back_as_written_and_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(dir.path(), stack("dev"));
    write(&store, "r_1", [started("dev", "r_1"), intent()]);
    let replayed = JournalStore::load(&store, &"r_1".into()).unwrap();
    assert_eq!(replayed.entries.len(), 2);
    assert!(replayed.state.is_open());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(store.journal(&"r_1".into())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_torn_last_line_is_left_out_and_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(dir.path(), stack("dev"));
    write(&store, "r_1", [started("dev", "r_1"), intent()]);
    let path = store.journal(&"r_1".into());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 10]).unwrap();

    let again = DirStore::new(dir.path(), stack("dev"));
    let replayed = JournalStore::load(&again, &"r_1".into()).unwrap();
    assert!(replayed.torn);
    assert_eq!(replayed.entries.len(), 1);
    let entry = Entry { format: FORMAT, seq: 1, at_ms: 2, record: Record::Ended { how: "closed".into() } };
    again.append(&"r_1".into(), &entry).unwrap();
    let replayed = JournalStore::load(&again, &"r_1".into()).unwrap();
    assert!(!replayed.torn);
    assert_eq!(replayed.state.ended.as_deref(), Some("closed"));
}

#[test]
fn corruption_before_the_last_line_names_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(dir.path(), stack("dev"));
    write(
        &store,
        "r_1",
        [started("dev", "r_1"), intent(), Record::Accepted { step: step(), request: "q".into() }],
    );
    let path = store.journal(&"r_1".into());
    let text = fs::read_to_string(&path).unwrap().replacen("\"intent\"", "\"intnt\"", 1);
    fs::write(&path, text).unwrap();
    let error = JournalStore::load(&store, &"r_1".into()).unwrap_err().to_string();
    assert!(error.contains("journal.jsonl:2: unknown variant `intnt`"), "{error}");
}

#[test]
fn entries_in_an_impossible_order_name_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(dir.path(), stack("dev"));
    let accepted = Record::Accepted { step: step(), request: "q".into() };
    write(&store, "r_1", [started("dev", "r_1"), accepted, intent()]);
    let error = JournalStore::load(&store, &"r_1".into()).unwrap_err().to_string();
    assert!(error.ends_with("journal.jsonl:2: step queue is idle and cannot become accepted"), "{error}");
}

#[test]
fn runs_are_listed_for_their_own_environment_and_unfinished_ones_apart() {
    let dir = tempfile::tempdir().unwrap();
    let dev = DirStore::new(dir.path(), stack("dev"));
    let prod = DirStore::new(dir.path(), stack("prod"));
    write(&dev, "r_2", [started("dev", "r_2"), intent()]);
    write(&dev, "r_1", [started("dev", "r_1"), Record::Ended { how: "succeeded".into() }]);
    write(&prod, "r_3", [started("prod", "r_3")]);
    assert_eq!(dev.list().unwrap(), ["r_1".into(), "r_2".into()]);
    assert_eq!(dev.unfinished().unwrap(), ["r_2".into()]);
    assert_eq!(prod.list().unwrap(), ["r_3".into()]);
    assert!(matches!(dev.create(&"r_1".into()), Err(StoreError::Exists(_))));
    assert!(matches!(JournalStore::load(&dev, &"r_9".into()), Err(StoreError::Missing(_))));
}

#[test]
fn the_ledger_is_kept_per_environment() {
    let dir = tempfile::tempdir().unwrap();
    let dev = DirStore::new(dir.path(), stack("dev"));
    let prod = DirStore::new(dir.path(), stack("prod"));
    let entry =
        |id: &str| LedgerEntry::of("AWS::SQS::Queue".into(), target(), Identifier::single("QueueUrl", id));
    dev.put_ledger(&[("queue".into(), Some(entry("dev-q"))), ("old".into(), Some(entry("x")))]).unwrap();
    prod.put_ledger(&[("queue".into(), Some(entry("prod-q")))]).unwrap();
    dev.put_ledger(&[("old".into(), None)]).unwrap();
    assert_eq!(dev.ledger().unwrap(), IndexMap::from([("queue".into(), entry("dev-q"))]));
    assert_eq!(prod.ledger().unwrap(), IndexMap::from([("queue".into(), entry("prod-q"))]));
    fs::write(dir.path().join("ledger.json"), "{\"format\":99}").unwrap();
    assert!(dev.ledger().unwrap_err().to_string().contains("ledger.json:1: the ledger has format 99"));
}

#[test]
fn the_lock_is_for_one_at_a_time_and_says_who() {
    let dir = tempfile::tempdir().unwrap();
    let first = DirStore::new(dir.path(), stack("dev"));
    let second = DirStore::new(dir.path(), stack("dev"));
    let held = first.lock(&holder()).unwrap();
    let error = second.lock(&holder()).unwrap_err();
    assert!(matches!(&error, StoreError::Locked(Some(h)) if *h == holder()), "{error:?}");
    assert!(DirStore::new(dir.path(), stack("prod")).lock(&holder()).is_ok());
    drop(held);
    assert!(second.lock(&holder()).is_ok());
}

#[test]
fn names_of_files_cannot_leave_the_folder() {
    assert_eq!(safe("../../etc"), "%2e%2e%2f%2e%2e%2fetc");
    assert_eq!(safe("r_20261121T140211_7q4m"), "r_20261121T140211_7q4m");
}
