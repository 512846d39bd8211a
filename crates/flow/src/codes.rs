//! Numbers of diagnostics about statements: 14xx.

stack_core::codes! {
    OTHER_STATEMENT = 1452, "A statement does something else than its anchor says",
        "Below `create` belongs an INSERT, below `update` an UPDATE, below `delete` a DELETE, all of the same table. A file \
         that mixes them would change something else than what was planned.\n\
         Put the statement below the right anchor.";
    NO_COLUMN = 1453, "The table has no such column",
        "Columns of an INSERT are the properties of the resource type (`stack-deploy schema TYPE` lists them) and `region`; \
         `ClientToken`, `RoleArn` and `TypeVersionId` are options of the request.\n\
         Correct the name, or take the column out.";
    BAD_VALUE = 1454, "A value of a statement cannot be used",
        "Values are literals: texts in single quotes, numbers, true, false, NULL, and string('…'). Expressions are not \
         evaluated in a statement that changes something.\n\
         Put the value together in the template.";
    BAD_DOCUMENT = 1455, "A patch document cannot be understood",
        "`SET PatchDocument = '…'` takes a JSON Patch (RFC 6902): a list of operations `add`, `replace` and `remove` with a \
         path. What it sets is compared with the live resource, and only what differs is sent.\n\
         Make it with `generate_patch_document`, or write the operations as JSON.";
    BAD_IDENTIFIER = 1456, "An `Identifier` predicate does not fit the type",
        "The identifier of a composite type has one part per property of its primary identifier, joined with `|`, in the \
         schema's order.\n\
         `stack-deploy schema TYPE` shows the parts in their order.";
    TWO_VALUES = 1457, "INSERT and UPDATE set different values",
        "A warning. The resource can only have one of the two; the UPDATE's is what a second build would set, so it is what \
         is wanted, and the create sends it as well.\n\
         Use the same variable in both statements.";
    TWO_PLACES = 1458, "Statements of one resource say different things of the request",
        "A resource is in one region, and is read, changed and deleted with one role. Statements that differ in `region`, \
         `RoleArn` or `TypeVersionId` would make it in one place and look for it in another.\n\
         Use the same variable in all of them.";
}
