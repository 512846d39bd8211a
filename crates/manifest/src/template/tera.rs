//! Filters, functions and tests of Tera, the templates of stackql-deploy 2, and of Jinja2 where the engine lacks them.

use crate::template::engine::fail;
use crate::template::filters::json_or_text;
use crate::template::objects::{Hidden, text_of, to_engine};
use crate::template::session::Session;
use crate::template::size;
use jiff::civil::Time;
use jiff::fmt::strtime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Error, State, Value as Mj, filters as f};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use regex_lite::Regex;
use stack_core::value::Value;

/// Behind what a loop with two names goes through. As long as the other filters of ours, because places are counted by it.
pub(super) const MEMBERS: &str = "members__";

/// What Python's `quote` leaves as it is.
const QUOTED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b'/');

/// Columns that a text may be given.
const MAX_WIDTH: usize = 10_000;

/// The members of a map as pairs; everything else as it is.
pub(super) fn members(state: &mut State<'_, '_>, value: Mj) -> Result<Mj, Error> {
    let is_map = value.kind() == ValueKind::Map && value.downcast_object_ref::<Hidden>().is_none();
    if is_map { state.apply_filter("items", &[value]) } else { Ok(value) }
}

/// An argument by its place or its name.
fn argument(name: &str, given: Option<Mj>, kwargs: &Kwargs) -> Result<Option<Mj>, Error> {
    match given {
        Some(value) => Ok(Some(value)),
        None => kwargs.get(name),
    }
}

fn needed(filter: &str, name: &str, given: Option<Mj>, kwargs: &Kwargs) -> Result<Mj, Error> {
    argument(name, given, kwargs)?.ok_or_else(|| fail(format!("{filter} needs the argument `{name}`")))
}

fn needed_text(filter: &str, name: &str, given: Option<Mj>, kwargs: &Kwargs) -> Result<String, Error> {
    let value = needed(filter, name, given, kwargs)?;
    value.as_str().map(str::to_owned).ok_or_else(|| fail(format!("{filter}: `{name}` is a text")))
}

fn text<'v>(filter: &str, value: &'v Mj) -> Result<&'v str, Error> {
    value.as_str().ok_or_else(|| fail(format!("{filter} takes a text, got a {}", value.kind())))
}

fn items(filter: &str, value: &Mj) -> Result<Vec<Mj>, Error> {
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Err(fail(format!("{filter} takes a list, got a {}", value.kind())));
    }
    value.try_iter()?.checked().collect()
}

/// What stands below a value; `None` where there is nothing.
fn below(value: &Mj, path: &str) -> Option<Mj> {
    path.split('.').try_fold(value.clone(), |at, part| {
        let next = match part.parse::<usize>() {
            Ok(index) if at.kind() == ValueKind::Seq => at.get_item_by_index(index),
            _ => at.get_attr(part),
        };
        next.ok().filter(|next| !next.is_undefined())
    })
}

/// `map | get(key="a", default="b")`
pub(super) fn get(value: &Mj, key: Option<Mj>, default: Option<Mj>, kwargs: Kwargs) -> Result<Mj, Error> {
    let key = needed_text("get", "key", key, &kwargs)?;
    let default = argument("default", default, &kwargs)?;
    kwargs.assert_all_used()?;
    let opened = match value.as_str() {
        Some(_) => to_engine(&Value::from(&json_or_text(value)?), &Session::default(), None),
        None => value.clone(),
    };
    if opened.kind() != ValueKind::Map {
        return Err(fail(format!("get takes a map, got a {}", opened.kind())));
    }
    let found = opened.get_attr(&key)?;
    if !found.is_undefined() {
        return Ok(found);
    }
    default.ok_or_else(|| fail(format!("get: there is no key `{key}`; say what to take instead: default=…")))
}

