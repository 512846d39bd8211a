//! Templates: compiled once, evaluated often, typed where they are one single expression.

mod bounds;
pub(crate) mod engine;
mod failure;
mod filters;
pub(crate) mod group;
pub(crate) mod methods;
pub(crate) mod objects;
pub(crate) mod occurrences;
pub(crate) mod place;
pub(crate) mod session;
mod simple;
pub(crate) mod size;

pub(crate) use crate::template::failure::{Failure, FailureKind, find_expression, head_of};

use crate::template::failure::failure;
use crate::template::objects::{from_engine, to_engine};
use crate::template::session::Session;
use minijinja::value::Object;
use minijinja::{Environment, Error, Expression, Value as Mj};
use stack_core::value::{Unknown, Value};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// What templates see. Implemented by the scope of a resource.
pub(crate) trait Lookup: Send + Sync + std::fmt::Debug {
    /// The value of a name; `dotted` if the template only walks into it.
    fn lookup(&self, name: &str, dotted: bool, session: &Session) -> Option<Mj>;
    /// A new identifier.
    fn uuid(&self) -> String;
}

/// Under this name functions find the scope. No template can write it.
pub(crate) const SCOPE_KEY: &str = "the scope";

/// The scope, handed to functions.
#[derive(Debug)]
pub(crate) struct ScopeHandle(pub(crate) Arc<dyn Lookup>);
impl Object for ScopeHandle {}

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
    /// True if the whole source is one expression, without delimiters.
    is_bare: bool,
    form: Form,
}

enum Form {
    /// Only names and text.
    Simple(Vec<simple::Segment>),
    /// One expression and where it stands in the source.
    Single(Box<Expression<'static, 'static>>, Range<usize>),
    /// Mixed text, by its name in the environment of texts.
    Mixed(Measured),
}

/// A text with statements: its name in the environment of texts, and its source with measuring filters and where.
struct Measured {
    name: String,
    source: String,
    places: Vec<usize>,
}

/// The parts of a text that are template code, quoted text left out.
fn code(source: &str) -> Vec<Range<usize>> {
    sections(source).into_iter().flat_map(|section| unquoted(source, section)).collect()
}

/// What stands between the delimiters of a text, comments left out.
pub(crate) fn sections(source: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((open, close)) = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")]
        .into_iter()
        .filter_map(|(open, close)| Some((at + source[at..].find(open)?, close)))
        .min()
    {
        let start = open + 2;
        let is_comment = close == "#}";
        let end = if is_comment {
            source[start..].find(close).map_or(source.len(), |i| start + i)
        } else {
            end_of_code(source, start, close)
        };
        let is_raw = close == "%}" && word(&source[start..end]) == "raw";
        if !is_comment {
            found.push(start..end);
        }
        at = (end + 2).min(source.len());
        if is_raw {
            // Up to its end everything is text.
            let ends = source[at..].match_indices("{%").map(|(i, _)| at + i);
            at = ends.into_iter().find(|i| word(&source[i + 2..]) == "endraw").unwrap_or(source.len());
        }
    }
    found
}

/// The first word of a statement.
fn word(code: &str) -> &str {
    let code = code.trim_start_matches(['-', '+']).trim_start();
    code.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
}

