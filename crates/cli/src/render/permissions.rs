//! What `permissions TYPE` prints.

use super::console::Style;
use super::sheet::Sheet;
use stack_catalog::permissions::Operation;

/// Actions by operation, one a line.
pub fn of_type(
    ty: &str,
    lists: &[(Operation, Vec<String>)],
    tagging: &[String],
    cloud_control: &[String],
    style: Style,
) -> String {
    let mut sheet = Sheet::new(style);
    sheet.head(ty, "IAM actions by operation");
    let mut group = |title: &str, actions: &[String]| {
        sheet.section(title);
        if actions.is_empty() {
            sheet.line("  the schema names none");
        }
        for action in actions {
            let action = sheet.clean(action);
            sheet.line(&format!("  {action}"));
        }
    };
    for (operation, actions) in lists {
        group(operation.name(), actions);
    }
    if !tagging.is_empty() {
        group("tagging, where tags are set or changed", tagging);
    }
    group("Cloud Control itself", cloud_control);
    sheet.blank();
    sheet.paragraph(
        0,
        "A create or an update also reads. The lists are the service's own and not always complete: keys, buckets and \
         roles that a resource uses may need more.",
    );
    sheet.finish()
}