/// `list | nth(n=1)`
pub(super) fn nth(value: &Mj, n: Option<Mj>, kwargs: Kwargs) -> Result<Mj, Error> {
    let n = needed("nth", "n", n, &kwargs)?;
    kwargs.assert_all_used()?;
    let n = n.as_usize().ok_or_else(|| fail("nth: `n` is a whole number"))?;
    Ok(items("nth", value)?.into_iter().nth(n).unwrap_or(Mj::UNDEFINED))
}

/// `list | concat(with=other)`
pub(super) fn concat(value: &Mj, with: Option<Mj>, kwargs: Kwargs) -> Result<Mj, Error> {
    let with = needed("concat", "with", with, &kwargs)?;
    kwargs.assert_all_used()?;
    let mut all = items("concat", value)?;
    match with.kind() {
        ValueKind::Seq | ValueKind::Iterable => all.extend(items("concat", &with)?),
        _ => all.push(with),
    }
    Ok(Mj::from(all))
}

/// `list | filter(attribute="a", value=1)`
pub(super) fn filter(
    value: &Mj,
    attribute: Option<Mj>,
    wanted: Option<Mj>,
    kwargs: Kwargs,
) -> Result<Mj, Error> {
    let attribute = needed_text("filter", "attribute", attribute, &kwargs)?;
    let wanted = argument("value", wanted, &kwargs)?.filter(|wanted| !wanted.is_none());
    kwargs.assert_all_used()?;
    let keep = |item: &Mj| match (below(item, &attribute).filter(|found| !found.is_none()), &wanted) {
        (found, None) => found.is_some(),
        (found, Some(wanted)) => found.is_some_and(|found| found == *wanted),
    };
    Ok(items("filter", value)?.into_iter().filter(keep).collect())
}

/// `list | group_by(attribute="a")`: a map from texts to lists.
pub(super) fn group_by(value: &Mj, attribute: Option<Mj>, kwargs: Kwargs) -> Result<Mj, Error> {
    let attribute = needed_text("group_by", "attribute", attribute, &kwargs)?;
    kwargs.assert_all_used()?;
    let mut groups: indexmap::IndexMap<String, Vec<Mj>> = indexmap::IndexMap::new();
    for item in items("group_by", value)? {
        if let Some(found) = below(&item, &attribute).filter(|found| !found.is_none()) {
            groups.entry(text_of(&found)?).or_default().push(item);
        }
    }
    Ok(groups.into_iter().map(|(key, all)| (key, Mj::from(all))).collect())
}

/// Tera's `list | slice(start=1, end=2)`, or Jinja's `list | slice(3)`.
pub(super) fn slice(
    state: &State<'_, '_>,
    value: Mj,
    count: Option<Mj>,
    fill: Option<Mj>,
    kwargs: Kwargs,
) -> Result<Mj, Error> {
    if let Some(count) = argument("slices", count, &kwargs)? {
        let fill = argument("fill_with", fill, &kwargs)?;
        kwargs.assert_all_used()?;
        let count = count.as_usize().ok_or_else(|| fail("slice: the number of slices is a whole number"))?;
        return f::slice(state, value, count, fill);
    }
    let (start, end) = (kwargs.get::<Option<i64>>("start")?, kwargs.get::<Option<i64>>("end")?);
    kwargs.assert_all_used()?;
    if start.is_none() && end.is_none() {
        return Err(fail("slice needs `start` or `end`, or a number of slices"));
    }
    let all = items("slice", &value)?;
    let place = |at: i64| {
        let from_end = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
        if at < 0 { all.len().saturating_sub(from_end) } else { from_end.min(all.len()) }
    };
    let (start, end) = (start.map_or(0, place), end.map_or(all.len(), place));
    Ok(all.get(start..end).unwrap_or_default().iter().cloned().collect())
}

