//! Numbers of the command line's own diagnostics.

stack_core::codes! {
    UNREADABLE_FILE = 1021, "A file cannot be read",
        "The manifest, an environment file or a saved plan is not there, is not readable, or is not UTF-8 text.";
    UNWRITABLE_FILE = 1022, "A file cannot be written",
        "The folder does not exist or is not writable, or the disk is full. Results that were computed before are not \
         lost: run the command again.";
    NO_MANIFEST = 1023, "The stack folder has no manifest",
        "A stack is a folder with a file `stackql_manifest.yml`. The first argument of most commands is that folder, the \
         second the environment.";
    TAKEN = 1024, "A file is there already",
        "`init` makes the files of a new stack and never overwrites one. Nothing was written.\n\
         Give a folder that does not exist yet, or one without these files.";
    BAD_DEFINITION = 1025, "A definition file is wrong",
        "Definitions of REST services are read from `definitions/` in the stack folder, from the folders of \
         STACK_DEPLOY_DEFINITIONS and from `--definitions`. A file that says something impossible is refused as a whole, before \
         anything is asked: a request that goes astray would be noticed by nobody.\n\
         docs/reference/rest-definitions.md has the form of the files, docs/guide/own-service.md builds one step by step.";
    NO_SUCH_TYPE = 1031, "No resource type of this name is known",
        "A type is written `AWS::Service::Resource`, `awscc.service.resources` or `aws.service.resources`. The names near \
         to it stand beside the message.\n\
         Types that are newer than this program, and private types, are read with `stack-deploy schema refresh TYPE`.";
    NO_SUCH_PATH = 1032, "The type has no property at this place",
        "Properties are written as in the manifest, from the top: `/Config/Rules`, `Config.Rules`. Elements of lists may \
         be left out or written as `*`.";
    NO_SUCH_CODE = 1033, "No diagnostic has this number",
        "Numbers are written `SD1203`, `sd1203` or `1203`. The first digit is the family: 1 manifest and templates, \
         2 planning, 3 answers of the provider, 4 saved plans and locks, 5 guardrails and consent, 6 journal and \
         rollback, 7 credentials and connection, 9 bugs.";
    NO_REFRESH = 1034, "A schema could not be refreshed",
        "The registry of the region did not give the schema of the type, or gave one that cannot be read. What was \
         cached before stays; a failure is never cached, so the bundled schema goes on being used.";
    BAD_CACHE = 1035, "A cached schema is not used",
        "A file of the schema cache cannot be read or holds no schema, so the bundled one is used. Delete the file, or \
         read the schema again with `stack-deploy schema refresh TYPE`.";
    NO_OPERATION = 1036, "The type has no such operation",
        "The type has no handler for this operation, so nothing can be said about its permissions. A type without an \
         update is replaced on every change; one without a list is found by its identifier only.";
    NOT_KNOWN = 2301, "The value of an export is not known",
        "The export comes from a property that exists only once its resource is built.\n\
         Build first.";
    HIDDEN = 2302, "A sensitive export is not shown",
        "A warning. Values that are marked sensitive, and protected exports, are in no output and no file, so exports \
         made of them are left out. `build` and `test` write them into the exports files, in clear, with --export-protected.";
    TEST_FAILED = 2303, "A resource is not as declared",
        "`test` reads every resource and compares it with the manifest. This one is absent, cannot be read, or differs in \
         the named properties. Properties that are write-only cannot be compared and are listed as not checked.\n\
         `stack-deploy plan STACK_DIR ENV` shows the values; `build` sets them.";
    CANNOT_ADOPT = 2304, "A live resource cannot be taken over",
        "`adopt` needs the resource to be there and readable, and a manifest with a list `resources` that it can add an \
         entry to. Nothing was changed.\n\
         Look at the identifier and the region. If the manifest cannot be edited by a program, the entry stands in the \
         message: add it yourself and run the same command again.";
    CLEAR_SECRET = 2305, "An entry holds what looks like a secret",
        "`adopt` writes the live values of a resource into the manifest. One of them has the name or the form of a secret. \
         It is struck out of what is printed and stands in clear in the file.\n\
         Put the value into a variable, declare a global that is `sensitive: true`, and refer to that.";
    BAD_PLAN_FILE = 4001, "A saved plan cannot be used",
        "The file is not a plan, was written by another major version, was changed after it was saved, or is of a kind \
         that cannot be applied. A plan is approved as a whole: what is run is what was looked at.\n\
         Plan again with `--out FILE`.";
    EXPIRED = 4002, "A saved plan is too old",
        "A plan can be used for 24 hours.\n\
         Plan again, and look at what it says.";
    OTHER_STACK = 4003, "A saved plan is for something else",
        "Stack or environment of the plan are not those of the command.";
    STALE = 4004, "What was approved is no longer what would be done",
        "`build --plan` makes the plan anew and compares. Each difference is named, with the approved and the current \
         value: the manifest, its inputs, the live resources or the schema of a type have changed.\n\
         Plan again, look at it, and run the new one.";
    SPENT = 4005, "A saved plan was carried out already",
        "A saved plan is good for once. What it changed shows in the cloud, and makes a second use stale; statements and commands that \
         always run leave nothing there that anybody could compare, so that the journal of the run is asked as well. Without it (on \
         another machine, or after it was deleted) operations of Cloud Control are still sent with the tokens of the first \
         time, which the service knows for 36 hours; scripts run again.\n\
         Plan again, and run the new plan. A plan whose run failed or was interrupted can be run again.";
    LOCKED = 4101, "Another command works on this stack",
        "One run per stack and environment is allowed on a machine, and one command at a time on a sandbox. The lock \
         belongs to a process and is freed when that ends, however it ends.\n\
         Wait until the other command has ended.";
    NO_CONSENT = 5001, "Consent is missing, or the command is not complete",
        "Without a terminal nobody can be asked, so a plan that deletes or replaces needs `--yes`, or a saved plan with \
         `--plan FILE`. Also used for arguments that only turn out wrong when the stack is known.";
    DECLINED = 5002, "The question was not answered with yes",
        "Nothing was changed. Only the asked word goes on; anything else, and an input that ends, stops.";
    STOPPED = 5003, "A signal came before anything was changed",
        "Ctrl-C or TERM while reading. Nothing was changed.";
    STORE = 6001, "A file in .stack-deploy cannot be used",
        "The folder holds locks, journals and hints of earlier runs. None of it is needed for a correct result.\n\
         Make it readable and writable, or move it away.";
    CONNECT = 7001, "The connection cannot be set up",
        "An endpoint is not a web address, a profile does not exist, or the files of the AWS configuration cannot be \
         read. Nothing was sent.\n\
         `stack-deploy info` shows profile, region, endpoints and proxies, and where each comes from.";
    CALLER = 7002, "The cloud does not say who we are",
        "Before any write the account is asked for (STS GetCallerIdentity) and held against `settings.accounts`. The \
         answer did not come: credentials are missing or expired, or the network does not reach the service.\n\
         `stack-deploy info` asks the same question and says what is missing.";
    WRONG_ACCOUNT = 7003, "The credentials are of another account",
        "`settings.accounts` names the accounts that this environment may use. In another account every read says \"not \
         there\", and a build would make everything anew.\n\
         Use the credentials of that account, or change the setting.";
    WRONG_REGION = 7004, "The region is not allowed",
        "`settings.regions` names the regions that this environment may use.\n\
         Choose another region, or change the setting.";
    LAST_REGION = 7005, "The region of statements is taken to be us-east-1",
        "A note. Neither the statements, the manifest, --region, the environment nor the profile name a region, and the \
         stack has only resources that are written as statements. Tables of AWS have us-east-1 then.\n\
         Add a global `region` to the manifest, or give --region.";
    NO_VARIABLE = 7006, "A variable that `auth` names has no value",
        "`auth` of a resource names the variables that hold its credential. They are looked for among `-e`, the environment \
         file, the globals, and the environment; this one is nowhere. Nothing was sent.\n\
         Give it a value. Where it is secret, not in the manifest.";
    SANDBOX = 7101, "The sandbox cannot be used",
        "The state or the configuration of the built-in cloud cannot be read, its port is taken, or the command to run \
         against it cannot be started.\n\
         `stack-deploy sandbox reset STACK_DIR` starts afresh.";
    BUG = 9001, "This is a bug in stack-deploy",
        "Something happened that should be impossible. What was begun is in the journal, so planning again is safe.\n\
         Please report it, with the command and the log (`--log-level debug`).";
}
