//! Numbers of the engine's diagnostics: 3xxx answers of providers, 6xxx journals and rollback, 7xxx credentials.

stack_core::codes! {
    DENIED = 3102, "The account does not allow the operation",
        "The caller, or the role that the operation runs with, may not call one of the actions that the type's handler \
         calls. The line `needs` lists them; tags need actions of their own.\n\
         `stack-deploy permissions TYPE --operation OP` prints all of them, `stack-deploy permissions STACK_DIR ENV` \
         those of the whole stack as an IAM policy.";
    QUOTA = 3103, "A quota of the account is used up",
        "The service has a limit for this kind of resource, and the account has reached it. Trying again does not help.\n\
         Have the quota raised, or remove what is not needed.";
    EXISTS = 3104, "The resource exists already",
        "The plan was made when no read showed it. Either somebody has made it since, or the name is taken where this \
         account cannot see it: names of buckets, for example, are shared by all accounts.\n\
         Plan again. If the plan still wants to create it, choose another name.";
    NEEDS_REPLACEMENT = 3105, "The change needs a replacement",
        "The schema says that the service may or may not change this property in place, and the service has decided: it \
         cannot.\n\
         Agree to the replacement with `--allow-replace ADDRESS`, or undo the change in the manifest.";
    NOT_SETTLED = 3106, "The operation ended without the resource settling",
        "The service began the work and gave up waiting for it. The resource may be there in part.\n\
         Look at it, then plan again: the next plan shows what is missing.";
    REFUSED = 3107, "The service refused the request",
        "The request was understood and rejected: a value that the schema allows and the service does not, or something \
         that it names does not exist. The service's own words stand beside the message.\n\
         Mend what it names, then plan again.";
    UNKNOWN_END = 3108, "Nobody knows how the operation ended",
        "The operation was sent, and the service stopped answering before it said how it ended. It may still be running.\n\
         Run the same command again. It waits for the operation first; the same client token makes sure that nothing \
         is done twice.";
    NOT_GONE = 3109, "The delete is not confirmed by a read",
        "The service says that it has deleted the resource, and a read still shows it or is not allowed. A delete counts \
         only when a read says \"not there\".\n\
         Look at the resource, and run teardown again if it stays.";
    NOT_VISIBLE = 3110, "The result is not visible in reads",
        "The service says that the operation succeeded, but a minute of reads did not show the resource. What depends on \
         it was not begun.\n\
         Plan again a little later.";
    CANCELLED = 3111, "Somebody cancelled the operation",
        "A request can be cancelled while it runs, by a second Ctrl-C or from elsewhere. What was done before stays.\n\
         Plan again.";
    BUSY = 3112, "Another operation holds the resource",
        "Cloud Control runs one operation per resource at a time. The other one may be of another run, another person or \
         the service itself.\n\
         Wait until it has ended, then plan again.";
    IN_USE = 3113, "Something else still uses what is to be deleted",
        "The service refuses to delete what others refer to. Resources of this stack are deleted in the right order, so \
         what uses it is elsewhere.\n\
         Remove what uses it, then run teardown again.";
    NO_ANSWER = 3114, "The service does not answer",
        "The request got no answer, and the service has no record of it, so it did not arrive.\n\
         Check the network, proxies and endpoints (`stack-deploy info`), then plan again.";
    SERVICE_FAILED = 3115, "The service failed",
        "The failure is on the service's side, or it throttled longer than the run was willing to wait. It was tried \
         several times.\n\
         Plan again. If it stays, ask the provider with the request id.";
    UNSUPPORTED = 3116, "The service does not support the operation",
        "The type has no handler for it, or the type does not exist in this region.\n\
         `stack-deploy schema TYPE` says what the type can do.";
    VANISHED = 3117, "Something vanished while it was worked on",
        "The operation found the resource, or something that it names, missing, although it was there when it was read.\n\
         Plan again.";
    DONE_ANYWAY = 3118, "The operation failed, but the resource is as wanted",
        "A warning. After the failure the resource was read, and it is what the manifest declares. Some services report \
         a failure after they have done the work.";
    RESIDUE = 3119, "The service did not take every declared value",
        "A warning, and exit code 6. The operation succeeded, but the resource was read back and shows other values than \
         were sent. Some services ignore a value, or fill in their own.\n\
         Plan again to see the values. If the service's value is fine, declare that one, or name the property in \
         `lifecycle.ignore_changes`.";
    TIME_IS_OVER = 3120, "The time of the run is over",
        "`--timeout` limits the whole command, or `lifecycle.timeout` one operation. Nothing new was begun; what was in \
         flight goes on at the service.\n\
         Give more time, or run the same command again: it waits for what is still running.";
    BROKE_DOWN = 3121, "A part of the work broke down",
        "This is a bug in stack-deploy. What was sent before is in the journal.\n\
         Plan again, and report it with the log (`--log-level debug`).";
    INDEX_REFUSED = 3122, "The tag index cannot be asked",
        "Resources whose identifier the service chooses are looked for in the tag index first, and so are those whose \
         declared name finds nothing, because they may have had another one. Without the index their lists decide. What \
         no list shows (a type without one, a list that is refused as well) is then found by its declared name only: \
         after a change of the name a new one is made, and the old one stays.\n\
         Allow `tag:GetResources`, or do not change names until it is.";
    FLOW_STOPPED = 3123, "A resource was stopped between two of its statements",
        "The run was stopped while the statements of a query file ran. What they had sent before was seen to its end.\n\
         Run the same command again: its checks find out where it stands.";
    JOURNAL = 6101, "The journal cannot be written",
        "Every write is noted in `.stack-deploy/runs/` before it is sent, so that a run that is killed can be continued. \
         Without the note nothing is sent.\n\
         Make room on the disk, or make the folder writable.";
    EARLIER_OPEN = 6102, "An operation of an earlier run may still be running",
        "The journal has an operation without an end, and the service does not say how it stands. Planning over it could \
         do something twice.\n\
         Wait a little and run the same command again.";
    EARLIER_CLOSED = 6103, "An earlier run was closed",
        "A note. A run before this one ended early; its open operations were looked up and are settled now.";
    NOT_UNDONE = 6104, "A change of this run could not be undone",
        "The rollback did not bring this resource back to what it was before: its old values are not known, cannot be \
         read, or the service refused. The plan says beforehand what can be undone.\n\
         Plan again to see where it stands.";
    CREDENTIALS = 7103, "Credentials are missing, wrong or expired",
        "The service did not accept the signature of the request. Expired sessions, a wrong clock and keys of another \
         partition look the same.\n\
         Renew the credentials; `stack-deploy info` says which ones are used and where they come from.";
}
