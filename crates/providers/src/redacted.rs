//! A provider whose words hold no secret of the stack.

use async_trait::async_trait;
use serde_json::Value as Json;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{ClientToken, RequestToken, Target, TypeName};
use stack_core::provider::{
    Caller, Failure, FailureKind, Found, Operation, Page, Progress, Provider, RequestPage, TagFilter,
    TaggedPage, Transience, TypeOrigin, TypePage, TypeRecord,
};
use stack_core::redact::Redactor;

/// Takes the secrets out of whatever the service says, before anybody else sees it. Identifiers and models stay as they
/// are: calls and comparisons need them.
#[derive(Debug)]
pub struct Redacted<P> {
    inner: P,
    redactor: Redactor,
}

impl<P: Provider> Redacted<P> {
    /// Wraps a provider.
    pub fn new(inner: P, redactor: Redactor) -> Self {
        Self { inner, redactor }
    }

    fn failed<T>(&self, answer: Result<T, Failure>) -> Result<T, Failure> {
        answer.map_err(|failure| self.redactor.failure(failure))
    }

    fn told(&self, answer: Result<Progress, Failure>) -> Result<Progress, Failure> {
        self.failed(answer).map(|progress| self.state(progress))
    }

    /// A code that the provider knows decides what the state means, and is no secret.
    fn state(&self, progress: Progress) -> Progress {
        let mut progress = self.redactor.progress(progress);
        if progress.error_code.is_some() && self.inner.failure_of(&progress).kind == FailureKind::Internal {
            progress.error_code.iter_mut().for_each(|code| self.redactor.clear(code));
        }
        progress
    }
}

#[async_trait]
impl<P: Provider> Provider for Redacted<P> {
    async fn caller(&self, at: &Target) -> Result<Caller, Failure> {
        self.failed(self.inner.caller(at).await)
    }

    async fn read(&self, at: &Target, ty: &TypeName, key: &Key) -> Result<Option<Found>, Failure> {
        self.failed(self.inner.read(at, ty, key).await)
    }

    async fn list(
        &self,
        at: &Target,
        ty: &TypeName,
        model: Option<&Json>,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        self.failed(self.inner.list(at, ty, model, page).await)
    }

    async fn submit(
        &self,
        at: &Target,
        operation: &Operation,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        self.told(self.inner.submit(at, operation, token).await)
    }

    async fn poll(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        self.told(self.inner.poll(at, request).await)
    }

    async fn cancel(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        self.told(self.inner.cancel(at, request).await)
    }

    async fn requests(
        &self,
        at: &Target,
        in_flight_only: bool,
        page: Option<&str>,
    ) -> Result<RequestPage, Failure> {
        let page = self.failed(self.inner.requests(at, in_flight_only, page).await)?;
        let requests = page.requests.into_iter().map(|progress| self.state(progress)).collect();
        Ok(RequestPage { requests, next: page.next })
    }

    fn keeps_requests(&self, ty: &TypeName) -> bool {
        self.inner.keeps_requests(ty)
    }

    async fn tagged(
        &self,
        at: &Target,
        filters: &[TagFilter],
        types: &[String],
        page: Option<&str>,
    ) -> Result<TaggedPage, Failure> {
        self.failed(self.inner.tagged(at, filters, types, page).await)
    }

    fn index_place(&self, at: &Target, ty: &TypeName) -> Target {
        self.inner.index_place(at, ty)
    }

    fn index_places(&self, at: &Target) -> Vec<Target> {
        self.inner.index_places(at)
    }

    fn identifiers_of(&self, ty: &TypeName, arn: &str) -> Vec<Identifier> {
        self.inner.identifiers_of(ty, arn)
    }

    fn types_of(&self, arn: &str) -> Vec<TypeName> {
        self.inner.types_of(arn)
    }

    async fn describe_type(&self, at: &Target, ty: &TypeName) -> Result<TypeRecord, Failure> {
        self.failed(self.inner.describe_type(at, ty).await)
    }

    async fn list_types(
        &self,
        at: &Target,
        which: TypeOrigin,
        page: Option<&str>,
    ) -> Result<TypePage, Failure> {
        self.failed(self.inner.list_types(at, which, page).await)
    }

    fn failure_of(&self, progress: &Progress) -> Failure {
        self.redactor.failure(self.inner.failure_of(progress))
    }

