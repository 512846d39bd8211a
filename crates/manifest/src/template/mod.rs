//! Templates: compiled once, evaluated often, typed where they are one single expression.

pub(crate) mod align;
mod asked;
mod bounds;
mod code;
mod comments;
mod compare;
pub(crate) mod engine;
mod failure;
mod filters;
pub(crate) mod group;
pub(crate) mod marked;
pub(crate) mod methods;
pub(crate) mod objects;
pub(crate) mod occurrences;
pub(crate) mod place;
mod root;
pub(crate) mod session;
mod simple;
pub(crate) mod size;
mod tera;
mod walks;

pub(crate) use crate::template::code::sections;
pub(crate) use crate::template::failure::{Failure, FailureKind, find_expression, head_of};
pub(crate) use crate::template::root::{Lookup, SCOPE_KEY, ScopeHandle, answer};

use crate::template::code::{code, unquoted};
use crate::template::failure::failure;
use crate::template::marked::{Sink, Statement};
use crate::template::objects::from_engine;
use crate::template::root::root;
use crate::template::session::Session;
use crate::template::walks::{Walks, walks};
use minijinja::{Environment, Error, Expression, Value as Mj};
use stack_core::statement::Marked;
use stack_core::value::{Unknown, Value};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| engine::environment(false));

/// Evaluates again what has failed, to learn more about the failure.
static INSPECTOR: LazyLock<Environment<'static>> = LazyLock::new(|| engine::environment(true));

/// The number of a compiled template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TemplateId(usize);

/// One name that a template uses without defining it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// The name.
    pub(crate) head: String,
    /// What is walked below it.
    pub(crate) path: Vec<String>,
}

impl Use {
    /// As written: `domain.DomainName`.
    pub(crate) fn text(&self) -> String {
        std::iter::once(self.head.as_str())
            .chain(self.path.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(".")
    }
}

impl Template {
    /// True if a name is only walked into.
    fn is_dotted(&self, name: &str) -> bool {
        self.dotted.iter().any(|d| d == name)
    }
}

/// A compiled template.
#[derive(Debug)]
pub(crate) struct Template {
    /// As the engine reads it: positions are those of the text as written.
    pub(crate) source: String,
    /// What it uses, in the order of the text.
    pub(crate) uses: Vec<Use>,
    /// Names that are only walked into.
    dotted: Vec<String>,
    /// What is walked into below which name, as far as it is written out.
    walks: Walks,
    /// Comments of the statement that the source is.
    comments: Vec<Range<usize>>,
    /// True if the whole source is one expression, without delimiters.
    is_bare: bool,
    form: Form,
}

enum Form {
    /// Only names and text.
    Simple(Vec<simple::Segment>),
    /// One expression.
    Single(Box<Single>),
    /// Mixed text, by its name in the environment of texts.
    Mixed(Measured),
}

/// One expression.
struct Single {
    expression: Expression<'static, 'static>,
    /// Where it stands in the source.
    range: Range<usize>,
    /// As the engine reads it, with filters of ours.
    code: String,
    /// Where in the expression these are.
    places: Vec<usize>,
}

/// A text with statements: its name in the environment of texts, and its source with measuring filters and where.
struct Measured {
    name: String,
    source: String,
    places: Vec<usize>,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Simple(_) => "Simple",
            Self::Single(_) => "Single",
            Self::Mixed(_) => "Mixed",
        })
    }
}

/// All templates of a stack.
#[derive(Debug)]
pub(crate) struct Templates {
    texts: Environment<'static>,
    all: Vec<Template>,
    by_source: HashMap<(bool, String), TemplateId>,
    /// Names that are no identifiers → identifiers of the same length that stand for them, and back.
    aliases: HashMap<String, String>,
    names: HashMap<String, String>,
}

impl Templates {
    /// Templates that may use `names` of resources, which need not be identifiers of the template language.
    pub(crate) fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let aliases: HashMap<String, String> = names
            .into_iter()
            .filter(|name| !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
            .map(|name| (name.to_owned(), alias(name)))
            .collect();
        let names = aliases.iter().map(|(name, alias)| (alias.clone(), name.clone())).collect();
        Self { texts: ENGINE.clone(), all: Vec::new(), by_source: HashMap::new(), aliases, names }
    }

