//! Property names as columns: `DBInstanceIdentifier` ↔ `db_instance_identifier` (stackql-compat 6.2).

use crate::schema::ResourceSchema;

/// Acronyms that become words first, in the order of the published procedure.
const WORDS: &[(&str, &str)] = &[
    ("DB", "Db"),
    ("ARN", "Arn"),
    ("WAN", "Wan"),
    ("URL", "Url"),
    ("VPCDHCP", "VpcDhcp"),
    ("EC2Fleet", "Ec2_Fleet"),
    ("VPC", "Vpc"),
    ("DHCP", "Dhcp"),
    ("DNS", "Dns"),
    ("IP", "Ip"),
    ("IAM", "Iam"),
    ("IPAM", "Ipam"),
    ("TLS", "Tls"),
    ("SSM", "Ssm"),
    ("CNAME", "Cname"),
    ("SQ", "Sq"),
    ("ML", "Ml"),
    ("SKU", "Sku"),
    ("KMS", "Kms"),
    ("OK", "Ok"),
    ("CA", "Ca"),
    ("ID", "Id"),
    ("TTL", "Ttl"),
    ("URI", "Uri"),
    ("LB", "Lb"),
    ("SNS", "Sns"),
    ("AWS", "Aws"),
    ("ACL", "Acl"),
    ("AZ", "Az"),
    ("API", "Api"),
    ("MSK", "Msk"),
    ("ECS", "Ecs"),
    ("EBS", "Ebs"),
    ("CWE", "Cwe"),
    ("SSE", "Sse"),
    ("HPO", "Hpo"),
    ("LF", "Lf"),
    ("WAL", "Wal"),
    ("MFA", "Mfa"),
    ("OAuth", "Oauth"),
];

/// Names that SQL reserves; they get a leading underscore.
const RESERVED: &[&str] = &["values", "schema", "database", "format", "update", "force", "match"];

/// The column of a property, computed as the published definitions do it.
///
/// The two columns that those definitions patch by hand belong to whoever knows the type.
pub fn column_name(property: &str) -> String {
    let mut text = property.to_owned();
    for (acronym, word) in WORDS {
        if text.contains(acronym) {
            text = text.replace(acronym, word);
        }
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.extend(c.to_lowercase());
        // Pairs (word character)(capital) do not overlap: the capital is consumed with its pair.
        let is_word = c.is_alphanumeric() || c == '_';
        if is_word && let Some(next) = chars.next_if(char::is_ascii_uppercase) {
            out.push('_');
            out.extend(next.to_lowercase());
        }
    }
    let out = out.replace("__", "_");
    if RESERVED.contains(&out.as_str()) { format!("_{out}") } else { out }
}

/// The name among `properties` that a user's spelling means: exact, else whatever the case, else by column name.
pub fn find_property<'p>(
    wanted: &str,
    properties: impl IntoIterator<Item = &'p str> + Clone,
) -> Option<&'p str> {
    let mut all = properties.clone().into_iter();
    if let Some(found) = all.find(|p| *p == wanted) {
        return Some(found);
    }
    if let Some(found) = properties.clone().into_iter().find(|p| p.eq_ignore_ascii_case(wanted)) {
        return Some(found);
    }
    // A column differs from its property by underscores and case only, so the costly column name is computed for the
    // few properties that are spelt alike.
    fn bare(text: &str) -> impl Iterator<Item = char> + '_ {
        text.chars().filter(|c| *c != '_').flat_map(char::to_lowercase)
    }
    let mut alike = properties.into_iter().filter(|p| bare(p).eq(bare(wanted)));
    let first = alike.next()?;
    std::iter::once(first).chain(alike).find(|p| column_name(p).eq_ignore_ascii_case(wanted)).or(Some(first))
}

/// A column that every table has beside the properties of its type (stackql-compat 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableColumn {
    /// The parts of the primary identifier, joined.
    Identifier,
    /// Where it lives.
    Region,
}

impl TableColumn {
    /// The column of this name, with or without `data__`, unless a property of the type is called so.
    pub fn named(name: &str, schema: &ResourceSchema) -> Option<Self> {
        let bare = name.strip_prefix("data__").unwrap_or(name);
        let names = || schema.root.properties.keys().map(String::as_str);
        if [name, bare].iter().any(|name| find_property(name, names()).is_some()) {
            return None;
        }
        match bare.to_ascii_lowercase().as_str() {
            "identifier" => Some(Self::Identifier),
            "region" => Some(Self::Region),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_follow_the_published_procedure() {
        for (property, column) in [
            ("DomainName", "domain_name"),
            ("DBInstanceIdentifier", "db_instance_identifier"),
            ("Arn", "arn"),
            ("VpcId", "vpc_id"),
            ("IntegrationArn", "integration_arn"),
            ("KMSKeyId", "kms_key_id"),
            ("Values", "_values"),
        ] {
            assert_eq!(column_name(property), column);
        }
    }

    #[test]
    fn a_table_has_columns_beside_the_properties_unless_one_is_called_so() {
        let schema = |properties: serde_json::Value| -> ResourceSchema {
            serde_json::from_value(serde_json::json!({"typeName": "A::B::C", "properties": properties}))
                .unwrap()
        };
        let plain = schema(serde_json::json!({"Name": {}}));
        for (name, column) in [
            ("identifier", Some(TableColumn::Identifier)),
            ("data__Identifier", Some(TableColumn::Identifier)),
            ("Region", Some(TableColumn::Region)),
            ("name", None),
            ("other", None),
        ] {
            assert_eq!(TableColumn::named(name, &plain), column, "{name}");
        }
        let own = schema(serde_json::json!({"Region": {}}));
        for name in ["region", "data__region", "data__Region"] {
            assert_eq!(TableColumn::named(name, &own), None, "{name}");
        }
    }

    #[test]
    fn either_spelling_finds_the_property() {
        let names = ["DomainName", "Uri", "DBInstanceClass"];
        assert_eq!(find_property("domain_name", names), Some("DomainName"));
        assert_eq!(find_property("DBINSTANCECLASS", names), Some("DBInstanceClass"));
        assert_eq!(find_property("db_instance_class", names), Some("DBInstanceClass"));
        assert_eq!(find_property("nope", names), None);
    }
}
