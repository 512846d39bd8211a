//! Problems with their place in the manifest (plan-ux 13), drawn by annotate-snippets.

use super::console::Style;
use super::text::{clean, width};
use super::veil::veil;
use crate::locate::Locate;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use indexmap::IndexSet;
use stack_core::diagnostic::{Diagnostic, Severity};

/// One underlined place.
struct Mark {
    is_primary: bool,
    range: std::ops::Range<usize>,
    text: String,
}

/// One diagnostic, with a line end.
pub fn render(diagnostic: &Diagnostic, locate: &dyn Locate, style: Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = clean(&diagnostic.message, style.unicode);
    let title = level.primary_title(message).id(diagnostic.code.to_string());
    let mut group = Group::with_title(title);
    let mut files: Vec<(String, Vec<Mark>)> = Vec::new();
    for (i, label) in diagnostic.labels.iter().enumerate() {
        let Some(located) = locate.locate(&label.route, &label.part) else { continue };
        let text = clean(&label.text, style.unicode);
        let mark = Mark { is_primary: i == 0, range: located.range, text };
        match files.iter_mut().find(|(file, _)| *file == located.file) {
            Some((_, marks)) => marks.push(mark),
            None => files.push((located.file, vec![mark])),
        }
    }
    for (file, marks) in &files {
        let Some(source) = locate.text(file) else { continue };
        let mut snippet = Snippet::source(veil(source)).path(locate.shown(file)).fold(true);
        for mark in marks {
            let kind = if mark.is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let range = on_one_line(source, mark.range.clone());
            let label = if mark.text.is_empty() { None } else { Some(mark.text.as_str()) };
            snippet = snippet.annotation(kind.span(range).label(label));
        }
        group = group.element(snippet);
    }
    let keys = diagnostic.notes.iter().map(|(key, _)| width(key)).max().unwrap_or(0);
    for (key, text) in &diagnostic.notes {
        let line =
            format!("{}  {}", super::text::pad(&clean(key, style.unicode), keys), clean(text, style.unicode));
        group = group.element(Level::NOTE.no_name().message(line));
    }
    let renderer = if style.paint.is_on() { Renderer::styled() } else { Renderer::plain() };
    let drawn = renderer.term_width(style.width.max(60)).render(&[group]);
    // The library puts an empty gutter line between the snippet and the notes; plan-ux 13 has none.
    let mut lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
    if let Some(at) = lines.iter().position(|line| strip_colour(line).trim_start().starts_with("= "))
        && at > 0
        && strip_colour(lines[at - 1]).trim() == "|"
    {
        lines.remove(at - 1);
    }
    lines.join("\n") + "\n"
}

/// Several, with a blank line between, worst first and else in the given order.
pub fn render_all(diagnostics: &[Diagnostic], locate: &dyn Locate, style: Style) -> String {
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|d| std::cmp::Reverse(d.severity));
    // Resources may share a file: what is wrong at one place in it is said once.
    let told: IndexSet<String> = ordered.into_iter().map(|d| render(d, locate, style)).collect();
    told.into_iter().collect::<Vec<_>>().join("\n")
}

/// A span that ends with its first line: carets under a whole block say less than under its head.
fn on_one_line(source: &str, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start = range.start.min(source.len());
    let end = range.end.clamp(start, source.len());
    let text = source.get(start..end).unwrap_or_default();
    let first = text.find('\n').map_or(text.len(), |i| text[..i].trim_end().len());
    start..start + first
}

fn strip_colour(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::Located;
    use insta::assert_snapshot;
    use stack_core::diagnostic::{Code, Part, Route};

    struct OneFile(&'static str, std::ops::Range<usize>);
    impl Locate for OneFile {
        fn locate(&self, _: &Route, _: &Part) -> Option<Located> {
            Some(Located { file: "stackql_manifest.yml".to_owned(), range: self.1.clone() })
        }
        fn text(&self, _: &str) -> Option<&str> {
            Some(self.0)
        }
    }

    fn sample() -> (Diagnostic, OneFile) {
        let source =
            "name: a\nresources:\n  - name: crm_flow\n    props:\n      DomainName: \"{{ domain_nam }}\"\n";
        let at = source.find("domain_nam").unwrap_or_default();
        let diagnostic = Diagnostic::error(Code(1203), "`domain_nam` is not defined")
            .at(Route::default(), "did you mean `domain_name` (globals, stackql_manifest.yml:9)?")
            .note("needed by", "crm_flow (awscc.customerprofiles.integrations), env prod")
            .next("fix the name, or give it a value: -e domain_nam=…");
        (diagnostic, OneFile(source, at..at + "domain_nam".len()))
    }

    #[test]
    fn it_has_the_form_of_plan_ux_13() {
        let (diagnostic, files) = sample();
        assert_snapshot!(render(&diagnostic, &files, Style::plain(100, true)), @r#"
        error[SD1203]: `domain_nam` is not defined
         --> stackql_manifest.yml:5:23
          |
        5 |       DomainName: "{{ domain_nam }}"
          |                       ^^^^^^^^^^ did you mean `domain_name` (globals, stackql_manifest.yml:9)?
          = needed by  crm_flow (awscc.customerprofiles.integrations), env prod
          = next       fix the name, or give it a value: -e domain_nam=…
        "#);
    }

    #[test]
    fn what_reads_the_same_is_said_once() {
        let (first, files) = sample();
        let other = Diagnostic::error(Code(1203), "another");
        let style = Style::plain(100, true);
        let all = render_all(&[first.clone(), other, first.clone()], &files, style);
        assert!(all.starts_with(&render(&first, &files, style)), "{all}");
        assert_eq!(all.matches("error[").count(), 2, "{all}");
    }

    #[test]
    fn without_a_place_only_the_notes_remain() {
        let (diagnostic, _) = sample();
        assert_snapshot!(render(&diagnostic, &crate::locate::Nowhere, Style::plain(100, true)), @r#"
        error[SD1203]: `domain_nam` is not defined
         = needed by  crm_flow (awscc.customerprofiles.integrations), env prod
         = next       fix the name, or give it a value: -e domain_nam=…
        "#);
    }
}