    /// The name that an identifier stands for.
    pub(crate) fn real_name<'n>(&'n self, name: &'n str) -> &'n str {
        self.names.get(name).map_or(name, String::as_str)
    }

    /// The source with identifiers in place of names that the engine would take for operations.
    ///
    /// Only code is touched: text around expressions and quoted text inside them stay as written.
    fn readable(&self, source: &str, is_expression: bool) -> String {
        let mut out = source.to_owned();
        if self.aliases.is_empty() {
            return out;
        }
        // An alias is as long as its name, so the places stay good.
        let code = if is_expression { unquoted(source, 0..source.len()) } else { code(source) };
        let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
        for range in code {
            let mut at = range.start;
            while let Some(start) = source[at..range.end].find(in_name).map(|i| at + i) {
                let end = source[start..range.end].find(|c| !in_name(c)).map_or(range.end, |i| start + i);
                let before = source[..start].chars().next_back();
                let walked = source[end..].starts_with(['.', '[']) && before != Some('.');
                // A name alone is what stands for itself among the stack's exports.
                let is_whole = is_expression && source.trim().len() == end - start;
                if let Some(alias) = self.aliases.get(&source[start..end]).filter(|_| walked || is_whole) {
                    out.replace_range(start..end, alias);
                }
                at = end;
            }
        }
        out
    }

    /// True if a text holds template syntax.
    pub(crate) fn is_template(text: &str) -> bool {
        text.contains("{{") || text.contains("{%") || text.contains("{#")
    }

    /// Compiles a text, once.
    pub(crate) fn compile(&mut self, source: &str) -> Result<TemplateId, Failure> {
        let key = (false, source.to_owned());
        if let Some(id) = self.by_source.get(&key) {
            return Ok(*id);
        }
        self.compile_new(source, Vec::new())
    }

    /// Compiles a statement, in whose comments names may be undefined.
    pub(crate) fn compile_statement(&mut self, source: &str) -> Result<TemplateId, Failure> {
        let comments = comments::with_code(source);
        if comments.is_empty() { self.compile(source) } else { self.compile_new(source, comments) }
    }

    fn compile_new(&mut self, source: &str, comments: Vec<Range<usize>>) -> Result<TemplateId, Failure> {
        let key = (false, source.to_owned());
        bounds::check(source, false)?;
        let source = &self.readable(source, false);
        if let Some(segments) = simple::segments(source).filter(|_| comments.is_empty()) {
            let uses = simple::uses(source, &segments);
            return Ok(self.insert(key, source, Form::Simple(segments), uses));
        }
        let (form, names) = match single(source).filter(|_| comments.is_empty()) {
            Some(single) => {
                let names = single.expression.undeclared_variables(true);
                (Form::Single(Box::new(single)), names)
            }
            None => {
                let name = format!("t{}", self.all.len());
                let (measured, places) = bounds::measured(source, &comments);
                self.texts
                    .add_template_owned(name.clone(), measured.clone())
                    .map_err(|e| failure(&e, 0, source, &places, &Session::default()))?;
                let names =
                    self.texts.get_template(&name).map(|t| t.undeclared_variables(true)).unwrap_or_default();
                (Form::Mixed(Measured { name, source: measured, places }), names)
            }
        };
        let is_statement = !comments.is_empty();
        let id = self.insert(key.clone(), source, form, in_order(source, names));
        self.all[id.0].comments = comments;
        if is_statement {
            // The same text elsewhere is no statement.
            self.by_source.remove(&key);
        }
        Ok(id)
    }

    /// Compiles a bare expression, such as a name in `merge`.
    pub(crate) fn compile_expression(&mut self, source: &str) -> Result<TemplateId, Failure> {
        let key = (true, source.to_owned());
        if let Some(id) = self.by_source.get(&key) {
            return Ok(*id);
        }
        bounds::check(source, true)?;
        let source = &self.readable(source, true);
        let single = Single::compile(source, 0..source.len())
            .map_err(|(e, places)| failure(&e, 0, source, &places, &Session::default()))?;
        let names = single.expression.undeclared_variables(true);
        Ok(self.insert(key, source, Form::Single(Box::new(single)), in_order(source, names)))
    }

