use super::*;
use proptest::prelude::*;
use stack_catalog::Catalog;

fn tables() -> Tables<'static> {
    Tables::new(Catalog::embedded())
}

fn ask(text: &str) -> Result<Rows, ShowError> {
    show(text, &tables()).unwrap_or_else(|| panic!("{text} is none"))
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let shown = ask(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let cell = |cell: Cell| match cell {
        Cell::Text(text) => text,
        other => panic!("{other:?}"),
    };
    shown.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect()
}

/// As people see it, one row a line.
fn table(text: &str) -> String {
    let columns = ask(text).unwrap().columns.join(" | ");
    let rows = rows(text).into_iter().map(|row| row.join(" | ").trim_end().to_owned());
    std::iter::once(columns).chain(rows).collect::<Vec<_>>().join("\n")
}

fn column(text: &str, at: usize) -> Vec<String> {
    rows(text).into_iter().map(|row| row[at].clone()).collect()
}

/// Names, types and keywords of the first columns, sorted.
fn pages(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = rows(text).into_iter().map(|row| row[..columns].join(" | ")).collect();
    lines.sort();
    lines
}

#[test]
fn methods_and_fields_of_an_older_table_are_those_of_its_page() {
    assert_eq!(
        pages("SHOW METHODS IN aws.connect.integration_association", 3),
        [
            "delete_resource | data__Identifier, region | DELETE",
            "get_resource | data__Identifier, region | SELECT",
            "update_resource | data__Identifier, data__PatchDocument, region | UPDATE",
        ]
    );
    // The page's, with what the type has gained since: source_application_name, source_application_url, source_type and
    // tags; and the identifier, which the page only has as a parameter.
    assert_eq!(
        pages("DESCRIBE EXTENDED aws.connect.integration_association", 2),
        [
            "Identifier | string",
            "instance_id | string",
            "integration_arn | string",
            "integration_association_id | string",
            "integration_type | string",
            "region | string",
            "source_application_name | string",
            "source_application_url | string",
            "source_type | string",
            "tags | array",
        ]
    );
}

#[test]
fn methods_and_fields_of_a_newer_table_are_those_of_its_page() {
    let methods = rows("SHOW METHODS IN awscc.customerprofiles.integrations");
    let mut lines: Vec<String> =
        methods.iter().map(|row| format!("{} | {} | {} | {}", row[0], row[3], row[2], row[1])).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "create_resource | integrations | INSERT | DomainName, region",
            "delete_resource | integrations | DELETE | Identifier, region",
            "get_resource | integrations | SELECT | Identifier, region",
            "list_resources | integrations_list_only | SELECT | region",
            "update_resource | integrations | UPDATE | Identifier, PatchDocument, region",
        ]
    );
    // The page's, with what the type has gained since: scope; and the identifier.
    assert_eq!(
        pages("DESCRIBE EXTENDED awscc.customerprofiles.integrations", 2),
        [
            "Identifier | string",
            "created_at | string",
            "domain_name | string",
            "event_trigger_names | array",
            "flow_definition | object",
            "last_updated_at | string",
            "object_type_name | string",
            "object_type_names | array",
            "region | string",
            "scope | string",
            "tags | array",
            "uri | string",
        ]
    );
    let described = rows("DESCRIBE EXTENDED awscc.customerprofiles.integrations");
    let uri = described.iter().find(|row| row[0] == "uri").unwrap();
    assert_eq!(uri[3], "The URI of the S3 bucket or any other type of data source.");
}

