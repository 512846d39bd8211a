use super::*;
use crate::plan::StepPart;

fn step() -> StepId {
    StepId { address: "queue".into(), part: StepPart::Put }
}

fn intent(token: &str, round: u32, undo: bool) -> Record {
    Record::Intent {
        step: step(),
        verb: Verb::Create,
        ty: "AWS::SQS::Queue".into(),
        target: Target {
            provider: "aws".into(),
            region: None,
            role_arn: None,
            type_version_id: None,
            credential: None,
        },
        identifier: Named::Unknown,
        token: token.into(),
        round,
        undo,
        number: 0,
    }
}

fn settled(status: SettledStatus) -> Record {
    Record::Settled { step: step(), status, identifier: Named::Unknown }
}

fn accepted() -> Record {
    Record::Accepted { step: step(), request: "r-1".into() }
}

fn verified() -> Record {
    Record::Verified { step: step() }
}

fn fold(records: &[Record]) -> Result<StepState, IllegalTransition> {
    records.iter().try_fold(StepState::Idle, |state, record| state.next(record))
}

#[test]
fn a_step_goes_from_intent_to_verified() {
    let state =
        fold(&[intent("a", 0, false), accepted(), settled(SettledStatus::Success), verified()]).unwrap();
    assert_eq!(state.name(), "verified");
}

#[test]
fn an_illegal_pair_names_both() {
    let error = fold(&[accepted()]).unwrap_err();
    assert_eq!(error.to_string(), "step queue is idle and cannot become accepted");
    let done = [intent("a", 0, false), accepted(), settled(SettledStatus::Success), verified()];
    let again = [&done[..], &[intent("b", 1, false)]].concat();
    assert_eq!(fold(&again).unwrap_err().to_string(), "step queue is verified and cannot become intent");
}

#[test]
fn a_new_round_follows_a_bad_end_and_only_that() {
    let bad = [intent("a", 0, false), accepted(), settled(SettledStatus::Failed), intent("b", 1, false)];
    assert_eq!(fold(&bad).unwrap().name(), "intended");
    let good = [intent("a", 0, false), accepted(), settled(SettledStatus::Success), intent("b", 1, false)];
    assert!(fold(&good).is_err());
    let same_round =
        [intent("a", 0, false), accepted(), settled(SettledStatus::Failed), intent("b", 0, false)];
    assert!(fold(&same_round).is_err());
}

#[test]
fn the_next_operation_of_a_flow_follows_any_known_end() {
    let numbered = |number| match intent("b", 0, false) {
        Record::Intent { step, verb, ty, target, identifier, token, round, undo, .. } => {
            Record::Intent { step, verb, ty, target, identifier, token, round, undo, number }
        }
        other => other,
    };
    for (status, goes) in
        [(SettledStatus::Success, true), (SettledStatus::Failed, true), (SettledStatus::Unknown, false)]
    {
        let all = [intent("a", 0, false), accepted(), settled(status), numbered(1)];
        assert_eq!(fold(&all).is_ok(), goes, "{status:?}");
    }
    let same = [intent("a", 0, false), accepted(), settled(SettledStatus::Success), numbered(0)];
    assert!(fold(&same).is_err());
}

#[test]
fn a_finished_step_can_be_undone_but_not_done_again() {
    let done = [intent("a", 0, false), accepted(), settled(SettledStatus::Success), verified()];
    assert!(fold(&[&done[..], &[intent("u", 0, true)]].concat()).is_ok());
}

#[test]
fn what_was_given_up_is_open_until_somebody_settles_it() {
    let given_up = [intent("a", 0, false), accepted(), settled(SettledStatus::Unknown)];
    assert!(fold(&given_up).unwrap().is_open());
    let closed = [&given_up[..], &[settled(SettledStatus::Success)]].concat();
    assert!(!fold(&closed).unwrap().is_open());
}

fn entry(seq: u64, record: Record) -> Entry {
    Entry { format: FORMAT, seq, at_ms: 5, record }
}

fn started() -> Record {
    Record::Started {
        run: "r".into(),
        stack: StackId { name: "shop".into(), env: "dev".into() },
        nonce: "00".into(),
        mode: Mode::Build,
        plan: "d".into(),
    }
}

