use super::*;
use crate::schemas::CachedSchemas;
use async_trait::async_trait;
use serde_json::{Value as Json, json};
use stack_core::identity::Key;
use stack_core::ids::{ClientToken, RequestToken};
use stack_core::provider::{Caller, Found, Operation, Page, Progress, RequestPage, TypePage};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// A registry with some schemas, in pages of one type.
#[derive(Debug, Default)]
struct Registry(BTreeMap<String, Result<String, FailureKind>>);

fn unused() -> Failure {
    Failure::new(FailureKind::Unsupported, "Unused", "not asked here")
}

#[async_trait]
impl Provider for Registry {
    async fn caller(&self, _: &Target) -> Result<Caller, Failure> {
        Err(unused())
    }
    async fn read(&self, _: &Target, _: &TypeName, _: &Key) -> Result<Option<Found>, Failure> {
        Err(unused())
    }
    async fn list(
        &self,
        _: &Target,
        _: &TypeName,
        _: Option<&Json>,
        _: Option<&str>,
    ) -> Result<Page, Failure> {
        Err(unused())
    }
    async fn submit(&self, _: &Target, _: &Operation, _: &ClientToken) -> Result<Progress, Failure> {
        Err(unused())
    }
    async fn poll(&self, _: &Target, _: &RequestToken) -> Result<Progress, Failure> {
        Err(unused())
    }
    async fn cancel(&self, _: &Target, _: &RequestToken) -> Result<Progress, Failure> {
        Err(unused())
    }
    async fn requests(&self, _: &Target, _: bool, _: Option<&str>) -> Result<RequestPage, Failure> {
        Err(unused())
    }
    async fn describe_type(&self, _: &Target, ty: &TypeName) -> Result<TypeRecord, Failure> {
        let schema = match self.0.get(ty.as_str()) {
            Some(Ok(schema)) => schema.clone(),
            Some(Err(kind)) => return Err(Failure::new(*kind, kind.word(), "so it is")),
            None => return Err(Failure::new(FailureKind::NotFound, "TypeNotFoundException", "no such type")),
        };
        Ok(TypeRecord {
            ty: ty.clone(),
            schema,
            provisioning: Some("FULLY_MUTABLE".to_owned()),
            visibility: Some("PRIVATE".to_owned()),
            default_version: Some("00000001".to_owned()),
            deprecated: false,
            last_updated: Some(0),
        })
    }
    async fn list_types(&self, _: &Target, _: TypeOrigin, page: Option<&str>) -> Result<TypePage, Failure> {
        let at: usize = page.map_or(0, |page| page.parse().unwrap());
        let types = self.0.keys().skip(at).take(1).map(TypeName::new).collect();
        let next = (at + 1 < self.0.len()).then(|| (at + 1).to_string());
        Ok(TypePage { types, next })
    }
}

fn target() -> Target {
    Target {
        provider: "aws".into(),
        region: Some("us-east-1".into()),
        role_arn: None,
        type_version_id: None,
        credential: None,
    }
}

fn schema(ty: &str) -> String {
    json!({
        "typeName": ty, "description": "Ours.", "properties": { "Name": { "type": "string" } },
        "primaryIdentifier": ["/properties/Name"], "additionalProperties": false,
        "handlers": { "create": { "permissions": [] }, "read": { "permissions": [] }, "delete": { "permissions": [] } }
    })
    .to_string()
}

fn names(types: &[&str]) -> Vec<TypeName> {
    types.iter().map(|name| TypeName::new(*name)).collect()
}

#[tokio::test]
async fn a_private_type_is_cached_and_used_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let registry =
        Registry(BTreeMap::from([("Acme::Own::Thing".to_owned(), Ok(schema("Acme::Own::Thing")))]));
    let said = Mutex::new(Vec::new());
    let tell = |line: &str| said.lock().unwrap().push(line.to_owned());
    let types = names(&["Acme::Own::Thing"]);
    let refreshed = refresh(&registry, &target(), "us-east-1", &types, dir.path(), &tell).await;
    assert_eq!(said.into_inner().unwrap(), ["Acme::Own::Thing  private\n"]);
    assert_eq!(refreshed.done, 1);
    assert!(refreshed.problems.is_empty());
    let schemas = CachedSchemas::new(Some(dir.path().to_owned()));
    assert!(schemas.schema(&"Acme::Own::Thing".into()).unwrap().is_provisionable());
    assert_eq!(schemas.used()[0].region, "us-east-1");
}

#[tokio::test]
async fn a_failure_is_never_cached_and_what_was_cached_stays() {
    let dir = tempfile::tempdir().unwrap();
    let ty = "Acme::Own::Thing";
    let good = Registry(BTreeMap::from([(ty.to_owned(), Ok(schema(ty)))]));
    refresh(&good, &target(), "us-east-1", &names(&[ty]), dir.path(), &|_| {}).await;
    let answers = [
        Err(FailureKind::Throttled),
        Ok("{".to_owned()),
        Ok("{}".to_owned()),
        Ok(schema("Acme::Own::Other")),
    ];
    for answer in answers {
        let bad = Registry(BTreeMap::from([(ty.to_owned(), answer)]));
        let refreshed =
            refresh(&bad, &target(), "us-east-1", &names(&[ty, "Acme::Own::None"]), dir.path(), &|_| {})
                .await;
        assert_eq!(refreshed.done, 0);
        assert_eq!(refreshed.problems.len(), 2, "{:?}", refreshed.problems);
        let schemas = CachedSchemas::new(Some(dir.path().to_owned()));
        assert!(schemas.schema(&ty.into()).is_ok());
        assert_eq!(std::fs::read_dir(dir.path().join("us-east-1")).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn without_permission_the_rest_is_not_asked() {
    let dir = tempfile::tempdir().unwrap();
    let denied = Registry(BTreeMap::from([
        ("Acme::Own::A".to_owned(), Err(FailureKind::Denied)),
        ("Acme::Own::B".to_owned(), Err(FailureKind::Denied)),
    ]));
    let types = list(&denied, &target(), TypeOrigin::Account).await.unwrap();
    assert_eq!(types.len(), 2);
    let refreshed = refresh(&denied, &target(), "us-east-1", &types, dir.path(), &|_| {}).await;
    assert_eq!(refreshed.problems.len(), 1);
    assert!(refreshed.problems[0].notes.iter().any(|(_, text)| text.contains("DescribeType")));
}