    fn insert(&mut self, key: (bool, String), source: &str, form: Form, uses: Vec<Use>) -> TemplateId {
        let dotted = uses
            .iter()
            .filter(|u| uses.iter().filter(|v| v.head == u.head).all(|v| !v.path.is_empty()))
            .map(|u| u.head.clone())
            .collect();
        let id = TemplateId(self.all.len());
        let walks = walks(source, key.0, &uses);
        self.all.push(Template {
            source: source.to_owned(),
            uses,
            dotted,
            walks,
            comments: Vec::new(),
            is_bare: key.0,
            form,
        });
        self.by_source.insert(key, id);
        id
    }

    /// Frees what only compiling needs.
    pub(crate) fn seal(&mut self) {
        self.by_source = HashMap::new();
        self.all.shrink_to_fit();
    }

    pub(crate) fn get(&self, id: TemplateId) -> &Template {
        &self.all[id.0]
    }

    /// Evaluates a template.
    pub(crate) fn evaluate(&self, id: TemplateId, scope: &Arc<dyn Lookup>) -> Result<Value, Failure> {
        let template = self.get(id);
        let _count = size::Counter::start();
        let mut session = Session::default();
        if let Form::Simple(segments) = &template.form {
            if let Some(value) = simple::evaluate(template, segments, scope, &session) {
                return bounded(session.mark(whole_boolean(value)));
            }
            session = Session::default();
        }
        let root = root(template, scope, &session, None);
        let result = match &template.form {
            Form::Single(single) => single.expression.eval(root).and_then(|v| typed(&v)),
            Form::Mixed(measured) => self.texts.get_template(&measured.name).and_then(|t| rendered(&t, root)),
            Form::Simple(_) => match single(&template.source) {
                Some(single) => single.expression.eval(root).and_then(|v| typed(&v)),
                None => ENGINE.render_str(&template.source, root).map(Value::String),
            },
        };
        match result {
            Ok(value) => bounded(session.mark(whole_boolean(value))),
            Err(error) => self.broken(template, error, scope, &session),
        }
    }

    /// Evaluates the template of a statement, its values beside the text.
    pub(crate) fn statement(&self, id: TemplateId, scope: &Arc<dyn Lookup>) -> Result<Statement, Failure> {
        let template = self.get(id);
        if marked::has_holes(&template.source) {
            return Err(marked::private());
        }
        let _count = size::Counter::start();
        let session = Session::default();
        let sink = Sink::new(&template.source, session.clone());
        let root = root(template, scope, &session, Some(sink.clone()));
        let result = match &template.form {
            Form::Mixed(measured) => self.texts.get_template(&measured.name).and_then(|t| rendered(&t, root)),
            Form::Single(single) => {
                let mut text = template.source.clone();
                text.replace_range(single.range.clone(), &single.code);
                ENGINE.render_str(&text, root).map(Value::String)
            }
            Form::Simple(_) => ENGINE.render_str(&template.source, root).map(Value::String),
        };
        match result {
            Ok(Value::String(text)) => Ok(match session.unknown().filter(|_| sink.keeps()) {
                // It may be in the text by way of a condition, where no value stands for it.
                Some(unknown) => Statement::Waiting(unknown),
                None => Statement::Ready(sink.marked(text)),
            }),
            Ok(_) => Ok(Statement::Ready(Marked::default())),
            Err(error) => {
                let waits = self.broken(template, error, scope, &session)?;
                Ok(Statement::Waiting(waits.unknown().unwrap_or_default()))
            }
        }
    }

