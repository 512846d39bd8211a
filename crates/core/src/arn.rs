//! What an ARN tells about a resource: of which types it may be, and how Cloud Control may call it.
//!
//! The tag index gives ARNs, not CloudFormation types and not identifiers (cloud-control 5.1). Most services name things
//! alike in both worlds, so a rule over words does: `athena:workgroup/x` is an `AWS::Athena::WorkGroup` named `x`. What the
//! rule cannot know is in `arn/table.tsv`, and there the rule is not asked. All answers are candidates: a read confirms
//! them or not. So few good ones count more than many.

use crate::identity::{Identifier, part_name};
use crate::ids::TypeName;
use crate::partition::Partition;
use crate::pointer::PropertyPath;
use crate::schema::ResourceSchema;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The most candidates for one type.
const IDENTIFIERS: usize = 3;
/// The most types for one ARN.
const TYPES: usize = 5;

/// Services of ARNs → services of CloudFormation, where the second is not the first without hyphens. Best first.
const SERVICES: [(&str, &[&str]); 37] = [
    ("acm", &["CertificateManager"]),
    ("aidevops", &["DevOpsAgent"]),
    ("airflow", &["MWAA"]),
    ("airflow-serverless", &["MWAAServerless"]),
    ("aoss", &["OpenSearchServerless"]),
    ("apigateway", &["ApiGateway", "ApiGatewayV2"]),
    ("catalog", &["ServiceCatalog"]),
    ("cognito-identity", &["Cognito"]),
    ("cognito-idp", &["Cognito"]),
    ("connect-campaigns", &["ConnectCampaignsV2", "ConnectCampaigns"]),
    ("ds", &["DirectoryService"]),
    ("ecr-public", &["ECR"]),
    ("elasticfilesystem", &["EFS"]),
    ("elasticloadbalancing", &["ElasticLoadBalancingV2", "ElasticLoadBalancing"]),
    ("elasticmapreduce", &["EMR"]),
    ("es", &["OpenSearchService", "Elasticsearch"]),
    ("firehose", &["KinesisFirehose"]),
    ("geo", &["Location"]),
    ("greengrass", &["GreengrassV2", "Greengrass"]),
    ("inspector2", &["InspectorV2"]),
    ("iotdeviceadvisor", &["IoTCoreDeviceAdvisor"]),
    ("kafka", &["MSK"]),
    ("kinesisanalytics", &["KinesisAnalyticsV2", "KinesisAnalytics"]),
    ("macie2", &["Macie"]),
    ("mediapackage-vod", &["MediaPackage"]),
    ("medical-imaging", &["HealthImaging"]),
    ("mobiletargeting", &["Pinpoint"]),
    ("mq", &["AmazonMQ"]),
    ("nimble", &["NimbleStudio"]),
    ("profile", &["CustomerProfiles"]),
    ("rds", &["RDS", "Neptune", "DocDB"]),
    ("schemas", &["EventSchemas"]),
    ("servicecatalog", &["ServiceCatalog", "ServiceCatalogAppRegistry"]),
    ("ssm-sap", &["SystemsManagerSAP"]),
    ("states", &["StepFunctions"]),
    ("thinclient", &["WorkSpacesThinClient"]),
    ("timestream-influxdb", &["Timestream"]),
];

/// An ARN, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// The whole.
    pub text: &'a str,
    /// Partition.
    pub partition: &'a str,
    /// Service, as ARNs call it.
    pub service: &'a str,
    /// Region; empty for services without regions.
    pub region: &'a str,
    /// Account; empty for S3 buckets and API Gateway.
    pub account: &'a str,
    /// Everything after it.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart (AWS General Reference, "Amazon Resource Names"); `None` if the text is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            ["arn", partition, service, region, account, resource]
                if !partition.is_empty() && !service.is_empty() && !resource.is_empty() =>
            {
                Some(Self { text, partition, service, region, account, resource })
            }
            _ => None,
        }
    }

    /// True if the resource is of a service that CloudFormation calls by this name.
    fn is_of(&self, service: &str) -> bool {
        match SERVICES.iter().find(|(name, _)| *name == self.service) {
            Some((_, services)) => services.contains(&service),
            None => {
                let mut letters = self.service.chars().filter(|c| *c != '-');
                service.chars().all(|c| letters.next() == Some(c.to_ascii_lowercase()))
                    && letters.next().is_none()
            }
        }
    }
}