/// Where the code that begins at `start` ends: at `close` outside quotes.
fn end_of_code(source: &str, start: usize, close: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (i, c) in source[start..].char_indices() {
        match quote {
            Some(q) if c == q && !escaped => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if source[start + i..].starts_with(close) => return start + i,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    source.len()
}

/// The parts of a range of code outside quotes.
fn unquoted(source: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    let mut start = range.start;
    for (i, c) in source[range.clone()].char_indices() {
        let at = range.start + i;
        match quote {
            Some(q) if c == q && !escaped => {
                quote = None;
                start = at + c.len_utf8();
            }
            None if matches!(c, '\'' | '"') => {
                found.push(start..at);
                quote = Some(c);
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    if quote.is_none() {
        found.push(start..range.end);
    }
    found
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Simple(_) => "Simple",
            Self::Single(..) => "Single",
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
                if let Some(alias) = self.aliases.get(&source[start..end]).filter(|_| walked) {
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
        bounds::check(source, false)?;
        let source = &self.readable(source, false);
        if let Some(segments) = simple::segments(source) {
            let uses = simple::uses(source, &segments);
            return Ok(self.insert(key, source, Form::Simple(segments), uses));
        }
        let (form, names) = match single(source) {
            Some((expression, range)) => {
                let names = expression.undeclared_variables(true);
                (Form::Single(Box::new(expression), range), names)
            }
            None => {
                let name = format!("t{}", self.all.len());
                let (measured, places) = bounds::measured(source);
                self.texts
                    .add_template_owned(name.clone(), measured.clone())
                    .map_err(|e| failure(&e, 0, source, &places, &Session::default()))?;
                let names =
                    self.texts.get_template(&name).map(|t| t.undeclared_variables(true)).unwrap_or_default();
                (Form::Mixed(Measured { name, source: measured, places }), names)
            }
        };
        Ok(self.insert(key, source, form, in_order(source, names)))
    }

    /// Compiles a bare expression, such as a name in `merge`.
    pub(crate) fn compile_expression(&mut self, source: &str) -> Result<TemplateId, Failure> {
        let key = (true, source.to_owned());
        if let Some(id) = self.by_source.get(&key) {
            return Ok(*id);
        }
        bounds::check(source, true)?;
        let source = &self.readable(source, true);
        let expression = ENGINE
            .compile_expression_owned(source.to_owned())
            .map_err(|e| failure(&e, 0, source, &[], &Session::default()))?;
        let names = expression.undeclared_variables(true);
        Ok(self.insert(
            key,
            source,
            Form::Single(Box::new(expression), 0..source.len()),
            in_order(source, names),
        ))
    }

    fn insert(&mut self, key: (bool, String), source: &str, form: Form, uses: Vec<Use>) -> TemplateId {
        let dotted = uses
            .iter()
            .filter(|u| uses.iter().filter(|v| v.head == u.head).all(|v| !v.path.is_empty()))
            .map(|u| u.head.clone())
            .collect();
        let id = TemplateId(self.all.len());
        self.all.push(Template { source: source.to_owned(), uses, dotted, is_bare: key.0, form });
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
        let root = root(template, scope, &session);
        let result = match &template.form {
            Form::Single(expression, _) => expression.eval(root).and_then(|v| typed(&v)),
            Form::Mixed(measured) => self.texts.get_template(&measured.name).and_then(|t| rendered(&t, root)),
            Form::Simple(_) => match single(&template.source) {
                Some((expression, _)) => expression.eval(root).and_then(|v| typed(&v)),
                None => ENGINE.render_str(&template.source, root).map(Value::String),
            },
        };
        match result {
            Ok(value) => bounded(session.mark(whole_boolean(value))),
            Err(error) => {
                let (error, offset) = inspect(template, scope).unwrap_or((error, 0));
                let places = match &template.form {
                    Form::Mixed(measured) => measured.places.as_slice(),
                    _ => &[],
                };
                let failure = failure(&error, offset, &template.source, places, &session);
                self.failed(template, &failure, scope, &session)
            }
        }
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
                None if lenient || engine::is_builtin(&used.head) => {}
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

fn root(template: &Template, scope: &Arc<dyn Lookup>, session: &Session) -> Mj {
    Mj::from_object(Root {
        scope: Arc::clone(scope),
        session: session.clone(),
        dotted: template.dotted.clone(),
    })
}

/// The same failure with more about it, and where the evaluated text begins in the source. What this looks at does not
/// count as used, so it has notes of its own.
fn inspect(template: &Template, scope: &Arc<dyn Lookup>) -> Option<(Error, usize)> {
    let _count = size::Counter::start();
    let root = root(template, scope, &Session::default());
    let range = match &template.form {
        Form::Single(_, range) => Some(range.clone()),
        Form::Mixed(measured) => {
            let again = INSPECTOR.template_from_str(&measured.source);
            return Some((again.and_then(|t| rendered(&t, root)).err()?, 0));
        }
        Form::Simple(_) => single(&template.source).map(|(_, range)| range),
    };
    let Some(range) = range else {
        return Some((INSPECTOR.render_str(&template.source, root).err()?, 0));
    };
    let again = INSPECTOR.compile_expression_owned(template.source.get(range.clone())?.to_owned()).ok()?;
    Some((again.eval(root).and_then(|v| typed(&v)).err()?, range.start))
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
fn alias(name: &str) -> String {
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
fn single(source: &str) -> Option<(Expression<'static, 'static>, Range<usize>)> {
    let inner = source.trim_end_matches(['\n', '\r']).strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner.strip_suffix('-').unwrap_or(inner);
    let offset = inner.as_ptr() as usize - source.as_ptr() as usize;
    let expression = ENGINE.compile_expression_owned(inner.to_owned()).ok()?;
    Some((expression, offset..offset + inner.len()))
}

/// The variables of one evaluation.
#[derive(Debug)]
struct Root {
    scope: Arc<dyn Lookup>,
    session: Session,
    dotted: Vec<String>,
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Mj) -> Option<Mj> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Mj> {
        if key == SCOPE_KEY {
            return Some(Mj::from_object(ScopeHandle(Arc::clone(&self.scope))));
        }
        self.scope.lookup(key, self.dotted.iter().any(|d| d == key), &self.session)
    }
}

/// A value of ours for a scope's answer.
pub(crate) fn answer(value: &Value, session: &Session) -> Mj {
    to_engine(value, session, None)
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
