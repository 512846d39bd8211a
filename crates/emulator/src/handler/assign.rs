//! Values that a service chooses: identifiers, ARNs, times, states.
//!
//! The candidates come from property names, formats and the type's name; the first that satisfies the schema counts,
//! then a text made from the pattern.

use super::Place;
use crate::arn::{self, kebab};
use crate::dice::Dice;
use crate::identify::{is_own_name, is_settable};
use crate::model::{expand, get_mut, set};
use crate::time;
use crate::validate::{Patterns, check_node};
use serde_json::{Map, Value as Json};
use stack_core::pointer::{Pointer, PropertyPath, Step};
use stack_core::schema::{JsonType, Node, ResourceSchema};

/// Makes values for one resource.
pub(crate) struct Assigner<'a> {
    schema: &'a ResourceSchema,
    place: &'a Place,
    patterns: &'a mut Patterns,
    dice: &'a mut Dice,
    /// The resource's own short name or id, used in its ARN.
    own: String,
    /// How many of its name came before.
    revision: u32,
}

impl<'a> Assigner<'a> {
    pub(crate) fn new(
        schema: &'a ResourceSchema,
        place: &'a Place,
        patterns: &'a mut Patterns,
        dice: &'a mut Dice,
    ) -> Self {
        Self { schema, place, patterns, dice, own: String::new(), revision: 0 }
    }

    /// Uses a random id where the resource's name would do, because the name is taken.
    pub(crate) fn be_unique(&mut self, revision: u32) {
        self.own = self.dice.uuid();
        self.revision = revision;
    }

    /// Any value that a node allows.
    #[cfg(test)]
    pub(crate) fn sample(&mut self, node: &Node, name: &str) -> Option<Json> {
        self.value(node, name, 3)
    }

    /// Completes a model that was just created: names the caller left out, then read-only values.
    pub(crate) fn complete(&mut self, model: &mut Json) {
        let schema = self.schema;
        let settable: Vec<&PropertyPath> =
            schema.primary_identifier.iter().filter(|path| is_settable(schema, path)).collect();
        for path in &settable {
            let Some(pointer) = path.as_pointer() else { continue };
            let names_it = settable.len() == 1 || is_own_name(schema, path);
            if pointer.get(model).is_none() && names_it {
                let name = self.made_up_name(&pointer);
                set(model, &pointer, Json::from(name));
            }
        }
        // What an ARN is made of is named too.
        for part in arn::parts(schema).into_iter().filter(|part| part.is_name) {
            let pointer = part.pointer;
            let settable = !schema.read_only_properties.covers(&pointer) && schema.at(&pointer).is_some();
            let is_there = pointer.segments().len() > 1 || pointer.get(model).is_some();
            if settable && !is_there && arn::own_property(schema).is_some() {
                let name = self.made_up_name(&pointer);
                set(model, &pointer, Json::from(name));
            }
        }
        self.own = self.own_name(model);
        self.fill(model);
    }

    /// Gives every read-only path that has no value one, where its container exists.
    pub(crate) fn fill(&mut self, model: &mut Json) {
        let schema = self.schema;
        if self.own.is_empty() {
            self.own = self.own_name(model);
        }
        let parts = arn::parts(schema);
        let in_arn = |path: &PropertyPath| {
            parts.iter().any(|part| path.as_pointer().is_some_and(|pointer| pointer == part.pointer))
        };
        for path in schema.read_only_properties.iter().filter(|path| in_arn(path)) {
            self.fill_at(path, model);
        }
        self.fill_own_arn(model);
        for path in schema.read_only_properties.iter() {
            self.fill_at(path, model);
        }
    }

    /// The own ARN as the service makes it, where its form is known.
    fn fill_own_arn(&mut self, model: &mut Json) {
        let schema = self.schema;
        let Some(pointer) = arn::own_property(schema).and_then(|path| path.as_pointer()) else { return };
        if pointer.get(model).is_some() || !schema.read_only_properties.covers(&pointer) {
            return;
        }
        let made = arn::made(schema, model, self.place, self.dice, self.revision);
        let (Some(arn), Some(node)) = (made, schema.at(&pointer)) else { return };
        let value = Json::from(arn);
        if check_node(schema, node, &value, self.patterns).is_empty() {
            set(model, &pointer, value);
        }
    }

    fn fill_at(&mut self, path: &PropertyPath, model: &mut Json) {
        let schema = self.schema;
        let Some((Step::Key(name), container)) = path.0.split_last() else { return };
        for parent in self.containers(container, model) {
            let pointer = parent.child(name);
            let is_member = parent.get(model).is_none_or(Json::is_object);
            if pointer.get(model).is_some() || !is_member {
                continue;
            }
            if let Some(node) = schema.at(&pointer)
                && let Some(value) = self.value(node, name, 0)
            {
                set(model, &pointer, value);
            }
        }
    }

