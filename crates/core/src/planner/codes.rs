//! Numbers of the planner's diagnostics: 2xxx planning, 5xxx guardrails and protection.

crate::codes! {
    NO_IDENTITY = 2101, "Nothing in the manifest identifies the resource",
        "There is no state file: a resource is found again by its identifier, by properties that name it, or by this \
         stack's tags. The service chooses the identifier of this type, and nothing that is declared leads to it, so \
         the next run would make another one.\n\
         Give the identifier of the resource that exists: `identifier: …` on the resource. `stack-deploy schema TYPE` \
         says how a type is found again.";
    SAME_RESOURCE = 2102, "Two resources of the manifest are the same live resource",
        "Both entries lead to the same identifier in the same place, so each would undo what the other does. Neither \
         is touched.\n\
         Take one of them out, or give them different names.";
    FOREIGN = 2103, "The live resource belongs to somebody else",
        "It exists and carries the tags of another stack or environment, or those of a CloudFormation stack. Changing \
         it would work against its owner, so the plan stops with exit code 3.\n\
         Choose another name. If it is meant to move to this stack, take it over with `lifecycle: { adopt: force }` and \
         remove it from its old stack's manifest.";
    UNREADABLE = 2104, "A live resource could not be read",
        "Nobody knows whether the resource exists. A read that is denied or fails is never taken for \"not there\": \
         that would make a second one.\n\
         The service's own words stand beside the message. Usual causes: a missing permission (`stack-deploy \
         permissions TYPE --operation read`), a service that does not answer, or a key that is known only later.";
    REPLACE_UNOWNED = 2105, "A resource that this stack did not make would be replaced",
        "The resource was found by its identifier and carries no tags. Setting values on it is fine; deleting it to \
         make another is not, without your word.\n\
         Agree with `lifecycle: { adopt: true }`, or keep the values that force the replacement.";
    STALE_PIN = 2106, "A pinned identifier names the resource that goes",
        "`identifier` in the manifest names a live resource, and this plan replaces it by another one with another \
         identifier. The next plan would look for the old one.\n\
         Write the new identifier there after the build, or take `identifier` away if the resource can be found \
         without it.";
    BAD_PIN = 2107, "`identifier` does not fit the type",
        "A composite identifier has one part per property of the type's primary identifier, joined with `|`, in the \
         schema's order, which is not always the obvious one.\n\
         `stack-deploy schema TYPE` shows the parts in their order; the mapping form does not depend on it.";
    NEEDS_SKIPPED = 2108, "A value comes from a resource that is skipped",
        "The `if` of the resource that gives the value is false in this environment, so the value never becomes known.\n\
         Give both resources the same `if`, or use a default: `{{ name.Property | default('…') }}`.";
    NOT_OURS = 2109, "A resource is left alone at teardown",
        "Teardown deletes what the manifest names and this stack owns. This resource carries no tags of this stack, or \
         those of another.\n\
         A build adopts a free resource and adds the tags; from then on teardown deletes it.";
    NOT_IN_REGION = 2110, "The type is not available in the region",
        "The published schemas of this region do not have the type, so the service would refuse it. The list is as old \
         as the catalog (`stack-deploy info`).\n\
         Choose another region for this resource. If the type is new there, `stack-deploy schema refresh TYPE --region \
         REGION` reads its schema.";
    REMOVE_IGNORED = 2111, "The service does not carry out a declared null",
        "A null in the manifest removes a property. For this one the service is known to report success and keep the \
         value, so that every plan would show the same change again.\n\
         Give the value that you want there instead of null.";
    SIBLING_OWNED = 2112, "A list is left to resources that own the same values",
        "The stack has resources of their own for what this property also holds, such as rules of a security group. \
         Setting the list here would wipe what those resources made.\n\
         Declare the values in one place only.";
    AMBIGUOUS = 2113, "Several live resources could be the one that is meant",
        "The service chooses the identifier of this type, so it is looked for by this stack's tags, or by all declared \
         create-only and required values. More than one fits. A guess could change or delete the wrong one.\n\
         Write `identifier:` with the one that is meant. Of two that carry the tags, the other one is probably what an \
         interrupted replacement left: look at it, then delete it.";
    LOOKALIKE = 2114, "A live resource looks like one that is about to be made",
        "It shows all declared create-only and required values, but it does not carry this stack's tags. It is left \
         alone, and a new one is made beside it: two networks with the same block are a normal wish.\n\
         If it is yours, take it over: `lifecycle: { adopt: true }`, `identifier:`, or `stack-deploy adopt`.";
    UNPROVABLE = 2115, "A live resource matches, and nobody can tell whose it is",
        "Reads of this type do not show tags, and the tag index does not list the resource as this stack's. Just after a \
         create the index may be late, for up to an hour. Or the resource is written as statements, which add no tags of \
         the stack: then nothing would ever tell it from one that looks like it.\n\
         If it is yours, agree with `lifecycle: { adopt: true }`; else choose other values.";
    ORPHAN_IN_DOUBT = 2116, "An orphan cannot be told for sure",
        "The tag index lists an ARN with this stack's tags that the manifest does not name, but no read confirms what it \
         is: its type is not known, or the read was refused. Only what a read has confirmed is ever deleted.\n\
         Look at the resource, and delete it by hand if it is not needed.";
    ACCOUNT_WIDE = 2117, "A setting of the whole account would change",
        "The type is no resource that can exist twice: it is a setting that every account (in a region) has exactly once. \
         Creating it overwrites what is set there, whoever has set it; nothing marks it as this stack's; and deleting it \
         puts it back to the service's default or leaves it as it is, but never to what it was before.\n\
         Keep such a setting in one stack only, and take it out of the manifest where another one has it.";
    ELSEWHERE = 2118, "The live resource is in another region",
        "A name of this type is unique in all regions, and the one that the manifest names is in another region than the \
         resource is declared for. A change or deletion from here would meet a resource that was not meant.\n\
         Write the region where it is (`region:`), or choose another name.";
    KEPT = 2119, "A resource is kept at teardown",
        "Its query file has no `delete` anchor. In projects of stackql-deploy that means that a teardown leaves the resource.\n\
         Add `/*+ delete */` with a DELETE if it is to go.";
    NAMES_NOTHING = 2120, "The given identifier names nothing",
        "`identifier`, or the `Identifier` of an UPDATE or DELETE, names a resource whose identifier the service chooses and that \
         cannot carry the tags of the stack, and there is none of that name. A create would give it another identifier, and every plan after it would create one more.\n\
         Write the identifier of the resource that exists, or take it out and give the resource the stack's tags.";
    NO_STATEMENT = 2121, "A statement is missing that the plan needs",
        "The checks of a query file say that the resource is not there, or not as wanted, and the file has no statement that \
         would make or change it.\n\
         Add the anchor that is named, or correct the check.";
    FLOW_CANNOT_CHANGE = 2122, "A statement cannot make the resource as it is declared",
        "A property that can only be set at creation differs, and a query file says nothing of a replacement. Where other \
         properties differ too, its UPDATE is sent for them, and this is a warning: the property stays as it is. Where nothing \
         else differs, no UPDATE can help, and the plan is blocked. (An UPDATE that names such a property is refused, SD1484.)\n\
         Keep the value. If it must change, tear the resource down and build it again: `teardown --target ADDRESS`, then `build`.";
    CHECK_PASSES_OVER = 2123, "A resource differs from its statements, and its checks accept it",
        "Only to know. The checks of a query file decide whether a build does anything; these differences they do not look at. \
         The build leaves them.\n\
         Compare the columns in the statecheck if they matter.";
    STATEMENTS_DELETE = 2124, "Statements delete something",
        "A warning. The statements of a `command`, or those below an anchor that makes or changes a resource, delete something \
         each time that they run. The plan cannot show what is lost, so that it asks for consent as for a deletion, and \
         guardrails count it as one. A statement whose verb is only known when it runs may delete as well, and counts the same.\n\
         Nothing to do if it is meant. Else write the DELETE below `delete` of the resource that it belongs to.";
    NAMES_ANOTHER = 2128, "A statement names another resource than the checks find",
        "A warning. The UPDATE or DELETE is carried out as it is written, on the resource that its `Identifier` names. The checks \
         of the same file have found another one, so that the plan shows the differences of that one. If what it names belongs \
         to another stack, the plan stops (SD2103).\n\
         Use what `exists` has found: `Identifier = '{{ this.… }}'`.";
    GOES_ALONG = 2125, "A deletion takes along what is in the resource",
        "A warning. The service deletes what is in the resource too, whoever made it: the clusters of an environment, the topics of \
         a cluster, the keys of an account. What is named here is not deleted by the plan itself.\n\
         Nothing to do if it is meant. Else move it, or keep the resource.";
    CANNOT_LIST = 2126, "What a deletion takes along cannot be listed",
        "A warning. The service deletes what is in the resource too, and it cannot be said what that is: the list was refused, or the \
         credential for it is missing.\n\
         Look at what is in the resource before you agree. To have it listed, give the credential that the message names.";
    NO_LONGER_HOLDS = 2201, "At run time the plan no longer holds",
        "Before each write the resource is read again. What was read then is not what the plan was made for: somebody \
         has made, changed or removed the resource since. Nothing was sent for it.\n\
         Plan again.";
    STILL_UNKNOWN = 2202, "A value did not become known",
        "The plan counted on an output of another resource. That resource is there, but reads of it do not return the \
         property.\n\
         Use another property of that resource, or a default value.";
    BECAME_REPLACE = 2203, "An update turned out to need a replacement",
        "When the last values became known, they differ in a property that can only be set at creation. A plan that \
         says update is no consent to a replacement.\n\
         Plan again, and agree with `--allow-replace ADDRESS`.";
    PROTECTED = 5101, "A protected resource would be deleted or replaced",
        "`lifecycle.prevent_destroy` holds for this resource in this environment, or for one that is in it and that its service would \
         delete with it. `--allow-data-loss` does not lift it.\n\
         Take it away if that is meant, keep the value that forces the replacement, or tear down everything else with \
         `--keep-protected`; what a protected resource is in stays with it.";
    GUARDRAIL = 5102, "The plan breaks a guardrail",
        "`settings.guardrails` limits what one run may do: numbers of deletes and replacements, and types and actions \
         that are not allowed. Neither `--yes` nor a saved plan lifts it.\n\
         Change the manifest so that less happens, or change the guardrail.";
    DATA_LOSS = 5103, "A data store would lose what it holds",
        "The type keeps data, and a replacement or deletion through Cloud Control takes no final snapshot.\n\
         Copy the data first. Agree with `--allow-data-loss ADDRESS`, or keep the values that force the replacement.";
    TAKES_ALONG = 5104, "A deletion would take along what does not belong to it",
        "The service deletes what is in the resource too, whoever made it. Something is there that this plan does not delete itself: \
         another stack's, one made by hand, or one that was left out.\n\
         Move or delete it first. If all of it may go, agree with `--allow-data-loss ADDRESS`.";
    IN_USE = 5105, "A resource is in use",
        "The live resource says who uses it, and its service refuses the deletion as long as somebody does. What this plan deletes \
         itself does not count.\n\
         Delete what uses it first, or let it use another one.";
}
