//! The registry of types: what is asked, and what is made of its XML.

use crate::script::{Answer, Script, answer, at};
use stack_core::ids::TypeName;
use stack_core::provider::{FailureKind as K, Provider, TypeOrigin, TypePage, TypeRecord};

fn described(members: &str) -> Answer {
    answer(
        200,
        format!(
            "<DescribeTypeResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">\n  \
             <DescribeTypeResult>{members}</DescribeTypeResult>\n  <ResponseMetadata>\n    \
             <RequestId>r-1</RequestId>\n  </ResponseMetadata>\n</DescribeTypeResponse>\n"
        ),
    )
}

fn ty() -> TypeName {
    TypeName::new("AWS::S3::Bucket")
}

#[tokio::test]
async fn a_type_of_aws_is_described_with_its_schema_unescaped() {
    let script = Script::of([described(
        "<Arn>arn:aws:cloudformation:us-east-1::type/resource/AWS-S3-Bucket</Arn><Type>RESOURCE</Type>\
         <TypeName>AWS::S3::Bucket</TypeName><Visibility>PUBLIC</Visibility>\
         <ProvisioningType>FULLY_MUTABLE</ProvisioningType><DeprecatedStatus>LIVE</DeprecatedStatus>\
         <RequiredActivatedTypes/><TimeCreated>2020-01-02T03:04:05.678Z</TimeCreated>\
         <LastUpdated>2021-05-11T09:25:18.103Z</LastUpdated>\
         <Schema>{&quot;pattern&quot;: &quot;^&lt;a&gt; &amp;amp; &#39;ä&#39;$&quot;,&#xA; \"n\": 1}</Schema>",
    )]);
    let record = script.aws().await.describe_type(&at(Some("eu-west-1")), &ty()).await.expect("a type");
    assert_eq!(
        record,
        TypeRecord {
            ty: ty(),
            schema: "{\"pattern\": \"^<a> &amp; 'ä'$\",\n \"n\": 1}".to_owned(),
            provisioning: Some("FULLY_MUTABLE".to_owned()),
            visibility: Some("PUBLIC".to_owned()),
            default_version: None,
            deprecated: false,
            last_updated: Some(1_620_725_118_103),
        }
    );
    let sent = script.only();
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.uri.to_string(), "https://cloudformation.eu-west-1.amazonaws.com/");
    assert_eq!(sent.header("content-type"), "application/x-www-form-urlencoded");
    assert!(sent.header("authorization").contains("/eu-west-1/cloudformation/aws4_request"), "{sent:?}");
    assert_eq!(
        sent.body,
        "Action=DescribeType&Version=2010-05-15&Type=RESOURCE&TypeName=AWS%3A%3AS3%3A%3ABucket"
    );
}

#[tokio::test]
async fn a_private_type_has_a_version_and_can_be_deprecated() {
    let members = "<TypeName>Acme::Shop::Thing</TypeName><Visibility>PRIVATE</Visibility>\
                   <DefaultVersionId>00000003</DefaultVersionId><DeprecatedStatus>DEPRECATED</DeprecatedStatus>\
                   <LastUpdated>2024-02-29T12:00:00+02:00</LastUpdated><Schema>{}</Schema>";
    let script = Script::of([described(members), described(members)]);
    let aws = script.aws().await;
    let mut target = at(None);
    let thing = TypeName::new("Acme::Shop::Thing");
    let record = aws.describe_type(&target, &thing).await.expect("a type");
    assert_eq!(record.default_version.as_deref(), Some("00000003"));
    assert_eq!((record.visibility.as_deref(), record.deprecated), (Some("PRIVATE"), true));
    assert_eq!(record.last_updated, Some(1_709_200_800_000));
    target.type_version_id = Some("00000002".to_owned());
    aws.describe_type(&target, &thing).await.expect("a type");
    assert!(script.sent()[1].body.ends_with("&TypeName=Acme%3A%3AShop%3A%3AThing&VersionId=00000002"));
}

#[tokio::test]
async fn a_schema_of_sixteen_mebibytes_is_taken() {
    let schema = format!("{{\"d\":\"{}\"}}", "&lt;x&gt;".repeat(16 * 1024 * 1024 / 9));
    let script =
        Script::of([described(&format!("<TypeName>AWS::S3::Bucket</TypeName><Schema>{schema}</Schema>"))]);
    let record = script.aws().await.describe_type(&at(None), &ty()).await.expect("a type");
    assert_eq!(record.schema, schema.replace("&lt;", "<").replace("&gt;", ">"));
}

