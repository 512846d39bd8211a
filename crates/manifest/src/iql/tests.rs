//! Query files, cut and found wanting.

use super::*;
use crate::source_map::{SourceFile, SourceMap};
use proptest::prelude::*;
use stack_core::provider::Verb;

fn route() -> Route {
    Route { file: "resources/a.iql".to_owned(), steps: Vec::new() }
}

fn read(text: &str) -> QueryFile {
    let (file, problems) = QueryFile::read(text, &route());
    assert!(problems.is_empty(), "{problems:?}");
    file
}

fn bodies(text: &str) -> Vec<(String, &str)> {
    let (file, _) = QueryFile::read(text, &route());
    file.anchors.into_iter().map(|a| (a.kind.to_string(), &text[a.body])).collect()
}

/// `line:column «what» message: label`
fn warnings(text: &str) -> Vec<String> {
    let (_, problems) = QueryFile::read(text, &route());
    let mut map = SourceMap::default();
    map.add("resources/a.iql", SourceFile::new("resources/a.iql", text));
    problems
        .iter()
        .map(|problem| {
            let span = map.span(&problem.labels[0]).unwrap();
            let what = &text[span.start_byte..span.end_byte];
            format!("{}:{} «{what}» {}: {}", span.line, span.column, problem.message, problem.labels[0].text)
        })
        .collect()
}

#[test]
fn a_file_is_cut_at_its_anchor_lines() {
    let text = "/*+ exists */\nSELECT 1;\n\n/*+ create, retries=3, retry_delay=5 */\nINSERT\nINTO x;\n/*+ delete */\nDELETE";
    let file = read(text);
    assert_eq!(
        bodies(text),
        [("exists".into(), "SELECT 1;"), ("create".into(), "INSERT\nINTO x;"), ("delete".into(), "DELETE")]
    );
    let options = &file.get(AnchorKind::Create).unwrap().options;
    assert_eq!((options.retries, options.retry_delay, options.postdelete_retries), (Some(3), Some(5), None));
    assert!(file.has(AnchorKind::Delete) && !file.has(AnchorKind::Update));
}

#[test]
fn aliases_case_and_indentation_do_not_matter() {
    let text = "  /*+ Preflight */\na\n\t/*+POSTDEPLOY,retries=2*/\nb\n/*+ CreateOrUpdate */\r\nc\r\n";
    assert_eq!(
        bodies(text),
        [("exists".into(), "a"), ("statecheck".into(), "b"), ("createorupdate".into(), "c")]
    );
    assert_eq!(read(text).get(AnchorKind::StateCheck).unwrap().options.retries, Some(2));
}

#[test]
fn callbacks_and_troubleshooting_may_belong_to_one_operation() {
    let text = "/*+ callback:create, short_circuit_field=ProgressEvent.OperationStatus, short_circuit_value=SUCCESS */\na\n/*+ callback */\nb\n/*+ troubleshoot:delete */\nc\n/*+ troubleshoot */\nd";
    let file = read(text);
    let options = &file.get(AnchorKind::Callback(Some(Verb::Create))).unwrap().options;
    assert_eq!(options.short_circuit_field.as_deref(), Some("ProgressEvent.OperationStatus"));
    assert_eq!(options.short_circuit_value.as_deref(), Some("SUCCESS"));
    for kind in [
        AnchorKind::Callback(None),
        AnchorKind::Troubleshoot(Some(Verb::Delete)),
        AnchorKind::Troubleshoot(None),
    ] {
        assert!(file.has(kind), "{kind}");
    }
}

#[test]
fn every_name_is_printed_as_it_is_written() {
    for (name, kind) in ANCHOR_NAMES.iter().filter(|(name, _)| !matches!(*name, "preflight" | "postdeploy")) {
        assert_eq!(kind.to_string(), *name);
    }
}

#[test]
fn text_before_the_first_anchor_goes_with_it() {
    let text = "-- a banner\n/* of two\nlines */\n/*+ exists */\nSELECT 1\n/*+ create */\nINSERT";
    let file = read(text);
    assert_eq!(&text[file.preamble.clone()], "-- a banner\n/* of two\nlines */");
    assert_eq!(file.statement(text, &file.anchors[0]), "-- a banner\n/* of two\nlines */\nSELECT 1");
    assert_eq!(file.statement(text, &file.anchors[1]), "INSERT");
    assert_eq!(
        warnings("SELECT 0;\n/*+ exists */\nSELECT 1"),
        ["1:1 «SELECT 0;» there is a statement before the first anchor: it runs together with the first one"]
    );
}