/// Tera's `text | indent(prefix="> ")`, or Jinja's `text | indent(2)`.
pub(super) fn indent(
    state: &mut State<'_, '_>,
    value: Mj,
    args: Rest<Mj>,
    kwargs: Kwargs,
) -> Result<Mj, Error> {
    let Some(prefix) = kwargs.get::<Option<String>>("prefix")? else {
        let mut all = vec![value];
        all.extend(args.0);
        all.push(kwargs.into());
        return state.apply_filter("raw:indent of Jinja", &all);
    };
    let first = kwargs.get::<Option<bool>>("first")?.unwrap_or(false);
    let blank = kwargs.get::<Option<bool>>("blank")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    let text = text("indent", &value)?;
    size::replaced(text, "\n", &format!("{prefix}\n"))?;
    let mut out = String::new();
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if if index == 0 { first } else { blank || !line.trim_start().is_empty() } {
            out.push_str(&prefix);
        }
        out.push_str(line);
    }
    Ok(Mj::from(out))
}

/// `number | round`: a whole number where Tera prints one, which is everywhere but behind `round(1)`.
pub(super) fn round(
    value: Mj,
    precision: Option<i32>,
    method: Option<&str>,
    kwargs: Kwargs,
) -> Result<Mj, Error> {
    let of_jinja = precision.is_some();
    let rounded = f::round(value, precision, method, kwargs)?;
    let whole =
        f64::try_from(rounded.clone()).ok().filter(|n| !of_jinja && n.fract() == 0.0 && n.abs() < 1e15);
    // Exact: it is whole, and far smaller than what fits.
    Ok(whole.and_then(|n| format!("{n}").parse::<i64>().ok()).map_or(rounded, Mj::from))
}

/// `text | trim_start`
pub(super) fn trim_start(value: &Mj) -> Result<Mj, Error> {
    Ok(Mj::from(text("trim_start", value)?.trim_start()))
}

/// `text | trim_end`
pub(super) fn trim_end(value: &Mj) -> Result<Mj, Error> {
    Ok(Mj::from(text("trim_end", value)?.trim_end()))
}

/// `text | trim_start_matches(pat="/")`
pub(super) fn trim_start_matches(value: &Mj, pat: Option<Mj>, kwargs: Kwargs) -> Result<Mj, Error> {
    let pat = needed_text("trim_start_matches", "pat", pat, &kwargs)?;
    kwargs.assert_all_used()?;
    Ok(Mj::from(text("trim_start_matches", value)?.trim_start_matches(pat.as_str())))
}

/// `text | trim_end_matches(pat="/")`
pub(super) fn trim_end_matches(value: &Mj, pat: Option<Mj>, kwargs: Kwargs) -> Result<Mj, Error> {
    let pat = needed_text("trim_end_matches", "pat", pat, &kwargs)?;
    kwargs.assert_all_used()?;
    Ok(Mj::from(text("trim_end_matches", value)?.trim_end_matches(pat.as_str())))
}

/// Tera's `text | truncate(length=3, end="")`, which puts the end behind what is left, or Jinja's
/// `text | truncate(9, true, "")`, in which the end counts.
pub(super) fn truncate(value: &Mj, args: Rest<Mj>, kwargs: Kwargs) -> Result<String, Error> {
    let text = text("truncate", value)?;
    let given = |index: usize| args.0.get(index).cloned();
    let length = argument("length", given(0), &kwargs)?.map_or(Some(255), |length| length.as_usize());
    let length = length.ok_or_else(|| fail("truncate: `length` is a whole number"))?;
    let whole_words = argument("killwords", given(1), &kwargs)?;
    let end = argument("end", given(2), &kwargs)?.map(|end| text_of(&end)).transpose()?;
    let leeway = argument("leeway", given(3), &kwargs)?;
    kwargs.assert_all_used()?;
    let count = text.chars().count();
    let first = |n: usize| text.chars().take(n).collect::<String>();
    if args.0.is_empty() && whole_words.is_none() && leeway.is_none() {
        let end = end.unwrap_or_else(|| "…".to_owned());
        return Ok(if count <= length { text.to_owned() } else { first(length) + &end });
    }
    let leeway = leeway.map_or(Some(5), |leeway| leeway.as_usize());
    let leeway = leeway.ok_or_else(|| fail("truncate: `leeway` is a whole number"))?;
    if count <= length.saturating_add(leeway) {
        return Ok(text.to_owned());
    }
    let end = end.unwrap_or_else(|| "...".to_owned());
    let left = length.checked_sub(end.chars().count());
    let left = left.ok_or_else(|| fail("truncate: `length` is shorter than `end`"))?;
    let cut = first(left);
    let kept = match cut.rsplit_once(' ') {
        Some((kept, _)) if !whole_words.is_some_and(|kill| kill.is_true()) => kept.to_owned(),
        _ => cut,
    };
    Ok(kept + &end)
}