/// What Cloud Control may call a resource of this type with this ARN: candidates, best first, at most three. None if the
/// ARN is of another type, or does not tell.
pub fn identifiers(schema: &ResourceSchema, arn: &str) -> Vec<Identifier> {
    let Some(arn) = Arn::parse(arn) else { return Vec::new() };
    let names: Vec<String> = schema.primary_identifier.iter().map(part_name).collect();
    let rows = Table::get().rows(schema.type_name.as_str());
    let found: Vec<Vec<String>> = if rows.is_empty() {
        by_words(schema, &names, &arn)
    } else {
        rows.iter().filter_map(|row| row.identifier(&names, &arn)).collect()
    };
    let mut candidates: Vec<Identifier> = Vec::new();
    for values in found {
        let candidate = Identifier { parts: names.iter().cloned().zip(values).collect() };
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates.truncate(IDENTIFIERS);
    candidates
}

/// The types, of all these, that a resource with this ARN may have: best first, at most five.
pub fn types<'t>(arn: &str, all: impl IntoIterator<Item = &'t str>) -> Vec<TypeName> {
    let Some(arn) = Arn::parse(arn) else { return Vec::new() };
    let table = Table::get();
    let of_service: Vec<&str> =
        all.into_iter().filter(|ty| service_of(ty).is_some_and(|service| arn.is_of(service))).collect();
    let mut found: Vec<&str> =
        table.matching(&arn).filter(|ty| of_service.contains(ty)).take(TYPES).collect();
    if found.is_empty() {
        // The deepest word says most: `apis/x/channelNamespace/y` is a channel namespace.
        let words = split(arn.resource);
        for (at, one) in words.iter().enumerate().rev().skip(1) {
            let of_word = of_service.iter().copied().filter(|ty| {
                table.rows(ty).is_empty() && resource_of(ty) == word(one) && words.len() - at - 1 <= 2
            });
            found.extend(of_word);
        }
    }
    let mut types: Vec<TypeName> = Vec::new();
    for ty in found.into_iter().map(TypeName::new) {
        if !types.contains(&ty) {
            types.push(ty);
        }
    }
    types.truncate(TYPES);
    types
}

/// The rule over words: `…/type-word/name`, with at most one more part of the name.
fn by_words(schema: &ResourceSchema, names: &[String], arn: &Arn<'_>) -> Vec<Vec<String>> {
    let ty = schema.type_name.as_str();
    if !service_of(ty).is_some_and(|service| arn.is_of(service)) {
        return Vec::new();
    }
    let words = split(arn.resource);
    let resource = resource_of(ty);
    let Some(at) = words.iter().rposition(|one| word(one) == resource) else { return Vec::new() };
    let rest = &words[at + 1..];
    // `domains/d/object-types/o`: each word before names a part.
    let parents: HashMap<String, &str> =
        words[..at].chunks_exact(2).map(|pair| (word(pair[0]), pair[1])).collect();
    match (names, rest) {
        ([name], [_] | [_, _]) if is_arn(name) => vec![vec![arn.text.to_owned()]],
        ([_], [only]) => vec![vec![(*only).to_owned()]],
        // The name behind that of its parent, before its own random part, or with a separator in it.
        ([name], [first, second]) => {
            let tail = arn.resource.trim_end_matches(['/', ':']);
            let whole = tail.len().checked_sub(first.len() + 1 + second.len()).and_then(|at| tail.get(at..));
            let both = if name.ends_with("Name") { [first, second] } else { [second, first] };
            both.into_iter().copied().chain(whole).map(|one| vec![one.to_owned()]).collect()
        }
        (_, [own]) => {
            composite(
                schema,
                arn,
                |part| if part == resource { Some(*own) } else { parents.get(part).copied() },
            )
        }
        // `device/global-network/device`: the parent has no word of its own.
        ([_, _], [parent, own]) => {
            composite(schema, arn, |part| Some(if part == resource { *own } else { *parent }))
        }
        _ => Vec::new(),
    }
}