#[test]
fn comments_inside_statements_are_part_of_them() {
    let text = "/*+ create */\n/* a banner */\n-- note\nINSERT /*+ hint */ x";
    assert_eq!(bodies(text), [("create".into(), "/* a banner */\n-- note\nINSERT /*+ hint */ x")]);
    // Not closed on its line, it is no anchor.
    assert_eq!(bodies("/*+ create\n*/\nx"), []);
}

#[test]
fn of_an_anchor_that_is_written_twice_the_last_one_counts() {
    let text = "/*+ create */\na\n/*+ update */\nb\n/*+ create */\nc";
    assert_eq!(bodies(text), [("update".into(), "b"), ("create".into(), "c")]);
    assert_eq!(warnings(text), ["5:5 «create» the anchor `create` is written twice: this one counts"]);
    assert_eq!(
        warnings("/*+ exists */\na\n/*+ preflight */\nb"),
        ["3:5 «preflight» the anchor `preflight` is written twice: this one counts"]
    );
}

#[test]
fn unknown_anchors_and_options_are_warned_about() {
    assert_eq!(
        warnings(
            "/*+ crete */\na\n/*+ callback:crate */\nb\n/*+ */\nc\n/*+ exists, Retries=1, retry_dely=2, fast, , retries=x, short_circuit_field=y */\nd"
        ),
        [
            "1:5 «crete» there is no anchor `crete`: did you mean `create`?",
            "3:5 «callback:crate» there is no anchor `callback:crate`: did you mean `callback:create`?",
            "5:5 «» this anchor has no name: ",
            "7:13 «Retries» there is no option `Retries`: did you mean `retries`?",
            "7:24 «retry_dely» there is no option `retry_dely`: did you mean `retry_delay`?",
            "7:38 «fast» the option `fast` has no value: ",
            "7:54 «x» the option `retries` is a whole number: this has no effect",
            "7:57 «short_circuit_field» the option `short_circuit_field` has no effect on the anchor `exists`: ",
        ]
    );
    assert_eq!(warnings("/*+ create, retries=-1 */\na").len(), 1);
    assert_eq!(warnings("/*+ create, retries=99999999999999999999 */\na").len(), 1);
}

#[test]
fn anchors_without_a_statement_are_warned_about() {
    for text in ["/*+ create */", "/*+ create */\n\n", "/*+ create */\n-- nothing\n;\n"] {
        assert_eq!(warnings(text), ["1:5 «create» the anchor `create` has no statement: "], "{text:?}");
        assert_eq!(bodies(text), []);
    }
    assert_eq!(
        warnings("/*+ create */ INSERT INTO a\n"),
        [
            "1:15 «INSERT INTO a» what stands beside the anchor `create` is not read: statements begin on the next line",
            "1:5 «create» the anchor `create` has no statement: ",
        ]
    );
    assert_eq!(warnings("/*+ create */ -- the table\nINSERT"), Vec::<String>::new());
}

#[test]
fn a_file_without_anchors_is_all_preamble() {
    let text = "SELECT 1\n";
    let file = read(text);
    assert!(file.anchors.is_empty());
    assert_eq!(&text[file.preamble], "SELECT 1");
    assert_eq!(read(""), QueryFile::default());
}

proptest! {
    #[test]
    fn any_text_is_cut_into_parts_of_itself(
        lines in prop::collection::vec(
            prop_oneof![
                "[ \t]{0,2}/\\*\\+ ?(exists|CREATE|update|nope|callback:delete|é)?(, ?(retries|x|short_circuit_value)=?[0-9é]{0,3}){0,2} ?(\\*/)?[ -~é]{0,6}",
                "[ -~é]{0,12}",
                "(--|/\\*|\\*/|;|\\{#|#\\})[a-zé ]{0,4}",
            ],
            0..12,
        ),
        ending in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
    ) {
        let text = lines.join(ending);
        let (file, problems) = QueryFile::read(&text, &route());
        let mut map = SourceMap::default();
        map.add("resources/a.iql", SourceFile::new("resources/a.iql", text.as_str()));
        for problem in &problems {
            prop_assert!(!problem.is_error());
            prop_assert!(problem.labels.iter().all(|label| map.span(label).is_some()));
        }
        prop_assert!(text.get(file.preamble.clone()).is_some());
        let mut last = file.preamble.end;
        for anchor in &file.anchors {
            let body = text.get(anchor.body.clone());
            prop_assert!(body.is_some_and(|body| body == body.trim() && !body.is_empty()));
            prop_assert!(anchor.name.start >= last && anchor.body.start >= anchor.name.end);
            last = anchor.body.end;
            prop_assert!(file.statement(&text, anchor).ends_with(body.unwrap_or_default()));
        }
    }
}