/// `text | slugify`
pub(super) fn slugify(value: &Mj) -> Result<String, Error> {
    let text = text("slugify", value)?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if c.is_alphanumeric() {
            return Err(fail(format!(
                "slugify takes plain letters and digits: `{c}` has no plain form here"
            )));
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    Ok(out)
}

/// `value | urlencode`: a text, or a map as a query.
pub(super) fn urlencode(value: &Mj) -> Result<String, Error> {
    let encoded = |value: &Mj| text_of(value).map(|text| utf8_percent_encode(&text, QUOTED).to_string());
    if value.kind() != ValueKind::Map {
        return encoded(value);
    }
    let pair = |key: Mj| Ok(format!("{}={}", encoded(&key)?, encoded(&value.get_item(&key)?)?));
    Ok(value.try_iter()?.map(pair).collect::<Result<Vec<_>, Error>>()?.join("&"))
}

/// `text | urlencode_strict`: everything but letters and digits.
pub(super) fn urlencode_strict(value: &Mj) -> Result<String, Error> {
    Ok(utf8_percent_encode(&text_of(value)?, NON_ALPHANUMERIC).to_string())
}

/// `text | wordcount`
pub(super) fn wordcount(value: &Mj) -> Result<usize, Error> {
    Ok(text("wordcount", value)?.split_whitespace().count())
}

/// `text | addslashes`
pub(super) fn addslashes(value: &Mj) -> Result<String, Error> {
    Ok(text("addslashes", value)?.replace('\\', "\\\\").replace('"', "\\\"").replace('\'', "\\'"))
}

/// `text | striptags`
pub(super) fn striptags(value: &Mj) -> Result<String, Error> {
    let mut rest = text("striptags", value)?;
    let mut out = String::new();
    while let Some((before, tag)) = rest.split_once('<') {
        let end = if tag.starts_with("!--") { tag.split_once("-->") } else { tag.split_once('>') };
        let Some((_, after)) = end else { break };
        out.push_str(before);
        rest = after;
    }
    Ok(out + rest)
}

/// `text | linebreaksbr`
pub(super) fn linebreaksbr(value: &Mj) -> Result<String, Error> {
    let text = text("linebreaksbr", value)?;
    size::replaced(text, "\n", "<br>")?;
    Ok(text.replace("\r\n", "<br>").replace('\n', "<br>"))
}

/// `text | spaceless`: without blanks between tags.
pub(super) fn spaceless(value: &Mj) -> Result<String, Error> {
    let mut out = String::new();
    for (index, part) in text("spaceless", value)?.split('>').enumerate() {
        if index == 0 {
            out.push_str(part);
            continue;
        }
        out.push('>');
        out.push_str(if part.trim_start().starts_with('<') { part.trim_start() } else { part });
    }
    Ok(out)
}

/// `number | pluralize(suffix="es")`
pub(super) fn pluralize(value: &Mj, suffix: Option<Mj>, kwargs: Kwargs) -> Result<Mj, Error> {
    let suffix = argument("suffix", suffix, &kwargs)?.unwrap_or_else(|| Mj::from("s"));
    kwargs.assert_all_used()?;
    let number = f64::try_from(value.clone()).map_err(|_| fail("pluralize takes a number"))?;
    Ok(if (number.abs() - 1.0).abs() > f64::EPSILON { suffix } else { Mj::from("") })
}

/// `bytes | filesizeformat`: in steps of 1024, as Tera has it.
pub(super) fn filesizeformat(value: &Mj, binary: Option<Mj>, kwargs: Kwargs) -> Result<String, Error> {
    let binary = argument("binary", binary, &kwargs)?.is_some_and(|binary| binary.is_true());
    kwargs.assert_all_used()?;
    let bytes = u64::try_from(value.clone()).map_err(|_| fail("filesizeformat takes a number of bytes"))?;
    let units = if binary {
        ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    } else {
        ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
    };
    let (mut step, mut at) = (1_u64, 0);
    while bytes / step >= 1024 {
        step *= 1024;
        at += 1;
    }
    let hundredths = (u128::from(bytes) * 100 + u128::from(step) / 2) / u128::from(step);
    let unit = units.get(at).copied().unwrap_or_default();
    Ok(if bytes % step == 0 {
        format!("{} {unit}", bytes / step)
    } else {
        format!("{}.{:02} {unit}", hundredths / 100, hundredths % 100)
    })
}

/// `time | date(format="%Y")`: of seconds since 1970, or of a text in ISO 8601.
pub(super) fn date(value: &Mj, format: Option<Mj>, kwargs: Kwargs) -> Result<String, Error> {
    let format = argument("format", format, &kwargs)?;
    let format = format.as_ref().map_or(Ok("%Y-%m-%d"), |format| text("date", format))?;
    let zone = kwargs.get::<Option<String>>("timezone")?;
    kwargs.assert_all_used()?;
    if zone.as_deref().is_some_and(|zone| !matches!(zone, "UTC" | "Etc/UTC" | "GMT")) {
        return Err(fail("date: the only timezone is UTC"));
    }
    let time = match (value.as_i64().filter(|_| value.is_integer()), value.as_str()) {
        (Some(seconds), _) => Timestamp::from_second(seconds).ok().map(|time| time.to_zoned(TimeZone::UTC)),
        (None, Some(text)) => time_of(text.trim()),
        (None, None) => None,
    };
    let time =
        time.ok_or_else(|| fail("date takes seconds since 1970 or a text such as 2026-01-31T12:00:00Z"))?;
    let time = if zone.is_some() { time.with_time_zone(TimeZone::UTC) } else { time };
    strtime::format(format, &time).map_err(|e| fail(format!("date: {e}")))
}

fn time_of(text: &str) -> Option<Zoned> {
    let pieces = Pieces::parse(text).ok()?;
    let zone = TimeZone::fixed(pieces.to_numeric_offset().unwrap_or(Offset::UTC));
    pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight())).to_zoned(zone).ok()
}