/// One identifier of several parts: our own ARN, the account, and what `named` gives for the word of a part. A part that
/// is only `Id` or `Name` is ours.
fn composite<'a>(
    schema: &ResourceSchema,
    arn: &Arn<'a>,
    named: impl Fn(&str) -> Option<&'a str>,
) -> Vec<Vec<String>> {
    let resource = resource_of(schema.type_name.as_str());
    let value = |path: &PropertyPath| {
        let name = part_name(path);
        let base = word(stem(&name));
        let text = if is_arn(&name) {
            let assigned = path.as_pointer().is_some_and(|at| schema.read_only_properties.contains(&at));
            assigned.then_some(arn.text)
        } else if matches!(name.as_str(), "AwsAccountId" | "AccountId") {
            Some(arn.account).filter(|account| !account.is_empty())
        } else {
            named(if base.is_empty() { &resource } else { &base })
        };
        text.map(str::to_owned)
    };
    schema.primary_identifier.iter().map(value).collect::<Option<Vec<_>>>().into_iter().collect()
}

fn service_of(ty: &str) -> Option<&str> {
    ty.split("::").nth(1)
}

/// The last part of a type name, as a word.
fn resource_of(ty: &str) -> String {
    word(ty.rsplit("::").next().unwrap_or_default())
}

/// Words of both worlds in one form: lower case, no hyphens, no plural.
fn word(text: &str) -> String {
    let mut text: String =
        text.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_lowercase();
    if text.len() > 3 && text.ends_with('s') && !text.ends_with("ss") {
        text.pop();
    }
    text
}

/// The name of an identifier part without what says that it identifies: `ApiId` → `Api`, `Name` → nothing.
fn stem(name: &str) -> &str {
    ["Identifier", "Name", "Id"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

fn is_arn(name: &str) -> bool {
    name.ends_with("Arn") || name.ends_with("ARN")
}

fn split(resource: &str) -> Vec<&str> {
    resource.split(['/', ':']).filter(|one| !one.is_empty()).collect()
}

/// `arn/table.tsv`, read once. Columns: type without `AWS::`; service; the resource part, where `{Name}` stands for one
/// segment and `{Name*}` for any; and the identifier's parts joined by `+`, where the holes of the resource part,
/// `{arn}`, `{partition}`, `{region}`, `{account}` and `{dnsSuffix}` are filled, and `-` means that the ARN does not tell.
/// Without the last column a part is the hole of its name, else the ARN, if its name says so.
struct Table {
    rows: Vec<Row>,
    by_type: HashMap<&'static str, Vec<usize>>,
    by_service: HashMap<&'static str, Vec<usize>>,
}

struct Row {
    ty: String,
    service: &'static str,
    pattern: Vec<Piece>,
    identifier: Option<&'static str>,
}

enum Piece {
    Text(&'static str),
    Hole { name: &'static str, any: bool },
}

impl Table {
    fn get() -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| Self::read(include_str!("arn/table.tsv")))
    }

    fn read(text: &'static str) -> Self {
        let mut table = Self { rows: Vec::new(), by_type: HashMap::new(), by_service: HashMap::new() };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut columns = line.split('\t');
            let (Some(ty), Some(service), Some(pattern)) = (columns.next(), columns.next(), columns.next())
            else {
                continue;
            };
            table.by_type.entry(ty).or_default().push(table.rows.len());
            table.by_service.entry(service).or_default().push(table.rows.len());
            let row = Row {
                ty: format!("AWS::{ty}"),
                service,
                pattern: pieces(pattern),
                identifier: columns.next(),
            };
            table.rows.push(row);
        }
        table
    }

    fn rows(&self, ty: &str) -> Vec<&Row> {
        let short = ty.strip_prefix("AWS::").unwrap_or(ty);
        self.by_type.get(short).into_iter().flatten().filter_map(|at| self.rows.get(*at)).collect()
    }

    /// The types of the rows that an ARN fits, in their order.
    fn matching<'t>(&'t self, arn: &'t Arn<'_>) -> impl Iterator<Item = &'t str> {
        let rows = self.by_service.get(arn.service).into_iter().flatten();
        let mut seen = Vec::new();
        rows.filter_map(|at| self.rows.get(*at))
            .filter(|row| row.captures(arn).is_some())
            .map(|row| row.ty.as_str())
            .filter(move |ty| {
                let new = !seen.contains(ty);
                seen.push(ty);
                new
            })
    }
}