fn refused(status: u16, code: &str, message: &str) -> Answer {
    answer(
        status,
        format!(
            "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error>\
             <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>r-1</RequestId></ErrorResponse>"
        ),
    )
}

#[tokio::test]
async fn errors_have_their_class_and_a_missing_type_is_not_found() {
    let cases = [
        ("TypeNotFoundException", 404, K::NotFound),
        ("CFNRegistryException", 400, K::Internal),
        ("Throttling", 400, K::Throttled),
        ("ValidationError", 400, K::Invalid),
        ("AccessDenied", 403, K::Denied),
        ("InternalFailure", 500, K::Unavailable),
    ];
    for (code, status, kind) in cases {
        let script = Script::of([refused(status, code, "The type &apos;X&apos; cannot be found")]);
        let failure = script.aws().await.describe_type(&at(None), &ty()).await.expect_err("a failure");
        assert_eq!((failure.kind, failure.code.as_str()), (kind, code));
        assert_eq!(failure.message, "The type 'X' cannot be found");
        assert_eq!(failure.request_id.as_deref(), Some("req-1"));
        assert_eq!(script.sent().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_no_answer() {
    let good = match described("<TypeName>AWS::S3::Bucket</TypeName><Schema>{&quot;a&quot;:1}</Schema>") {
        Ok(answer) => String::from_utf8(answer.into_body().to_vec()).expect("text"),
        Err(error) => panic!("{error}"),
    };
    let cut = good.find("&quot;:1").expect("there") + 3;
    let good = good.trim_end();
    for body in ["", "{}", "<html></html>", &good[..cut], &good[..good.len() - 1], "<DescribeTypeResponse/>"]
    {
        let script = Script::of([answer(200, body)]);
        let failure = script.aws().await.describe_type(&at(None), &ty()).await.expect_err("a failure");
        assert_eq!((failure.kind, failure.code.as_str()), (K::NoAnswer, "UnreadableAnswer"), "{body}");
    }
    let script = Script::of([described("<TypeName>AWS::S3::Bucket</TypeName>")]);
    let failure = script.aws().await.describe_type(&at(None), &ty()).await.expect_err("a failure");
    assert_eq!((failure.kind, failure.code.as_str()), (K::Internal, "MalformedAnswer"));
}

fn listed(members: &str) -> Answer {
    answer(
        200,
        format!("<ListTypesResponse><ListTypesResult>{members}</ListTypesResult></ListTypesResponse>"),
    )
}

#[tokio::test]
async fn types_are_listed_page_by_page() {
    let member = |name: &str| {
        format!(
            "<member><Type>RESOURCE</Type><TypeName>{name}</TypeName><TypeArn>arn:x</TypeArn>\
             <Description>A &lt;b&gt; thing</Description></member>"
        )
    };
    let script = Script::of([
        listed(&format!(
            "<TypeSummaries>{}{}</TypeSummaries><NextToken>a/b+c==</NextToken>",
            member("AWS::S3::Bucket"),
            member("AWS::SQS::Queue")
        )),
        listed("<TypeSummaries/><NextToken></NextToken>"),
        listed("<TypeSummaries></TypeSummaries>"),
    ]);
    let aws = script.aws().await;
    let first = aws.list_types(&at(None), TypeOrigin::Aws, None).await.expect("a page");
    let types = vec![TypeName::new("AWS::S3::Bucket"), TypeName::new("AWS::SQS::Queue")];
    assert_eq!(first, TypePage { types, next: Some("a/b+c==".to_owned()) });
    let second = aws.list_types(&at(None), TypeOrigin::Aws, first.next.as_deref()).await.expect("a page");
    assert_eq!(second, TypePage::default());
    let own = aws.list_types(&at(None), TypeOrigin::Account, None).await.expect("a page");
    assert_eq!(own, TypePage::default());
    let sent: Vec<String> = script.sent().into_iter().map(|sent| sent.body).collect();
    let head = "Action=ListTypes&Version=2010-05-15&Type=RESOURCE&MaxResults=100";
    assert_eq!(
        sent,
        [
            format!("{head}&Visibility=PUBLIC&Filters.Category=AWS_TYPES"),
            format!("{head}&Visibility=PUBLIC&Filters.Category=AWS_TYPES&NextToken=a%2Fb%2Bc%3D%3D"),
            format!("{head}&Visibility=PRIVATE"),
        ]
    );
}