/// `text | center(20)`
pub(super) fn center(value: &Mj, width: Option<Mj>, kwargs: Kwargs) -> Result<String, Error> {
    let width = argument("width", width, &kwargs)?.map_or(Some(80), |width| width.as_usize());
    kwargs.assert_all_used()?;
    let width = width.filter(|width| *width <= MAX_WIDTH);
    let width = width.ok_or_else(|| fail(format!("center takes a width of at most {MAX_WIDTH}")))?;
    let text = text_of(value)?;
    let missing = width.saturating_sub(text.chars().count());
    // Python puts the odd blank to the left of odd widths.
    let left = missing / 2 + (missing & width & 1);
    Ok(format!("{}{text}{}", " ".repeat(left), " ".repeat(missing - left)))
}

/// `text | wordwrap(79)`: each line broken at blanks, and words that are longer than a line broken too.
pub(super) fn wordwrap(value: &Mj, args: Rest<Mj>, kwargs: Kwargs) -> Result<String, Error> {
    let given = |index: usize| args.0.get(index).cloned();
    let width = argument("width", given(0), &kwargs)?.map_or(Some(79), |width| width.as_usize());
    let width = width.filter(|width| (1..=MAX_WIDTH).contains(width));
    let width = width.ok_or_else(|| fail(format!("wordwrap takes a width of 1 to {MAX_WIDTH}")))?;
    let breaks = argument("break_long_words", given(1), &kwargs)?.is_none_or(|breaks| breaks.is_true());
    let end = argument("wrapstring", given(2), &kwargs)?.map_or(Ok("\n".to_owned()), |end| text_of(&end))?;
    kwargs.assert_all_used()?;
    let mut lines: Vec<String> = Vec::new();
    for line in text("wordwrap", value)?.lines() {
        let mut at = String::new();
        for word in line.split_whitespace() {
            let mut word: Vec<char> = word.chars().collect();
            let room = width.saturating_sub(at.chars().count() + usize::from(!at.is_empty()));
            if word.len() <= room {
                if !at.is_empty() {
                    at.push(' ');
                }
                at.extend(word);
                continue;
            }
            if !at.is_empty() {
                lines.push(std::mem::take(&mut at));
            }
            while breaks && word.len() > width {
                lines.push(word.drain(..width).collect());
            }
            at.extend(word);
        }
        lines.push(at);
    }
    let bytes: usize = lines.iter().map(|line| line.len() + end.len()).sum();
    if bytes > size::MAX_VALUE { Err(size::too_large()) } else { Ok(lines.join(&end)) }
}