#[test]
fn a_journal_has_a_frame_without_gaps() {
    let mut state = RunState::default();
    assert!(matches!(state.apply(&entry(0, verified())), Err(ReplayError::Frame { .. })));
    state.apply(&entry(0, started())).unwrap();
    assert!(matches!(state.apply(&entry(1, started())), Err(ReplayError::Frame { .. })));
    assert!(matches!(
        state.apply(&entry(3, verified())),
        Err(ReplayError::Sequence { found: 3, expected: 1 })
    ));
    state.apply(&entry(1, Record::Ended { how: "succeeded".into() })).unwrap();
    assert!(matches!(state.apply(&entry(2, verified())), Err(ReplayError::Frame { .. })));
}

#[test]
fn a_later_format_is_refused() {
    let mut state = RunState::default();
    let later = Entry { format: FORMAT + 1, ..entry(0, started()) };
    assert_eq!(state.apply(&later), Err(ReplayError::Format { found: FORMAT + 1 }));
}

#[test]
fn entries_survive_their_text_form() {
    let identifier = Named::Clear(Identifier::single("QueueUrl", "https://q"));
    let entry = entry(2, Record::Settled { step: step(), status: SettledStatus::Success, identifier });
    let text = serde_json::to_string(&entry).unwrap();
    assert_eq!(
        text,
        r#"{"format":1,"seq":2,"at_ms":5,"record":{"type":"settled","step":{"address":"queue","part":"put"},"status":"success","identifier":{"clear":{"parts":[["QueueUrl","https://q"]]}}}}"#
    );
    assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
}

/// The fold over an operation of a step that ended well, as `verb` on `id`.
fn did(state: &mut RunState, verb: Verb, id: &str, number: u32, undo: bool) {
    let Record::Intent { step, ty, target, identifier, token, round, .. } = intent(id, 0, undo) else {
        unreachable!("an intent")
    };
    let ops = [
        Record::Intent { step: step.clone(), verb, ty, target, identifier, token, round, undo, number },
        Record::Accepted { step: step.clone(), request: "r".into() },
        Record::Settled {
            step,
            status: SettledStatus::Success,
            identifier: Named::Clear(Identifier::single("QueueUrl", id)),
        },
    ];
    for record in ops {
        state.apply(&entry(state.next_seq, record)).unwrap();
    }
}

fn made(state: &RunState) -> Vec<(String, Option<i64>)> {
    let all = state.made.get(&step()).into_iter().flatten();
    all.map(|made| (made.identifier.to_string(), made.made_at)).collect()
}

#[test]
fn everything_that_a_step_made_is_kept_until_it_is_removed() {
    let mut state = RunState::default();
    state.apply(&entry(0, started())).unwrap();
    did(&mut state, Verb::Create, "a", 0, false);
    did(&mut state, Verb::Update, "a", 1, false);
    did(&mut state, Verb::Create, "c", 2, false);
    assert_eq!(made(&state), [("a".to_owned(), Some(5)), ("c".to_owned(), Some(5))]);
    // The next operation is open: what those before it made is known all the same.
    let open = match intent("d", 0, false) {
        Record::Intent { step, verb, ty, target, identifier, token, round, undo, .. } => {
            Record::Intent { step, verb, ty, target, identifier, token, round, undo, number: 3 }
        }
        other => other,
    };
    state.apply(&entry(state.next_seq, open)).unwrap();
    assert_eq!(made(&state).len(), 2);
    let failed = Record::Failed { step: step(), code: "Stopped".into() };
    state.apply(&entry(state.next_seq, failed)).unwrap();
    did(&mut state, Verb::Delete, "c", 2, true);
    assert_eq!(made(&state), [("a".to_owned(), Some(5))]);
}

#[test]
fn what_failed_or_is_secret_is_not_made() {
    let mut state = RunState::default();
    let records = [
        started(),
        intent("a", 0, false),
        Record::Settled {
            step: step(),
            status: SettledStatus::Failed,
            identifier: Named::Clear(Identifier::single("QueueUrl", "a")),
        },
        intent("b", 1, false),
        Record::Settled { step: step(), status: SettledStatus::Success, identifier: Named::Masked },
    ];
    for (seq, record) in records.into_iter().enumerate() {
        state.apply(&entry(seq as u64, record)).unwrap();
    }
    assert!(made(&state).is_empty());
}