#[test]
fn statements_show_tables_of_text() {
    insta::assert_snapshot!(table("SHOW PROVIDERS"), @r"
    name | version | title
    awscc | 2026-10-20 | AWS by Cloud Control, one table for each resource type
    aws | 2026-10-20 | AWS by Cloud Control, with the tables of the older provider
    ");
    insta::assert_snapshot!(table("SHOW EXTENDED METHODS IN awscc.customerprofiles.integrations"), @r"
    MethodName | RequiredParams | SQLVerb | Resource | OptionalParams | description
    create_resource | DomainName, region | INSERT | integrations | ClientToken, RoleArn, TypeVersionId | Creates a resource of AWS::CustomerProfiles::Integration
    delete_resource | Identifier, region | DELETE | integrations | ClientToken, RoleArn, TypeVersionId | Deletes a resource of AWS::CustomerProfiles::Integration
    update_resource | Identifier, PatchDocument, region | UPDATE | integrations | ClientToken, RoleArn, TypeVersionId | Changes a resource of AWS::CustomerProfiles::Integration by a JSON Patch document
    get_resource | Identifier, region | SELECT | integrations | RoleArn, TypeVersionId | Reads a resource of AWS::CustomerProfiles::Integration by DomainName|Uri
    list_resources | region | SELECT | integrations_list_only | ResourceModel, DomainName | Lists the resources of AWS::CustomerProfiles::Integration; the service needs DomainName
    ");
    insta::assert_snapshot!(table("SHOW METHODS IN aws.connect.integration_associations"), @r"
    MethodName | RequiredParams | SQLVerb | Resource
    create_resource | InstanceId, IntegrationType, IntegrationArn, region | INSERT | integration_associations
    delete_resource | data__Identifier, region | DELETE | integration_associations
    update_resource | data__Identifier, data__PatchDocument, region | UPDATE | integration_associations
    get_resource | data__Identifier, region | SELECT | integration_associations
    list_resources | region | SELECT | integration_associations
    ");
    insta::assert_snapshot!(table("SHOW METHODS IN awscc.cloud_control.resources"), @r"
    MethodName | RequiredParams | SQLVerb | Resource
    create_resource | TypeName, DesiredState, region | INSERT | resources
    delete_resource | TypeName, Identifier, region | DELETE | resources
    update_resource | TypeName, Identifier, PatchDocument, region | UPDATE | resources
    list_resources | TypeName, region | SELECT | resources
    ");
    insta::assert_snapshot!(table("SHOW RESOURCES IN awscc.cloud_control"), @r"
    id | name | title
    awscc.cloud_control.resource | resource | built in
    awscc.cloud_control.resource_request | resource_request | built in
    awscc.cloud_control.resource_requests | resource_requests | built in
    awscc.cloud_control.resources | resources | built in
    awscc.cloud_control.vw_cancelled_requests | vw_cancelled_requests | built in
    awscc.cloud_control.vw_create_requests | vw_create_requests | built in
    awscc.cloud_control.vw_delete_requests | vw_delete_requests | built in
    awscc.cloud_control.vw_failed_requests | vw_failed_requests | built in
    awscc.cloud_control.vw_pending_requests | vw_pending_requests | built in
    awscc.cloud_control.vw_successful_requests | vw_successful_requests | built in
    awscc.cloud_control.vw_update_requests | vw_update_requests | built in
    ");
    insta::assert_snapshot!(table("SHOW RESOURCES IN aws.customerprofiles LIKE 'integration%'"), @r"
    id | name | title
    aws.customerprofiles.integration | integration | AWS::CustomerProfiles::Integration
    aws.customerprofiles.integration_tags | integration_tags | AWS::CustomerProfiles::Integration
    aws.customerprofiles.integrations | integrations | AWS::CustomerProfiles::Integration
    aws.customerprofiles.integrations_list_only | integrations_list_only | AWS::CustomerProfiles::Integration
    ");
}

#[test]
fn descriptions_say_what_can_be_set() {
    insta::assert_snapshot!(table("DESCRIBE EXTENDED aws.connect.integration_association"), @r"
    name | type | access | description
    region | string |  | AWS region.
    Identifier | string |  | The primary identifier: InstanceId|IntegrationType|IntegrationArn.
    instance_id | string | required, create-only | Amazon Connect instance identifier
    integration_arn | string | required, create-only | ARN of Integration being associated with the instance
    integration_association_id | string | read-only | Identifier of the association with Connect Instance
    integration_type | string | required, create-only | Specifies the integration type to be associated with the instance
    source_application_name | string | create-only | The name of the external application. This is only supported for the EVENT integration type
    source_application_url | string | create-only | The URL for the external application. This is only supported for the EVENT integration type
    source_type | string | create-only | The type of the data source. This is only supported for the EVENT integration type
    tags | array |  | The tags used to organize, track, or control access for this resource.
    ");
    insta::assert_snapshot!(table("DESCRIBE EXTENDED awscc.customerprofiles.integrations_list_only"), @r"
    name | type | access | description
    region | string |  | AWS region.
    domain_name | string | required, create-only | The unique name of the domain.
    uri | string | create-only | The URI of the S3 bucket or any other type of data source.
    ");
    insta::assert_snapshot!(table("DESCRIBE awscc.cloud_control.resource_request"), @r"
    name | type
    region | string
    ErrorCode | string
    EventTime | string
    Identifier | string
    Operation | string
    OperationStatus | string
    RequestToken | string
    ResourceModel | string
    RetryAfter | string
    StatusMessage | string
    TypeName | string
    HooksRequestToken | string
    ProgressEvent | object
    ");
}

#[test]
fn an_insert_has_all_columns_that_can_be_set() {
    insta::assert_snapshot!(table("SHOW INSERT INTO awscc.customerprofiles.integrations"), @r"
    statement
    INSERT INTO awscc.customerprofiles.integrations (
      DomainName,
      EventTriggerNames,
      FlowDefinition,
      ObjectTypeName,
      ObjectTypeNames,
      Scope,
      Tags,
      Uri,
      region
    )
    SELECT
      '{{ domain_name }}',
      '{{ event_trigger_names }}',
      '{{ flow_definition }}',
      '{{ object_type_name }}',
      '{{ object_type_names }}',
      '{{ scope }}',
      '{{ tags }}',
      '{{ uri }}',
      '{{ region }}'
    ;
    ");
}

#[test]
fn only_the_required_columns_of_an_insert_are_shown_on_a_hint() {
    let statement = column("show insert /*+ required */ into awscc.customerprofiles.integrations;", 0);
    assert_eq!(
        statement,
        [concat!(
            "INSERT INTO awscc.customerprofiles.integrations (\n  DomainName,\n  region\n)\n",
            "SELECT\n  '{{ domain_name }}',\n  '{{ region }}'\n;"
        )]
    );
}

#[test]
fn what_is_no_such_statement_is_left_to_others() {
    for text in [
        "",
        ";",
        "SELECT 1",
        "SHOWING x",
        "'SHOW'",
        "\"SHOW\" PROVIDERS",
        "-- SHOW PROVIDERS",
        "INSERT INTO x",
    ] {
        assert_eq!(show(text, &tables()), None, "{text}");
    }
}

#[test]
fn comments_case_quotes_and_the_last_semicolon_count_for_nothing() {
    let expected = rows("SHOW METHODS IN awscc.s3.buckets");
    for text in [
        "show methods in AWSCC.S3.Buckets;",
        "-- a comment\nSHOW /* another */ METHODS FROM awscc.s3.buckets ; ;",
        "SHOW METHODS IN \"awscc\".\"s3\".`buckets`",
        "\n\tSHOW\nMETHODS IN awscc.s3.buckets -- the end",
    ] {
        assert_eq!(rows(text), expected, "{text}");
    }
    assert_eq!(rows("desc awscc.s3.buckets"), rows("DESCRIBE awscc.s3.buckets"));
    assert_eq!(column("SHOW PROVIDERS", 0), ["awscc", "aws"]);
}

#[test]
fn like_chooses_among_names() {
    assert_eq!(
        column("SHOW RESOURCES IN awscc.connect LIKE '%Integration%'", 1),
        ["integration_associations", "integration_associations_list_only"]
    );
    assert_eq!(column("SHOW SERVICES IN aws LIKE 's_'", 1), ["s3"]);
    assert_eq!(column("SHOW METHODS IN awscc.s3.buckets LIKE 'get%'", 0), ["get_resource"]);
    assert_eq!(rows("SHOW PROVIDERS LIKE ''"), Vec::<Vec<String>>::new());
    for (pattern, text, expected) in [
        ("", "", true),
        ("%", "", true),
        ("a%b%c", "aXbYbZc", true),
        ("a%b%c", "aXc", false),
        ("_", "ä", true),
        ("_", "", false),
        ("A", "a", true),
        ("a", "ab", false),
    ] {
        assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
    }
    let many = "%a".repeat(2000);
    assert!(!is_like(&many, &"b".repeat(4000)));
}

#[test]
fn errors_say_what_was_expected() {
    for (text, said) in [
        ("SHOW", "unexpected the end; there is SHOW PROVIDERS"),
        ("SHOW TABLES", "unexpected `TABLES`"),
        ("SHOW METHODS awscc.s3.buckets", "expected IN, found `awscc.s3.buckets`"),
        ("SHOW METHODS IN", "expected a name, found the end"),
        ("SHOW METHODS IN 'awscc.s3.buckets'", "expected a name, found a text"),
        ("SHOW METHODS IN awscc.s3.buckets WHERE", "unexpected `WHERE`"),
        ("SHOW METHODS IN awscc.s3.bucket", "the service `awscc.s3` has no resource `bucket`"),
        ("SHOW SERVICES IN google", "the provider `google` is not supported"),
        ("SHOW RESOURCES IN awscc", "`awscc` is no service"),
        ("SHOW RESOURCES IN awscc.s4", "the provider `awscc` has no service `s4`"),
        ("SHOW RESOURCES IN a.b.c", "`a.b.c` is no service"),
        ("SHOW PROVIDERS LIKE x", "expected a pattern in quotes, found `x`"),
        ("SHOW INSERT awscc.s3.buckets", "expected INTO"),
        ("SHOW INSERT INTO awscc.s3.buckets_list_only", "nothing can be inserted into"),
        ("SHOW INSERT INTO awscc.tagging.tagged_resources", "nothing can be inserted into"),
        ("DESCRIBE", "expected a name, found the end"),
        ("DESCRIBE awscc.s3.buckets (", "unexpected `(`"),
    ] {
        let error = ask(text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn every_table_can_be_described() {
    for service in ["cloud_control", "tagging", "ec2", "s3"] {
        for name in column(&format!("SHOW RESOURCES IN awscc.{service}"), 0) {
            assert!(!rows(&format!("DESCRIBE {name}")).is_empty(), "{name}");
            rows(&format!("SHOW EXTENDED METHODS IN {name}"));
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_answered_or_left(text in any::<String>()) {
        let _ = show(&text, &tables());
    }

    #[test]
    fn any_statement_is_answered_or_refused(
        words in proptest::collection::vec(
            "(?i)SHOW|DESCRIBE|DESC|EXTENDED|PROVIDERS|SERVICES|RESOURCES|METHODS|INSERT|INTO|IN|FROM|LIKE|'[%_a\u{e4}]{0,4}'|aws|awscc\\.s3|awscc\\.s3\\.buckets|\"|`|/\\*\\+ REQUIRED \\*/|--|;|'|\u{e4}|\\.",
            0..8,
        ),
    ) {
        let text = format!("SHOW {}", words.join(" "));
        prop_assert!(show(&text, &tables()).is_some());
        let _ = show(&words.join(""), &tables());
    }
}
