//! SQL table names of CloudFormation types (stackql-compat 6.1 and 6.4): `AWS::S3::Bucket` ↔ `awscc.s3.buckets`.
//!
//! The published tables in `data/names/` are the truth; names are computed only for types that they do not list.

use stack_core::naming::column_name;

/// The providers that have a table name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableProviders {
    /// `awscc` and the older `aws`.
    Both,
    /// `awscc` only.
    Awscc,
    /// `aws` only.
    Aws,
}

/// What a table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableForm {
    /// Resources of the type.
    Plural,
    /// One resource; generation A of the `aws` provider.
    Singular,
    /// Identifiers only.
    ListOnly,
    /// One row per tag; generation B of the `aws` provider.
    Tags,
}

impl TableProviders {
    /// The form in the catalog.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Both => "b",
            Self::Awscc => "c",
            Self::Aws => "a",
        }
    }

    pub(crate) fn from_letter(letter: &str) -> Option<Self> {
        [Self::Both, Self::Awscc, Self::Aws].into_iter().find(|one| one.letter() == letter)
    }

    /// True if the provider of this name, `aws` or `awscc`, has the table.
    pub fn has(self, provider: &str) -> bool {
        match self {
            Self::Both => true,
            Self::Awscc => provider == "awscc",
            Self::Aws => provider == "aws",
        }
    }
}

impl TableForm {
    /// The form in the catalog.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Plural => "p",
            Self::Singular => "s",
            Self::ListOnly => "l",
            Self::Tags => "t",
        }
    }

    pub(crate) fn from_letter(letter: &str) -> Option<Self> {
        [Self::Plural, Self::Singular, Self::ListOnly, Self::Tags]
            .into_iter()
            .find(|one| one.letter() == letter)
    }
}

/// The service part of a table name: the second segment in lower case, without exception (stackql-compat 6.1).
pub fn service_of(cfn_type: &str) -> String {
    cfn_type.split("::").nth(1).unwrap_or_default().to_lowercase()
}

/// The computed singular table name of a type, without its service.
pub fn singular_of(cfn_type: &str) -> String {
    snake_case(cfn_type.split("::").nth(2).unwrap_or_default())
}

/// The computed plural table name of a type, without its service.
pub fn plural_of(cfn_type: &str) -> String {
    let singular = singular_of(cfn_type);
    match singular.rsplit_once('_') {
        Some((head, last)) => format!("{head}_{}", plural_of_word(last)),
        None => plural_of_word(&singular),
    }
}

/// Snake case as the published names have it: a boundary before the last capital of a run that a lower-case letter
/// follows (`VPCEndpoint` → `vpc_endpoint`), and one between a lower-case letter and a capital, unless that capital
/// begins a run which the first rule has cut (`VirtualMFADevice` → `virtualmfa_device`, but `WebACL` → `web_acl`).
/// Digits make no boundary (`EC2Fleet` → `ec2fleet`). Found from the published names: it gives all of them.
fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let upper = |i: usize| chars.get(i).is_some_and(char::is_ascii_uppercase);
    let lower = |i: usize| chars.get(i).is_some_and(char::is_ascii_lowercase);
    // Cut between a run of capitals and the capital that starts the next word.
    let cut_before = |i: usize| i > 0 && upper(i - 1) && upper(i) && lower(i + 1);
    let begins_cut_run = |start: usize| {
        let end = (start + 1..).find(|i| !upper(*i) || cut_before(*i)).unwrap_or(start + 1);
        cut_before(end)
    };
    let mut out = String::with_capacity(name.len() + 8);
    for (i, c) in chars.iter().enumerate() {
        let boundary = cut_before(i) || (i > 0 && lower(i - 1) && upper(i) && !begins_cut_run(i));
        if boundary && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Plural by the rules of English that the published names follow.
fn plural_of_word(word: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    let stem = |cut: usize| &word[..word.len() - cut];
    if let Some(head) = word.strip_suffix("index") {
        return format!("{head}indices");
    }
    if ends(&["data", "lens", "efs", "nfs", "hdfs", "zfs", "windows"]) {
        return word.to_owned();
    }
    if word.ends_with('y') && !ends(&["ay", "ey", "iy", "oy", "uy"]) {
        return format!("{}ies", stem(1));
    }
    if word.ends_with("is") {
        return format!("{}es", stem(2));
    }
    if ends(&["ss", "us", "alias", "x", "z", "ch", "sh"]) {
        return format!("{word}es");
    }
    if word.ends_with('s') {
        // A plural already: settings, options, attributes.
        return word.to_owned();
    }
    format!("{word}s")
}

/// The name with the other plural of `schema`: `schemata` was that of the older tables (stackql-compat 6.4).
pub(crate) fn other_plural(name: &str) -> Option<String> {
    let (service, resource) = name.split_once('.')?;
    let (plural, list) = match resource.strip_suffix("_list_only") {
        Some(plural) => (plural, "_list_only"),
        None => (resource, ""),
    };
    let other = match plural {
        "schemata" => "schemas",
        "schemas" => "schemata",
        _ => return None,
    };
    Some(format!("{service}.{other}{list}"))
}

/// Columns that the published definitions name by hand (stackql-compat 6.2).
const HAND_PATCHED: &str = include_str!("../data/names/columns.tsv");

/// The column of a top-level property of a type: the hand-patched name, else the computed one.
pub fn column_of(cfn_type: &str, property: &str) -> String {
    HAND_PATCHED
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.split('\t');
            Some((columns.next()?, columns.next()?, columns.next()?))
        })
        .find(|(ty, name, _)| *ty == cfn_type && *name == property)
        .map_or_else(|| column_name(property), |(_, _, column)| column.to_owned())
}