    /// Moves the times of the last change on.
    pub(crate) fn touch(&mut self, model: &mut Json) {
        let schema = self.schema;
        for path in schema.read_only_properties.iter() {
            let Some(Step::Key(name)) = path.0.last() else { continue };
            let is_change_time = ["LastUpdated", "LastModified", "UpdatedAt", "ModifiedAt", "UpdateTime"]
                .iter()
                .any(|word| name.contains(word));
            let is_time = ["At", "Time", "Date", "Timestamp", "On"].iter().any(|word| name.ends_with(word));
            if !(is_change_time && is_time) {
                continue;
            }
            for pointer in expand(path, model) {
                let Some(node) = schema.at(&pointer) else { continue };
                if let Some(value) = self.value(node, name, 0)
                    && let Some(slot) = get_mut(model, &pointer)
                {
                    *slot = value;
                }
            }
        }
    }

    /// The places that hold the last step of a path. A container that is missing is made if it is read-only itself or
    /// holds nothing that the caller could have set.
    fn containers(&self, steps: &[Step], model: &Json) -> Vec<Pointer> {
        if steps.is_empty() {
            return vec![Pointer::root()];
        }
        let path = PropertyPath(steps.to_vec());
        let found = expand(&path, model);
        if !found.is_empty() {
            return found;
        }
        let Some(pointer) = path.as_pointer() else { return Vec::new() };
        let all_read_only = self.schema.at(&pointer).is_some_and(|node| {
            !node.properties.is_empty()
                && node
                    .properties
                    .keys()
                    .all(|key| self.schema.read_only_properties.covers(&pointer.child(key)))
        });
        if all_read_only { vec![pointer] } else { Vec::new() }
    }