    fn transience(&self, message: &str) -> Option<Transience> {
        self.inner.transience(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_core::provider::Status;

    const PLANTED: &str = "S3cr3tPl4nt";

    /// Says the secret wherever a service has words.
    #[derive(Debug)]
    struct Parrot {
        refuses: bool,
    }

    impl Parrot {
        fn refusal<T>(&self, answer: T) -> Result<T, Failure> {
            if self.refuses {
                let words = format!("Value '{PLANTED}' at 'roleArn' failed to satisfy constraint");
                Err(Failure::new(FailureKind::Invalid, format!("Bad{PLANTED}"), words))
            } else {
                Ok(answer)
            }
        }
    }

    fn event() -> Progress {
        Progress {
            request: RequestToken::new("r"),
            ty: None,
            verb: None,
            status: Status::Other(PLANTED.to_owned()),
            identifier: None,
            error_code: Some(PLANTED.to_owned()),
            message: format!("{PLANTED} is bad"),
            retry_after: None,
            at: None,
            hooks: vec![(format!("Hook{PLANTED}"), format!("{PLANTED} is denied"))],
            hooks_request: None,
            model: Some(serde_json::json!({"Password": PLANTED, "List": [1, format!("a {PLANTED}")]})),
        }
    }

    #[async_trait]
    impl Provider for Parrot {
        async fn caller(&self, _: &Target) -> Result<Caller, Failure> {
            self.refusal(Caller { account: "1".into(), arn: String::new() })
        }
        async fn read(&self, _: &Target, _: &TypeName, _: &Key) -> Result<Option<Found>, Failure> {
            let model = Json::String(PLANTED.to_owned());
            self.refusal(Some(Found { identifier: Identifier::single("Id", PLANTED), model }))
        }
        async fn list(
            &self,
            _: &Target,
            _: &TypeName,
            _: Option<&Json>,
            _: Option<&str>,
        ) -> Result<Page, Failure> {
            self.refusal(Page::default())
        }
        async fn submit(&self, _: &Target, _: &Operation, _: &ClientToken) -> Result<Progress, Failure> {
            self.refusal(event())
        }
        async fn poll(&self, _: &Target, _: &RequestToken) -> Result<Progress, Failure> {
            self.refusal(event())
        }
        async fn cancel(&self, _: &Target, _: &RequestToken) -> Result<Progress, Failure> {
            self.refusal(event())
        }
        async fn requests(&self, _: &Target, _: bool, _: Option<&str>) -> Result<RequestPage, Failure> {
            self.refusal(RequestPage { requests: vec![event()], next: None })
        }
    }

    #[tokio::test]
    async fn no_words_of_the_service_hold_a_secret_but_models_stay() {
        let redactor = Redactor::default();
        redactor.learn_text(PLANTED);
        let at = Target {
            provider: "aws".into(),
            region: None,
            role_arn: None,
            type_version_id: None,
            credential: None,
        };
        let ty = TypeName::new("AWS::S3::Bucket");
        let key = Key::Primary(Identifier::single("Id", "x"));
        let operation = Operation::Delete { ty: ty.clone(), identifier: Identifier::single("Id", "x") };
        let (request, token) = (RequestToken::new("r"), ClientToken::new("t"));
        for refuses in [true, false] {
            let cloud = Redacted::new(Parrot { refuses }, redactor.clone());
            let said = [
                format!("{:?}", cloud.caller(&at).await),
                format!("{:?}", cloud.list(&at, &ty, None, None).await),
                format!("{:?}", cloud.submit(&at, &operation, &token).await),
                format!("{:?}", cloud.poll(&at, &request).await),
                format!("{:?}", cloud.cancel(&at, &request).await),
                format!("{:?}", cloud.requests(&at, true, None).await),
                format!("{:?}", cloud.failure_of(&event())),
                format!("{:?}", cloud.read(&at, &ty, &key).await.err()),
            ];
            for text in said {
                assert!(!text.contains(PLANTED), "{text}");
            }
        }
        let cloud = Redacted::new(Parrot { refuses: false }, redactor);
        let told =
            cloud.poll(&at, &request).await.ok().and_then(|told| told.model).map(|model| model.to_string());
        assert!(
            told.is_some_and(|model| !model.contains(PLANTED)),
            "the model of an operation is only shown"
        );
        let found = cloud.read(&at, &ty, &key).await.ok().flatten();
        assert_eq!(found.map(|found| found.model), Some(Json::String(PLANTED.to_owned())));
    }
}