    /// What an error of the engine means: a failure, unless it comes of a value that is not known yet.
    fn broken(
        &self,
        template: &Template,
        error: Error,
        scope: &Arc<dyn Lookup>,
        session: &Session,
    ) -> Result<Value, Failure> {
        let (error, offset) = inspect(template, scope).unwrap_or((error, 0));
        let places = match &template.form {
            Form::Mixed(measured) => measured.places.as_slice(),
            Form::Single(single) => single.places.as_slice(),
            Form::Simple(_) => &[],
        };
        let failure = failure(&error, offset, &template.source, places, session);
        let failure = named(failure, template, scope);
        self.failed(template, &failure, scope, session)
    }

    /// An error on the way of an unknown is no error, unless it is one whatever the value will be.
    fn failed(
        &self,
        template: &Template,
        failure: &Failure,
        scope: &Arc<dyn Lookup>,
        session: &Session,
    ) -> Result<Value, Failure> {
        let missing = |name: &str| {
            !name.is_empty()
                && !engine::is_builtin(name)
                && scope.lookup(name, false, &Session::default()).is_none()
        };
        let certain = match &failure.kind {
            FailureKind::Undefined(expression) => missing(head_of(expression)),
            FailureKind::Other(_) => false,
            _ => true,
        };
        if certain || session.unknown().is_none() {
            return Err(failure.clone());
        }
        // What comes after the place of the error was not evaluated: look at its names at least.
        let lenient = template.source.contains("default") || template.source.contains("defined");
        for used in &template.uses {
            match scope.lookup(&used.head, !used.path.is_empty(), session) {
                Some(mut value) => {
                    for key in &used.path {
                        match value.get_attr(key) {
                            Ok(next) => value = next,
                            Err(_) => break,
                        }
                    }
                }
                None if lenient || engine::is_builtin(&used.head) || template.tolerates(&used.head) => {}
                None => {
                    let kind = FailureKind::Undefined(used.text());
                    return Err(Failure {
                        kind,
                        range: find_expression(&template.source, &used.text(), None),
                    });
                }
            }
        }
        Ok(session.mark(Value::Unknown(Unknown::default())))
    }
}

/// Undefined names inside lists and mappings are found by what takes these: then the name is looked for.
fn named(failure: Failure, template: &Template, scope: &Arc<dyn Lookup>) -> Failure {
    match &failure.kind {
        FailureKind::Undefined(found) if !template.uses.iter().any(|used| used.head == head_of(found)) => {
            let missing = template.uses.iter().find(|used| {
                let known = scope.lookup(&used.head, !used.path.is_empty(), &Session::default()).is_some();
                !known && !engine::is_builtin(&used.head) && !template.tolerates(&used.head)
            });
            match missing {
                Some(used) => Failure {
                    range: find_expression(&template.source, &used.text(), failure.range.clone()),
                    kind: FailureKind::Undefined(used.text()),
                },
                None => failure,
            }
        }
        _ => failure,
    }
}

/// The same failure with more about it, and where the evaluated text begins in the source. What this looks at does not
/// count as used, so it has notes of its own.
fn inspect(template: &Template, scope: &Arc<dyn Lookup>) -> Option<(Error, usize)> {
    let _count = size::Counter::start();
    let root = root(template, scope, &Session::default(), None);
    let expression = match &template.form {
        Form::Single(single) => Some((single.code.clone(), single.range.start)),
        Form::Mixed(measured) => {
            let again = INSPECTOR.template_from_str(&measured.source);
            return Some((again.and_then(|t| rendered(&t, root)).err()?, 0));
        }
        Form::Simple(_) => single(&template.source).map(|single| (single.code, single.range.start)),
    };
    let Some((code, start)) = expression else {
        return Some((INSPECTOR.render_str(&template.source, root).err()?, 0));
    };
    let again = INSPECTOR.compile_expression_owned(code).ok()?;
    Some((again.eval(root).and_then(|v| typed(&v)).err()?, start))
}

/// The text of a template, which grows no larger than a value may be.
fn rendered(template: &minijinja::Template<'_, '_>, root: Mj) -> Result<Value, Error> {
    let mut out = size::Output::default();
    template.render_captured_to(root, &mut out).map_err(|error| {
        // The error of the writer hides behind a general one.
        if error.kind() == minijinja::ErrorKind::WriteFailure { size::too_large() } else { error }
    })?;
    String::from_utf8(out.0).map(Value::String).map_err(|e| engine::fail(e.to_string()))
}