/// `text is containing("a")`, `list is containing(1)`, `map is containing("key")`
pub(super) fn is_containing(value: &Mj, wanted: &Mj) -> Result<bool, Error> {
    match value.kind() {
        ValueKind::String => Ok(text("containing", value)?.contains(text("containing", wanted)?)),
        ValueKind::Map => Ok(!value.get_item(wanted)?.is_undefined()),
        _ => Ok(items("containing", value)?.contains(wanted)),
    }
}

/// `text is matching("^a")`
pub(super) fn is_matching(value: &Mj, pattern: &Mj) -> Result<bool, Error> {
    let pattern = Regex::new(text("matching", pattern)?).map_err(|e| fail(format!("matching: {e}")))?;
    Ok(pattern.is_match(text("matching", value)?))
}

/// `now()`: refused.
pub(super) fn now(_: Rest<Mj>, _: Kwargs) -> Result<Mj, Error> {
    Err(fail(
        "now() is another time in each run, so no plan would hold; pass the time: -e now=… and {{ now }}",
    ))
}

/// `get_random()`: refused.
pub(super) fn get_random(_: Rest<Mj>, _: Kwargs) -> Result<Mj, Error> {
    Err(fail("get_random() is another number in each run, so no plan would hold; pass a number: -e NAME=…"))
}

/// `list | random`: refused.
pub(super) fn random(_: Rest<Mj>, _: Kwargs) -> Result<Mj, Error> {
    Err(fail("random picks another element in each run, so no plan would hold; use first or nth"))
}

/// `get_env(name="A")`: what was passed with `-e` or stands in the environment file. The environment of the process is not
/// read, so a default is not taken in its place without a word.
pub(super) fn get_env(
    state: &State<'_, '_>,
    name: Option<Mj>,
    default: Option<Mj>,
    kwargs: Kwargs,
) -> Result<Mj, Error> {
    let name = needed_text("get_env", "name", name, &kwargs)?;
    argument("default", default, &kwargs)?;
    kwargs.assert_all_used()?;
    let found = state.lookup("vars").and_then(|vars| vars.get_attr(&name).ok());
    found.filter(|found| !found.is_undefined()).ok_or_else(|| {
        fail(format!("get_env reads -e and the environment file, not the process: pass -e {name}=…, or write `vars.{name} | default(…)`"))
    })
}