impl Row {
    fn captures<'a>(&self, arn: &Arn<'a>) -> Option<HashMap<&'static str, &'a str>> {
        let mut captures = HashMap::new();
        (self.service == arn.service && matches(&self.pattern, arn.resource, &mut captures))
            .then_some(captures)
    }

    /// The values of the identifier's parts; `None` if the ARN is another's, or does not tell.
    fn identifier(&self, names: &[String], arn: &Arn<'_>) -> Option<Vec<String>> {
        let captures = self.captures(arn)?;
        match self.identifier {
            Some("-") => None,
            Some(templates) => {
                let values: Option<Vec<String>> =
                    templates.split('+').map(|template| fill(template, &captures, arn)).collect();
                values.filter(|values| values.len() == names.len())
            }
            None => names
                .iter()
                .map(|name| match captures.get(name.rsplit('/').next().unwrap_or(name)) {
                    Some(value) => Some((*value).to_owned()),
                    None => is_arn(name).then(|| arn.text.to_owned()),
                })
                .collect(),
        }
    }
}

fn pieces(pattern: &'static str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some((text, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        pieces.push(match name.strip_suffix('*') {
            Some(name) => Piece::Hole { name, any: true },
            None => Piece::Hole { name, any: false },
        });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn matches<'a>(pieces: &[Piece], text: &'a str, captures: &mut HashMap<&'static str, &'a str>) -> bool {
    match pieces {
        [] => text.is_empty(),
        [Piece::Text(words), rest @ ..] => {
            text.strip_prefix(words).is_some_and(|text| matches(rest, text, captures))
        }
        [Piece::Hole { name, any: false }, rest @ ..] => {
            let (value, text) = text.split_at(text.find(['/', ':']).unwrap_or(text.len()));
            captures.insert(name, value);
            !value.is_empty() && matches(rest, text, captures)
        }
        [Piece::Hole { name, any: true }, rest @ ..] => {
            // The longest that leaves enough for the rest.
            let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
            ends.into_iter().any(|end| {
                let (value, text) = text.split_at(end);
                captures.insert(name, value);
                matches(rest, text, captures)
            })
        }
    }
}

/// Fills the holes of an identifier part; `None` if the ARN does not have what one asks for.
fn fill(template: &str, captures: &HashMap<&'static str, &str>, arn: &Arn<'_>) -> Option<String> {
    let partition = Partition::named(arn.partition).unwrap_or_else(|| Partition::of_region(arn.region));
    let mut filled = String::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let value = match name {
            "arn" => arn.text,
            "partition" => arn.partition,
            "region" => arn.region,
            "account" => arn.account,
            "dnsSuffix" => partition.dns_suffix,
            name => captures.get(name)?,
        };
        if value.is_empty() {
            return None;
        }
        filled.push_str(text);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_taken_apart() {
        let arn = Arn::parse("arn:aws-cn:states:cn-north-1:123456789012:stateMachine:a:b").unwrap();
        assert_eq!((arn.partition, arn.service, arn.region), ("aws-cn", "states", "cn-north-1"));
        assert_eq!((arn.account, arn.resource), ("123456789012", "stateMachine:a:b"));
        for text in ["", "arn:aws:s3", "arn:aws:s3:::", "https://x", "arn::s3:::a", "aws:aws:s3:::a"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn holes_take_one_segment_or_any() {
        let cases = [
            ("role/{n}", "role/a", Some("a")),
            ("role/{n}", "role/a/b", None),
            ("role/{p*}/{n}", "role/a/b/c", Some("c")),
            ("role/{p*}/{n}", "role/c", None),
            ("log-group:{n*}:*", "log-group:/a/b:*", Some("/a/b")),
            ("{n}", "a:b", None),
            ("x/{n}/y", "x/ä/y", Some("ä")),
            ("x/{n}/y", "x//y", None),
            ("x/{n*}", "x/", None),
            ("default", "default", None),
        ];
        for (pattern, text, expected) in cases {
            let mut captures = HashMap::new();
            let found = matches(&pieces(pattern), text, &mut captures);
            assert_eq!(found.then(|| captures.get("n").copied()).flatten(), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn words_of_both_worlds_are_one() {
        for (arn, ty) in
            [("internet-gateway", "InternetGateway"), ("apis", "Api"), ("jobTemplates", "JobTemplate")]
        {
            assert_eq!(word(arn), word(ty));
        }
        assert_eq!(word("access"), "access");
        assert_eq!(stem("ApiId"), "Api");
        assert_eq!(stem("Name"), "");
    }
}