/// Refuses a value that is too large.
fn bounded(value: Value) -> Result<Value, Failure> {
    if size::bytes_of(&value) <= size::MAX_VALUE {
        return Ok(value);
    }
    let why = "the value is larger than 1 MiB".to_owned();
    Err(Failure { kind: FailureKind::Other(Some(why)), range: None })
}

/// The names that a template uses, in the order of its text.
fn in_order(source: &str, names: impl IntoIterator<Item = String>) -> Vec<Use> {
    let mut uses: Vec<Use> = names
        .into_iter()
        .map(|name| {
            let mut parts = name.split('.').map(str::to_owned);
            Use { head: parts.next().unwrap_or_default(), path: parts.collect() }
        })
        .collect();
    uses.sort_by_cached_key(|u| (source.find(&u.text()).unwrap_or(usize::MAX), u.text()));
    uses
}

/// An identifier as long as the name, so that positions stay.
pub(crate) fn alias(name: &str) -> String {
    name.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b) } else { '_' }).collect()
}

/// The result of a single expression.
fn typed(value: &Mj) -> Result<Value, Error> {
    if value.is_undefined() {
        // The formatter tells an `if` without `else`, which is empty, from a name without a value.
        return ENGINE.empty_state().format(value.clone()).map(Value::String);
    }
    from_engine(value)
}

/// Python prints `True`; a whole text of it still means the boolean (stackql-compat 1.7).
fn whole_boolean(value: Value) -> Value {
    match value {
        Value::String(s) if s == "True" => Value::String("true".to_owned()),
        Value::String(s) if s == "False" => Value::String("false".to_owned()),
        other => other,
    }
}

/// The expression of a text that is nothing else. Line breaks at its end, as block scalars have them, do not count.
fn single(source: &str) -> Option<Single> {
    let inner = source.trim_end_matches(['\n', '\r']).strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner.strip_suffix('-').unwrap_or(inner);
    let offset = inner.as_ptr() as usize - source.as_ptr() as usize;
    Single::compile(source, offset..offset + inner.len()).ok()
}

impl Single {
    fn compile(source: &str, range: Range<usize>) -> Result<Self, (Error, Vec<usize>)> {
        let code = source.get(range.clone()).unwrap_or_default();
        let (code, places) = size::measure(code, std::iter::once(0..code.len()), false, &[]);
        match ENGINE.compile_expression_owned(code.clone()) {
            Ok(expression) => Ok(Self { expression, range, code, places }),
            Err(error) => Err((error, places)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_read_with_other_names() {
        let templates = Templates::new(["my-bucket", "plain"]);
        let alias = alias("my-bucket");
        let read = |source: &str| templates.readable(source, false);
        assert_eq!(read("see my-bucket.example.com"), "see my-bucket.example.com");
        assert_eq!(
            read("my-bucket.x {{ my-bucket.Arn }} my-bucket.y"),
            format!("my-bucket.x {{{{ {alias}.Arn }}}} my-bucket.y")
        );
        assert_eq!(
            read("{{ 'my-bucket.x' ~ my-bucket.Arn }}"),
            format!("{{{{ 'my-bucket.x' ~ {alias}.Arn }}}}")
        );
        assert_eq!(read("{{ \"}} my-bucket.x\" }} my-bucket.z"), "{{ \"}} my-bucket.x\" }} my-bucket.z");
        assert_eq!(read("{# my-bucket.x #}"), "{# my-bucket.x #}");
        let raw = "{%- raw %}{{ my-bucket.x }}{% endraw %}";
        assert_eq!(read(raw), raw);
        assert_eq!(read(&format!("{raw}{{{{ my-bucket.x }}}}")), format!("{raw}{{{{ {alias}.x }}}}"));
        assert_eq!(read("{% raw %}{{ my-bucket.x }}"), "{% raw %}{{ my-bucket.x }}");
    }
}
