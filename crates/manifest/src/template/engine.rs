//! The template engine's settings: strict, typed, plain text, and filters that let unknown values through.

use crate::template::group::Group;
use crate::template::marked::{self, Sink};
use crate::template::objects::{find_unknown, hidden, note_secrets, text_of};
use crate::template::{asked, comments, compare, filters, methods, size, tera};
use minijinja::value::{Kwargs, Rest, ValueOrKwargs};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value as Mj};
use minijinja::{filters as f, functions, tests as t};
use std::fmt::Write;

/// Instructions that one template may take. Enough for any manifest, few enough to end a runaway loop.
const FUEL: u64 = 1_000_000;

/// An environment with everything that templates can use. With `debug`, errors say which expression was undefined, and
/// look at every variable of the template to do so.
pub(crate) fn environment(debug: bool) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_debug(debug);
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_fuel(Some(FUEL));
    env.set_formatter(|out, state, value| {
        if let Some(sink) = Sink::of(state) {
            return Ok(out.write_char(sink.push(value)?)?);
        }
        let text = text_of(value)?;
        size::written(text.len())?;
        Ok(out.write_str(&text)?)
    });
    env.add_filter(size::MEASURE, size::measured);
    env.add_filter(size::TEXTUAL, size::textual);
    env.add_filter(compare::EQUAL, compare::equal);
    env.add_filter(compare::ORDER, compare::order);
    env.set_unknown_method_callback(methods::call);
    // It would print every variable, secrets included.
    env.remove_global("debug");
    add_filters(&mut env);
    add_tests(&mut env);
    env.add_filter("raw:range", filters::range);
    env.add_function("range", guarded("raw:range", &[]));
    env.add_filter("raw:dict", functions::dict);
    env.add_function("dict", guarded("raw:dict", &[]));
    env.add_function("uuid", filters::uuid);
    env.add_function("now", tera::now);
    env.add_function("get_random", tera::get_random);
    env.add_function("get_env", tera::get_env);
    env.add_filter("raw:indent of Jinja", f::indent);
    env.add_filter(asked::ABSENT, asked::absent);
    env.add_filter(comments::ABSENT, comments::absent);
    env.add_filter(tera::MEMBERS, tera::members);
    env
}

/// Names of filters, for suggestions. Sorted.
pub(crate) const FILTERS: &[&str] = &[
    "abs",
    "addslashes",
    "as_str",
    "attr",
    "base64_encode",
    "batch",
    "bool",
    "capitalize",
    "center",
    "chain",
    "concat",
    "count",
    "d",
    "date",
    "default",
    "dictsort",
    "e",
    "escape",
    "filesizeformat",
    "filter",
    "first",
    "float",
    "format",
    "from_json",
    "generate_patch_document",
    "get",
    "group_by",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "json_encode",
    "last",
    "length",
    "linebreaksbr",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "merge_lists",
    "merge_objects",
    "min",
    "nth",
    "pluralize",
    "pprint",
    "random",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "slugify",
    "sort",
    "spaceless",
    "split",
    "sql_escape",
    "sql_list",
    "string",
    "striptags",
    "sum",
    "title",
    "to_aws_tag_filters",
    "tojson",
    "trim",
    "trim_end",
    "trim_end_matches",
    "trim_start",
    "trim_start_matches",
    "truncate",
    "unique",
    "upper",
    "urlencode",
    "urlencode_strict",
    "wordcount",
    "wordwrap",
    "zip",
];

