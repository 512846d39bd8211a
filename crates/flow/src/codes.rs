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
    UNQUOTED = 1460, "A value outside of quotes would change the statement",
        "Values inside of quotes are put in as they are, whatever they hold. Outside of quotes a value becomes a part of the \
         statement itself: one with quotes, `;` or a comment in it would make another statement of it, and a sensitive one \
         would be told by every error.\n\
         Put quotes around it: '{{ name }}'.";
    WRITES_IN_CHECK = 1461, "A check would change something",
        "`exists`, `statecheck`, `exports`, `callback` and `troubleshoot` are asked by `plan` as well, and any number of times: \
         they only read.\n\
         Write a SELECT, and put the change below `create`, `update`, `delete` or `command`.";
    AMBIGUOUS_CHECK = 1462, "A check finds more than one resource",
        "A resource is one object, so a check gives one row, or an aggregate named `count` of 0 or 1. With more, nobody can say \
         which one is meant, and changing or deleting any of them could hit the wrong one.\n\
         Add a condition that only the right one fulfils, such as its name or a tag of the stack; or make the resource `multi`.";
    NO_CHECK = 1463, "Nothing says whether a resource is there",
        "The query file has none of `exists`, `statecheck` and `exports`, and its statements do not tell an identifier by which \
         the resource could be read. A build would make it again each time.\n\
         Add `/*+ exists */` with a SELECT that finds it.";
    EXPORTS_ROW = 1464, "An exports query does not give exactly one row",
        "Exports are the columns of one row. No row leaves nothing to export, and of several nobody can say which one counts.\n\
         Correct the conditions of the query; an aggregate always gives one row.";
    STATEMENT_FAILED = 1465, "A statement could not be carried out",
        "The service refused an INSERT, UPDATE or DELETE, or took it and could not carry it out. A failed create may have left a \
         resource behind, a failed update a part of the change.\n\
         The service's code and words stand beside the message. A missing permission: `stack-deploy permissions TYPE \
         --operation create`.";
    STATEMENT_UNKNOWN = 1466, "Nobody knows how a statement ended",
        "The request may have arrived and was not answered, or the operation was begun and its end was not seen. It is not sent \
         again, because that could make a second resource.\n\
         Plan again: the checks see what is there.";
    RETURNED_NOTHING = 1467, "A statement does not return what `return_vals` takes",
        "Each column of `return_vals` must be one that RETURNING gives, with a value. Statements further down use it, and would \
         run without it.\n\
         Name the column in RETURNING, or take it out of `return_vals`.";
    CALLBACK_FAILED = 1468, "A callback was never fulfilled",
        "The operation itself is done; the `callback` query then has to give `success` = 1 or `count` = 1 within its `retries`, and \
         did not.\n\
         Raise `retries` and `retry_delay`, or correct its condition.";
    NOT_AS_WANTED = 1469, "A resource is not as wanted after its statements ran",
        "What was sent was carried out, and the checks of the query file still say no: a check that compares something that the \
         statement does not set, a value that the service stores in another form, or a service that takes longer than the \
         `retries` of the check.\n\
         Look at what the check compares, or raise `retries` and `retry_delay`.";
    NOT_DELETED = 1470, "A deletion could not be confirmed",
        "The DELETE was carried out, and the check still finds the resource. stackql-deploy goes on here with exit code 0; a \
         teardown that says done must have deleted.\n\
         Raise `retries` and `retry_delay` of the delete anchor, or correct the check.";
    SCRIPT_FAILED = 1471, "A script failed",
        "The shell command ended with another exit code than 0, or could not be started. What it did before stays done.\n\
         The last lines that it wrote to standard error stand beside the message.";
    SCRIPT_OUTPUT = 1472, "A script does not give its exports",
        "With `exports`, all that a script writes to standard output must be one JSON object that has every listed key.\n\
         Write other output to standard error: `echo … >&2`.";
    STILL_WAITS = 1473, "A statement still waits for a value",
        "When a resource's turn comes, every value of its statements must be known. This one is an output of a resource that did \
         not give it.\n\
         Look at the resource that is named.";
    NO_DML = 1474, "There is no statement for what is to be done",
        "The checks say that the resource must be made or changed, and the query file has no statement for it.\n\
         Add `/*+ create */` or `/*+ update */`, or correct the check.";
    SWALLOWED = 1475, "A statement of a `multi` resource failed",
        "A warning. Statements of `multi` resources are about several objects, some of which may be as wanted already: what fails is \
         told, and the checks decide. Refused credentials and permissions are errors here as well.";
    LAGS = 1476, "A check does not find what was just made",
        "A warning. The service said that the create is done, and the exists query finds nothing: it asks an index that is late, \
         such as that of tags, or it looks for something else. What the operation told is taken; nothing is made twice.\n\
         Raise `retries` and `retry_delay` of the exists anchor, or let it read the resource itself.";
    CHECK_UNUSABLE = 1477, "A check could not be used",
        "A warning. The check lacks a value that only the resource itself gives, or could not work with what it read. It counts as \
         not fulfilled.\n\
         Correct the check.";
    NOTHING_TO_CHANGE = 1478, "An UPDATE has nothing left to change",
        "Only to know. All that the UPDATE sets is so already, so nothing was sent.\n\
         If the check still says no, it compares something that the UPDATE does not set. `settings.patch: literal` sends every UPDATE \
         as it is written.";
    INTERRUPTED = 1479, "A resource was left halfway",
        "The run was stopped between two statements of one resource. What was done stays done.\n\
         Build again: the checks see what is there.";
    TROUBLESHOOT = 1480, "Troubleshooting did not work",
        "A warning. The `troubleshoot` query that runs after a failure could not be run itself. The failure above is what counts.";
    READ_FAILED = 1481, "The resource of a query file could not be read",
        "Beside what the checks ask, the resource itself is read to know whether it exists and what differs. That was refused or \
         failed, which is never taken for not being there.\n\
         The service's own words stand beside the message.";
    NOT_PROVEN = 1482, "Only a statecheck says that a resource is not there",
        "A warning. The statecheck does not pass, there is no `exists`, and the statements tell no identifier to read the resource by. \
         So it counts as not there, and is made.\n\
         Add `/*+ exists */` if it could be there and differ.";
    DELETES = 1483, "A DELETE stands where something is made or changed",
        "Statements below `create`, `update` and `createorupdate` make a resource or change it; a DELETE among them would \
         remove something in each build, before any check could tell whether that was right.\n\
         Write it below `delete`, where a teardown runs it; or in a resource of type `command` if it is wanted in every build.";
    FIXED = 1484, "An UPDATE sets what only a create can set",
        "The checks say that the resource is not as wanted, and its UPDATE would set a property that the type fixes at creation. \
         Cloud Control refuses such a document as a whole, whatever else is in it. A query file says nothing of replacing a resource, \
         and to delete one that holds data is no small thing, so the plan stops here.\n\
         Keep the value; or tear the resource down and build it again: `teardown --target ADDRESS`, then `build`.";
    NO_EXPORT = 1485, "An exports query lacks a listed column",
        "A warning. `exports` lists a column that the SELECT does not give. As with stackql-deploy it is exported as empty text, which \
         whoever uses it will hardly expect.\n\
         Name the column in the SELECT (`SELECT … AS name`), or take it out of `exports`. `validate --strict` makes it an error.";
    SCRIPT_STOPPED = 1486, "A script was stopped halfway",
        "The run was told to leave (a second Ctrl-C, the end of `--timeout`), or the script took longer than `lifecycle.timeout`. The \
         shell and everything that it had started got TERM, and KILL a moment later. What it did before stays done, and nobody \
         can say how far it came.\n\
         The next build runs it from its beginning: a script that is run in every build should bear that.";
    SCRIPT_LEAVES = 1487, "A script leaves something running",
        "A warning. The shell has ended, and a process that it started in the background still holds its output. The build does not \
         wait for it, and what it writes from now on goes nowhere.\n\
         Give it an output of its own (`… >FILE 2>&1 &`), or `wait` for it in the script.";
}