/// Names of the same spelling that a mistyped one may have meant, best first.
///
/// Distance is counted on lower-case text; a name whose last part is exactly the wanted one is near whatever its
/// service.
pub(crate) fn near<S: AsRef<str>>(wanted: &str, names: impl Iterator<Item = S>) -> Vec<String> {
    let last = |name: &str| name.rsplit([':', '.']).next().unwrap_or_default().to_lowercase();
    let wanted_last = last(wanted);
    let wanted_folded = wanted.to_lowercase();
    let limit = (wanted.chars().count() / 5).max(2);
    let mut found: Vec<(usize, String)> = names
        .filter_map(|name| {
            let name = name.as_ref();
            let folded = name.to_lowercase();
            let distance = if folded == wanted_folded {
                0
            } else if wanted_last.len() > 3 && last(name) == wanted_last {
                2
            } else if folded.len().abs_diff(wanted_folded.len()) > limit {
                return None;
            } else {
                strsim::osa_distance(&folded, &wanted_folded)
            };
            (distance <= limit).then(|| (distance, name.to_owned()))
        })
        .collect();
    found.sort();
    found.dedup_by(|a, b| a.1 == b.1);
    // The name itself in another case leaves no doubt.
    if found.first().is_some_and(|(distance, _)| *distance == 0) {
        found.truncate(1);
    }
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

/// What to say of a name that is the beginning of others: a service without its resource.
pub(crate) fn only_a_service<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    const SHOWN: usize = 6;
    let all: Vec<&str> = names.collect();
    if all.is_empty() {
        return None;
    }
    let shown: Vec<String> = all.iter().take(SHOWN).map(|one| format!("`{one}`")).collect();
    let more = match all.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("`{name}` is a service; its types are {}{more}", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_capitals_are_cut_as_in_the_published_names() {
        for (resource, snake) in [
            ("IntegrationAssociation", "integration_association"),
            ("VPCEndpoint", "vpc_endpoint"),
            ("WebACL", "web_acl"),
            ("WebACLAssociation", "webacl_association"),
            ("VirtualMFADevice", "virtualmfa_device"),
            ("LocationFSxLustre", "locationf_sx_lustre"),
            ("EC2Fleet", "ec2fleet"),
            ("DomainNameV2", "domain_name_v2"),
        ] {
            assert_eq!(snake_case(resource), snake);
        }
    }

    #[test]
    fn the_last_word_gets_its_english_plural() {
        for (ty, plural) in [
            ("AWS::IAM::ManagedPolicy", "managed_policies"),
            ("AWS::X::VectorIndex", "vector_indices"),
            ("AWS::X::Schema", "schemas"),
            ("AWS::KMS::Alias", "aliases"),
            ("AWS::QuickSight::Analysis", "analyses"),
            ("AWS::X::AccountSettings", "account_settings"),
            ("AWS::X::Gateway", "gateways"),
            ("AWS::X::Metadata", "metadata"),
        ] {
            assert_eq!(plural_of(ty), plural);
        }
    }

    #[test]
    fn hand_patched_columns_win_over_computed_ones() {
        assert_eq!(column_of("AWS::Glue::Schema", "Registry"), "_registry");
        assert_eq!(column_of("AWS::ResourceGroups::TagSyncTask", "Group"), "group_id");
        assert_eq!(column_of("AWS::RDS::DBInstance", "DBInstanceClass"), "db_instance_class");
    }
}