/// Names of tests, for suggestions. Sorted.
pub(crate) const TESTS: &[&str] = &[
    "boolean",
    "containing",
    "defined",
    "divisibleby",
    "ending_with",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "matching",
    "ne",
    "none",
    "number",
    "object",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "starting_with",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

/// Names of functions, for suggestions.
pub(crate) const FUNCTIONS: &[&str] = &["dict", "get_env", "get_random", "namespace", "now", "range", "uuid"];

fn add_filters(env: &mut Environment<'static>) {
    macro_rules! filters {
        ($($name:literal => $function:expr, [$($arg:literal),*];)*) => {$(
            env.add_filter(concat!("raw:", $name), $function);
            env.add_filter($name, guarded(concat!("raw:", $name), &[$($arg),*]));
        )*};
    }
    filters! {
        "abs" => f::abs, [];
        "attr" => f::attr, [];
        "base64_encode" => filters::base64_encode, [];
        "batch" => f::batch, [];
        "bool" => f::bool, [];
        "capitalize" => f::capitalize, [];
        "chain" => f::chain, [];
        "count" => f::length, [];
        "d" => f::default, ["value"];
        "default" => f::default, ["value"];
        "dictsort" => f::dictsort, [];
        "e" => filters::identity, [];
        "escape" => filters::identity, [];
        "first" => f::first, [];
        "float" => f::float, [];
        "format" => f::format, [];
        "from_json" => filters::from_json, [];
        "generate_patch_document" => filters::generate_patch_document, [];
        "groupby" => f::groupby, [];
        "indent" => tera::indent, [];
        "int" => f::int, [];
        "items" => f::items, [];
        "join" => filters::join, ["sep"];
        "json_encode" => filters::tojson, [];
        "last" => f::last, [];
        "length" => f::length, [];
        "lines" => f::lines, [];
        "list" => f::list, [];
        "lower" => f::lower, [];
        "map" => f::map, [];
        "max" => f::max, [];
        "merge_lists" => filters::merge_lists, ["other"];
        "merge_objects" => filters::merge_objects, ["other"];
        "min" => f::min, [];
        "pprint" => f::pprint, [];
        "reject" => f::reject, [];
        "rejectattr" => f::rejectattr, [];
        "replace" => f::replace, ["from", "to"];
        "reverse" => f::reverse, [];
        "round" => tera::round, [];
        "safe" => filters::identity, [];
        "select" => f::select, [];
        "selectattr" => f::selectattr, [];
        "slice" => tera::slice, [];
        "sort" => f::sort, [];
        "split" => f::split, ["pat"];
        "sql_escape" => filters::sql_escape, [];
        "sql_list" => filters::sql_list, [];
        "string" => filters::string, [];
        "sum" => f::sum, [];
        "title" => f::title, [];
        "to_aws_tag_filters" => filters::to_aws_tag_filters, [];
        "tojson" => filters::tojson, [];
        "trim" => f::trim, [];
        "unique" => f::unique, [];
        "upper" => f::upper, [];
        "zip" => f::zip, [];
        "addslashes" => tera::addslashes, [];
        "as_str" => filters::string, [];
        "center" => tera::center, [];
        "concat" => tera::concat, [];
        "date" => tera::date, [];
        "filesizeformat" => tera::filesizeformat, [];
        "filter" => tera::filter, [];
        "get" => tera::get, [];
        "group_by" => tera::group_by, [];
        "linebreaksbr" => tera::linebreaksbr, [];
        "nth" => tera::nth, [];
        "pluralize" => tera::pluralize, [];
        "random" => tera::random, [];
        "slugify" => tera::slugify, [];
        "spaceless" => tera::spaceless, [];
        "striptags" => tera::striptags, [];
        "trim_end" => tera::trim_end, [];
        "trim_end_matches" => tera::trim_end_matches, [];
        "trim_start" => tera::trim_start, [];
        "trim_start_matches" => tera::trim_start_matches, [];
        "truncate" => tera::truncate, [];
        "urlencode" => tera::urlencode, [];
        "urlencode_strict" => tera::urlencode_strict, [];
        "wordcount" => tera::wordcount, [];
        "wordwrap" => tera::wordwrap, [];
    }
}

fn add_tests(env: &mut Environment<'static>) {
    macro_rules! tests {
        ($($name:literal => $function:expr;)*) => {$(
            env.add_test(concat!("raw:", $name), $function);
            env.add_test($name, |state: &mut State<'_, '_>, args: Rest<Mj>| test(state, concat!("raw:", $name), &args.0));
        )*};
    }
    tests! {
        "boolean" => t::is_boolean;
        "defined" => t::is_defined;
        "divisibleby" => t::is_divisibleby;
        "endingwith" => t::is_endingwith;
        "eq" => t::is_eq;
        "equalto" => t::is_eq;
        "==" => t::is_eq;
        "even" => t::is_even;
        "false" => t::is_false;
        "float" => t::is_float;
        "ge" => t::is_ge;
        ">=" => t::is_ge;
        "greaterthan" => t::is_gt;
        "gt" => t::is_gt;
        ">" => t::is_gt;
        "in" => t::is_in;
        "int" => t::is_integer;
        "integer" => t::is_integer;
        "iterable" => t::is_iterable;
        "le" => t::is_le;
        "<=" => t::is_le;
        "lessthan" => t::is_lt;
        "lower" => t::is_lower;
        "lt" => t::is_lt;
        "<" => t::is_lt;
        "mapping" => t::is_mapping;
        "ne" => t::is_ne;
        "!=" => t::is_ne;
        "none" => t::is_none;
        "number" => t::is_number;
        "odd" => t::is_odd;
        "sameas" => t::is_sameas;
        "sequence" => t::is_sequence;
        "startingwith" => t::is_startingwith;
        "starting_with" => t::is_startingwith;
        "ending_with" => t::is_endingwith;
        "containing" => tera::is_containing;
        "matching" => tera::is_matching;
        "object" => t::is_mapping;
        "string" => t::is_string;
        "true" => t::is_true;
        "undefined" => t::is_undefined;
        "upper" => t::is_upper;
    }
}

/// A filter or function that gives an unknown if one of its arguments holds one, and otherwise calls `raw`.
/// `names` are names under which positional arguments may be given too (Tera knows only named ones).
fn guarded(
    raw: &'static str,
    names: &'static [&'static str],
) -> impl Fn(&mut State<'_, '_>, Rest<ValueOrKwargs>) -> Result<Mj, Error> + Send + Sync + 'static {
    move |state, args| {
        let mut args = args.into_values();
        if let Some(sink) = Sink::of(state) {
            for arg in &mut args {
                if let Some(whole) = sink.argument(arg) {
                    *arg = whole;
                }
            }
        }
        // The keys of a resource with `for_each` are known whatever its instances are.
        let keys_only = matches!(raw, "raw:length" | "raw:count" | "raw:list" | "raw:items")
            && args.first().is_some_and(|value| value.downcast_object_ref::<Group>().is_some());
        let document = (raw == "raw:generate_patch_document")
            .then(|| Some((Sink::of(state)?, marked::members(args.first()?)?)))
            .flatten();
        if !keys_only && let Some((session, unknown)) = find_unknown(&args) {
            let result = hidden(unknown, &session, None);
            if let Some((sink, members)) = document {
                sink.made(&result, members);
            }
            return Ok(result);
        }
        if !names.is_empty() && args.last().is_some_and(Mj::is_kwargs) {
            positional(&mut args, names)?;
        }
        if !keys_only {
            args.iter().for_each(note_secrets);
        }
        size::check_arguments(raw, &args)?;
        let result = state.apply_filter(raw, &args)?;
        if let Some((sink, members)) = document {
            sink.made(&result, members);
        }
        // Lists are measured where they become text or a value.
        if result.as_str().is_some() { size::measured(result) } else { Ok(result) }
    }
}