    fn own_name(&mut self, model: &Json) -> String {
        let schema = self.schema;
        let identifying =
            schema.primary_identifier.iter().chain(schema.additional_identifiers.iter().flatten()).rev();
        let named = identifying
            .filter(|path| is_settable(schema, path))
            .find_map(|path| crate::identify::value(path, model))
            .or_else(|| {
                let resource = self.resource();
                ["Name".to_owned(), format!("{resource}Name")]
                    .iter()
                    .find_map(|name| model.get(name).and_then(Json::as_str).map(str::to_owned))
            });
        // Names within ARNs hold no colons.
        named
            .map(|name| name.rsplit(':').next().unwrap_or_default().trim_start_matches('/').to_owned())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| self.dice.uuid())
    }

    fn made_up_name(&mut self, pointer: &Pointer) -> String {
        let resource = self.resource();
        let candidates = [
            format!("{resource}-{}", self.dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 12)),
            format!("{}-{}", resource.to_lowercase(), self.dice.word(12)),
            format!("{}{}", resource.to_lowercase(), self.dice.word(8)),
            self.dice.word(16),
            self.dice.word(8),
        ];
        let Some(node) = self.schema.at(pointer) else { return self.dice.word(16) };
        self.first_fitting(node, &candidates)
            .or_else(|| self.pattern_sample(node))
            .unwrap_or_else(|| self.dice.word(16))
    }

    fn resource(&self) -> String {
        self.schema.type_name.as_str().rsplit("::").next().unwrap_or_default().to_owned()
    }

    fn service(&self) -> String {
        self.schema.type_name.as_str().split("::").nth(1).unwrap_or_default().to_lowercase()
    }

    /// A value for a node, by the name of its property.
    fn value(&mut self, node: &Node, name: &str, depth: u8) -> Option<Json> {
        let schema = self.schema;
        let node = crate::validate::follow(schema, node);
        if let Some(constant) = &node.constant {
            return Some(constant.clone());
        }
        if !node.choices.is_empty() {
            return Some(preferred(&node.choices));
        }
        let ty = node.types.iter().next().or_else(|| {
            let by_shape = if node.items.is_some() {
                JsonType::Array
            } else if !node.properties.is_empty() {
                JsonType::Object
            } else {
                return None;
            };
            Some(by_shape)
        });
        match ty {
            Some(JsonType::String) | None => {
                if let Some(branch) = node.one_of.first().or(node.any_of.first()).filter(|_| ty.is_none()) {
                    return if depth < 6 { self.value(branch, name, depth + 1) } else { None };
                }
                self.text(node, name).map(Json::from)
            }
            Some(JsonType::Integer | JsonType::Number) => Some(self.number(node, name)),
            Some(JsonType::Boolean) => Some(Json::from(false)),
            Some(JsonType::Null) => None,
            Some(JsonType::Array) => {
                let count = node.min_items.unwrap_or(0).max(u64::from(depth < 2)).min(8);
                let Some(element) = schema.element(node).filter(|_| depth < 6) else {
                    return Some(Json::Array(Vec::new()));
                };
                let items: Vec<Json> =
                    (0..count).filter_map(|_| self.value(element, name, depth + 1)).collect();
                (items.len() as u64 >= node.min_items.unwrap_or(0)).then(|| Json::Array(items))
            }
            Some(JsonType::Object) => {
                let mut map = Map::new();
                for (key, member) in &node.properties {
                    let wanted = node.required.contains(key) || depth < 2;
                    if wanted
                        && depth < 6
                        && let Some(value) = self.value(member, key, depth + 1)
                    {
                        map.insert(key.clone(), value);
                    }
                }
                let value = Json::Object(map);
                // A guess that breaks its own schema would poison every later update.
                check_node(schema, node, &value, self.patterns).is_empty().then_some(value)
            }
        }
    }

    fn number(&mut self, node: &Node, name: &str) -> Json {
        let is_time = is_time_name(name);
        let seconds = self.place.now_ms / 1000;
        let bound = |limit: &Option<serde_json::Number>| limit.as_ref().and_then(serde_json::Number::as_f64);
        if is_time && bound(&node.maximum).is_none() {
            return if node.types.names(JsonType::Integer) {
                Json::from(seconds)
            } else {
                Json::from(seconds as f64)
            };
        }
        let low = bound(&node.minimum).unwrap_or(1.0).max(1.0).min(bound(&node.maximum).unwrap_or(f64::MAX));
        Json::from(low as i64)
    }

    fn text(&mut self, node: &Node, name: &str) -> Option<String> {
        let candidates = self.candidates(node, name);
        if let Some(text) = self.first_fitting(node, &candidates) {
            return Some(text);
        }
        self.pattern_sample(node)
    }

    fn pattern_sample(&mut self, node: &Node) -> Option<String> {
        let min = node.min_length.unwrap_or(1) as usize;
        let max = node.max_length.unwrap_or(256) as usize;
        let compiled = self.patterns.get(node.pattern.as_deref()?)?.clone();
        compiled.sample(self.dice, min.max(1), max)
    }

    fn first_fitting(&mut self, node: &Node, candidates: &[String]) -> Option<String> {
        candidates
            .iter()
            .find(|text| check_node(self.schema, node, &Json::from(text.as_str()), self.patterns).is_empty())
            .cloned()
    }

    fn candidates(&mut self, node: &Node, name: &str) -> Vec<String> {
        let now = time::iso(self.place.now_ms);
        let whole_seconds = time::iso(self.place.now_ms - self.place.now_ms.rem_euclid(1000));
        let pattern = node.pattern.as_deref().unwrap_or_default();
        let mut list = Vec::new();
        if node.format.as_deref() == Some("date-time") || is_time_name(name) {
            list.extend([now, whole_seconds, (self.place.now_ms / 1000).to_string()]);
        }
        let is_arn = name.to_ascii_lowercase().ends_with("arn")
            || pattern.trim_start_matches(['^', '(']).starts_with("arn");
        if is_arn {
            list.extend(self.arns());
        }
        match name {
            "AccountId" | "OwnerId" | "AwsAccountId" | "OwnerAccount" | "OwnerAccountId" | "CreatedBy" => {
                list.push(self.place.account.clone());
            }
            "Region" | "AwsRegion" => list.push(self.place.region.clone()),
            "Version" | "LatestVersion" | "LatestVersionNumber" | "RevisionId" => list.push("1".to_owned()),
            _ => {}
        }
        if name.ends_with("Status") || name.ends_with("State") {
            list.extend(["ACTIVE".to_owned(), "Active".to_owned(), "active".to_owned()]);
        }
        let lower = name.to_ascii_lowercase();
        if ["endpoint", "domainname", "dnsname", "address", "url", "uri"]
            .iter()
            .any(|word| lower.ends_with(word))
        {
            let host =
                format!("{}.{}.{}.amazonaws.com", self.dice.word(10), self.service(), self.place.region);
            list.extend([format!("https://{host}"), host]);
            if lower.ends_with("endpoint") || lower.ends_with("address") || lower.ends_with("name") {
                list.rotate_left(1);
            }
        }
        if let Some(prefix) = id_prefix(node.format.as_deref(), self.schema.type_name.as_str(), name) {
            list.push(format!("{prefix}-{}", self.dice.hex(17)));
        }
        if lower.ends_with("id") || lower.ends_with("identifier") {
            list.extend([
                self.dice.uuid(),
                self.dice.hex(32),
                self.dice.word(10),
                self.dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 14),
                self.dice.text("123456789", 12),
            ]);
        }
        if lower.ends_with("name") {
            list.push(format!("{}-{}", self.resource().to_lowercase(), self.dice.word(8)));
        }
        list.extend([self.dice.word(12), self.dice.hex(8), "1".to_owned()]);
        list.push(self.dice.hex(node.min_length.unwrap_or(0).min(1024) as usize));
        list
    }

    fn arns(&mut self) -> Vec<String> {
        let (service, resource, own) =
            (arn::service_of(self.schema.type_name.as_str()), self.resource(), self.own.clone());
        let (partition, account) = (self.place.partition(), self.place.account.clone());
        let region = match service.as_str() {
            "iam" | "cloudfront" | "route53" | "organizations" | "s3" => String::new(),
            _ => self.place.region.clone(),
        };
        let holder = if service == "s3" { String::new() } else { account };
        let kind = kebab(&resource);
        let prefix = format!("arn:{partition}:{service}:{region}:{holder}");
        let unique = self.dice.uuid();
        let bare = matches!(service.as_str(), "s3" | "sns" | "sqs");
        let mut list = if bare { vec![format!("{prefix}:{own}")] } else { Vec::new() };
        if matches!(service.as_str(), "lambda" | "logs" | "rds" | "states" | "cloudwatch") {
            list.push(format!("{prefix}:{kind}:{own}"));
        }
        list.extend([
            format!("{prefix}:{kind}/{own}"),
            format!("{prefix}:{kind}:{own}"),
            format!("{prefix}:{own}"),
            format!("{prefix}:{kind}/{unique}"),
            format!("{prefix}:{kind}/{own}/{unique}"),
            format!("{prefix}:{}/{unique}", kind.replace('-', "")),
        ]);
        list
    }
}

