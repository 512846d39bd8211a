//! Numbers of SQL statements: 14xx.

stack_core::codes! {
    SYNTAX = 1401, "A statement is no SQL that can be read",
        "Statements are SQL as SQLite speaks it. Literals stand in single quotes, a quote inside is doubled (`'it''s'`); \
         double quotes and backquotes enclose names, never text.\n\
         The place is where reading stopped; the cause is often just before it: a quote or a parenthesis that is not \
         closed, a comma too many.";
    NOT_SUPPORTED = 1402, "A statement or clause is not supported",
        "`SELECT`, `INSERT`, `UPDATE`, `DELETE`, `SHOW` and `DESCRIBE` work on the tables that are built in. Statements \
         that call methods (`EXEC`), fetch providers (`REGISTRY`), define views or control transactions have no meaning \
         here: providers are compiled in, and each statement stands for itself.\n\
         `SHOW METHODS IN table` says what a table can do.";
    TOO_BIG = 1403, "A statement is too big",
        "Length, number of words and depth of nesting have limits, so that no text can exhaust the machine.\n\
         Cut the statement in pieces: a long chain of `OR` is an `IN` list, a deep nest is a `WITH` clause.";
    NO_SUCH_TABLE = 1404, "There is no such table",
        "Tables are named `provider.service.resource`: `awscc.s3.buckets`, `aws.ec2.vpcs`, `awscc.s3.buckets_list_only`. \
         A name without dots is one that the statement defines with `WITH`.\n\
         `SHOW SERVICES IN awscc` and `SHOW RESOURCES IN awscc.s3` list the names.";
    NO_SUCH_COLUMN = 1405, "There is no such column",
        "The columns of a resource are its properties in snake_case, with `region` and `Identifier`; those of a \
         `_list_only` table are the parts of the identifier.\n\
         `DESCRIBE table` lists them. A text stands in single quotes; in double quotes it is a name.";
    NO_SUCH_FUNCTION = 1406, "There is no such function",
        "Functions are those of SQLite, with `json_equal`, `aws_policy_equal`, `split_part`, `regexp_like`, \
         `regexp_substr` and `regexp_replace`.\n\
         Look for a spelling mistake, or for a function of another database.";
    MISSING_PARAMETER = 1407, "A request lacks what it needs",
        "A table is read by requests, and each needs some values: a read the `Identifier`, some lists the parent that \
         they list below. They come from conditions `column = 'value'` or `column IN (…)` that are joined by AND, or \
         from a join with a table that has them. A condition under OR or NOT is only a filter.\n\
         Add the condition that is named, or use the `_list_only` table.";
    BAD_PARAMETER = 1408, "A value does not fit the request",
        "The value was meant for the request of the table, and the request cannot be made with it: an identifier with \
         another number of parts, JSON text that is no JSON, a region that is no name of a region.";
    DOUBLE_QUOTES = 1409, "Double quotes enclose names, not text",
        "In standard SQL `\"x\"` is the column x. Some databases read it as a text when there is no such column; here \
         that is an error, because a misspelt column would silently become a text.\n\
         Write 'x'.";
    CALL_FAILED = 1410, "A read of the cloud failed",
        "A table could not be read. What was denied, throttled or failed is never shown as no rows.\n\
         The service's own words stand beside the message. A missing permission: `stack-deploy permissions TYPE \
         --operation read`.";
    LIMIT = 1411, "A statement ran into a limit",
        "Time, memory and the number of rows of a statement are bounded, so that a mistake such as an endless \
         `WITH RECURSIVE` ends.\n\
         Narrow the statement: more conditions, `LIMIT`, or a condition that ends the recursion.";
    NOT_ALLOWED = 1412, "A statement wants more than reading",
        "Queries read. They cannot attach files, change settings of the engine, load code or make tables.";
    FAILED = 1413, "A statement failed while it ran",
        "The statement is well formed and its rows were read, but a function or an operator could not work with a \
         value: JSON that is no JSON, a pattern that is no pattern.\n\
         The message says which.";
    AMBIGUOUS = 1414, "A name means several things",
        "Two tables of the statement have a column of this name, or a part of the statement is used twice with \
         different conditions.\n\
         Put the table's alias before the column: `v.region`.";
    CHANGE_FAILED = 1415, "A change was refused or failed",
        "The service did not take an INSERT, UPDATE or DELETE, or took it and could not carry it out. A failed create may \
         have left a resource behind, a failed update a part of the change. Statements after it were not run.\n\
         The service's code and words stand beside the message, and what was changed before stands above it.";
    CHANGE_UNKNOWN = 1416, "Nobody knows how a change ended",
        "The request may have arrived and was not answered, or the operation was begun and its end was not seen: the time \
         was over, or somebody left.\n\
         `SELECT * FROM awscc.cloud_control.resource_request WHERE RequestToken = '…'` asks for its state; \
         `awscc.cloud_control.resource_requests` lists the operations of the last seven days.";
    WRITES_REFUSED = 1417, "A statement would change resources",
        "`query` and `shell` only read, unless `--allow-writes` is given. What is in no manifest is planned, compared and \
         rebuilt by nobody: for what is to stay, write a manifest.";
    STOPPED = 1418, "A statement was stopped while it computed",
        "Somebody pressed Ctrl-C, or the time of `--timeout` was over, before the statement was done. It reads only, so nothing is \
         left behind.";
}