fn positional(args: &mut Vec<Mj>, names: &[&str]) -> Result<(), Error> {
    let Some(last) = args.pop() else { return Ok(()) };
    let kwargs = Kwargs::try_from(last.clone())?;
    let given: Vec<&str> = kwargs.args().collect();
    let single = names.len() == 1 && given.len() == 1;
    let known = given.iter().all(|g| names.contains(g));
    if !known && !single {
        args.push(last);
        return Ok(());
    }
    for (index, name) in names.iter().enumerate() {
        // With one argument any name will do.
        let name = if single { given.first().copied().unwrap_or(name) } else { name };
        if args.len() == index + 1 && kwargs.has(name) {
            args.push(kwargs.get(name)?);
        }
    }
    Ok(())
}

fn test(state: &mut State<'_, '_>, raw: &'static str, args: &[Mj]) -> Result<bool, Error> {
    if find_unknown(args).is_some() {
        // The answer does not matter: the unknown has been noted, so the result is unknown whatever it is.
        return Ok(true);
    }
    state.perform_test(raw, args)
}

/// True if the engine itself gives a meaning to this name.
pub(crate) fn is_builtin(name: &str) -> bool {
    FUNCTIONS.contains(&name)
        || matches!(name, "loop" | "self" | "super" | "caller" | "true" | "false" | "none")
}

/// An error of ours inside the engine.
pub(crate) fn fail(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}