/// The usual prefix of an identifier: from cfn-lint's format names, else from the type.
fn id_prefix(format: Option<&str>, ty: &str, name: &str) -> Option<&'static str> {
    let prefix = |ty: &str| {
        Some(match ty {
            "AWS::EC2::VPC" => "vpc",
            "AWS::EC2::Subnet" => "subnet",
            "AWS::EC2::SecurityGroup" => "sg",
            "AWS::EC2::Image" => "ami",
            "AWS::EC2::Instance" => "i",
            "AWS::EC2::Volume" => "vol",
            "AWS::EC2::InternetGateway" => "igw",
            "AWS::EC2::NatGateway" => "nat",
            "AWS::EC2::RouteTable" => "rtb",
            "AWS::EC2::NetworkInterface" => "eni",
            "AWS::EC2::NetworkAcl" => "acl",
            "AWS::EC2::VPCEndpoint" => "vpce",
            "AWS::EC2::EIP" => "eipalloc",
            "AWS::EC2::LaunchTemplate" => "lt",
            "AWS::EC2::TransitGateway" => "tgw",
            "AWS::EFS::FileSystem" => "fs",
            "AWS::EFS::MountTarget" => "fsmt",
            _ => return None,
        })
    };
    if let Some(found) = format.and_then(|f| f.split_once('.')).and_then(|(ty, _)| prefix(ty)) {
        return Some(found);
    }
    let resource = ty.rsplit("::").next().unwrap_or_default();
    let own = name == "Id" || name.eq_ignore_ascii_case(&format!("{resource}Id")) || name == "AllocationId";
    match name {
        "VpcId" => Some("vpc"),
        "SubnetId" => Some("subnet"),
        "GroupId" if ty == "AWS::EC2::SecurityGroup" => Some("sg"),
        _ if own => prefix(ty),
        _ => None,
    }
}

fn is_time_name(name: &str) -> bool {
    ["At", "Time", "Date", "Timestamp", "CreatedOn", "UpdatedOn", "ModifiedOn"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The choice that says that all is well, else the first.
fn preferred(choices: &[Json]) -> Json {
    const WELL: &[&str] = &[
        "ACTIVE",
        "AVAILABLE",
        "READY",
        "RUNNING",
        "ENABLED",
        "COMPLETED",
        "COMPLETE",
        "CREATED",
        "SUCCEEDED",
        "SUCCESS",
    ];
    WELL.iter()
        .find_map(|word| choices.iter().find(|c| c.as_str().is_some_and(|c| c.eq_ignore_ascii_case(word))))
        .or_else(|| choices.first())
        .cloned()
        .unwrap_or_default()
}
