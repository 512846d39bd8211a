//! What people read keeps its width, needs no colour, and is ASCII where the locale is.

use crate::common::{Place, small};
use insta::assert_snapshot;

/// A stack whose manifest has lost a resource.
fn place() -> Place {
    let with_queue = small().replace("\nexports: [domain_name]\n", "\n");
    let place = Place::with(&format!(
        "{with_queue}  - {{ name: queue, type: awscc.sqs.queues, region: us-east-1, props: {{ QueueName: mails }} }}\n"
    ));
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    place.manifest(&small());
    place
}

#[test]
fn orphans_read_alike_at_every_width() {
    let mut place = place();
    assert_snapshot!(place.run("orphans --sandbox --width 60 app prod").exits(0).out, @r#"
    stack-deploy orphans  customer-360 → prod
        aws us-east-1 …9012
    3 reads and 1 look-up in [N] s

    ! queue  AWS::SQS::Queue                           us-east-1
        https://sqs.us-east-1.amazonaws.com/123456789012/mails
        arn    arn:aws:sqs:us-east-1:123456789012:mails

    1 orphan of customer-360/prod
    "#);
    place.set("LC_ALL", "C");
    assert_snapshot!(place.run("orphans --sandbox --width 160 app prod").exits(0).out, @r#"
    stack-deploy orphans  customer-360 -> prod                                                                                                 aws us-east-1 ...9012
    3 reads and 1 look-up in [N] s

    ! queue  AWS::SQS::Queue                                                                                                                               us-east-1
        https://sqs.us-east-1.amazonaws.com/123456789012/mails
        arn    arn:aws:sqs:us-east-1:123456789012:mails

    1 orphan of customer-360/prod
    "#);
}

#[test]
fn no_line_is_too_wide_and_ascii_is_ascii() {
    let mut place = place();
    place.set("LC_ALL", "C");
    let commands = [
        "orphans --sandbox app prod",
        "adopt --sandbox --dry-run app prod awscc.sqs.queues https://sqs.us-east-1.amazonaws.com/123456789012/mails",
        "explain --sandbox app prod domain",
        "explain SD2117",
        "schema awscc.apigateway.accounts",
        "schema AWS::KMS::Key",
    ];
    for command in commands {
        for width in [60, 100, 160] {
            let ran = place.run(&format!("{command} --width {width}")).exits(0);
            assert!(ran.out.is_ascii() && !ran.out.contains('\u{1b}'), "{ran}");
            for line in ran.out.lines().filter(|line| line.len() > width) {
                // A word that cannot break may be wider; nothing stands beside it but its key.
                let words = line.split_whitespace().count();
                assert!(words <= 3, "{command} --width {width}: {line}");
            }
        }
    }
}
