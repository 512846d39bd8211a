//! `init`: a first stack that works as it is.

use crate::common::{Place, small};
use insta::assert_snapshot;
use std::fs;

#[test]
fn a_first_stack_validates_builds_and_goes_in_the_sandbox() {
    let place = Place::with(&small());
    for provider in ["aws", "confluent"] {
        place.run(&format!("init -p {provider} new/My_{provider} --env test")).exits(0);
        let dir = format!("new/My_{provider}");
        let said = place.run(&format!("validate --strict {dir}")).exits(0);
        assert!(said.out.contains("2 resources"), "{said}");
        let ran = place.run(&format!("build --sandbox --yes {dir} test")).exits(0);
        assert!(ran.out.contains("2 created"), "{ran}");
        place.run(&format!("plan --sandbox --detailed-exitcode {dir} test")).exits(0);
        let outputs = place.run(&format!("outputs --sandbox --json {dir} test")).exits(0);
        assert!(!outputs.out.contains("null"), "{outputs}");
        place.run(&format!("teardown --sandbox --yes {dir} test")).exits(0);
        let manifest = place.read(&format!("{dir}/stackql_manifest.yml"));
        assert!(
            manifest.contains(&format!("name: my-{provider}\n")) && !manifest.contains("raw"),
            "{manifest}"
        );
        assert!(place.read(&format!("{dir}/.gitignore")).contains(".stack-deploy/\n"));
    }
    // Its environment file is read where it stands.
    let region = "AWS_REGION=eu-west-1\n";
    place.write("new/My_aws/.env", region);
    let mut command = place.command("plan --sandbox . test");
    let output = command.current_dir(place.path("new/My_aws")).output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("aws eu-west-1"), "{output:?}");
}

#[test]
fn an_environment_of_any_name_will_do() {
    let place = Place::with(&small());
    for env in ["prod", "dev"] {
        place.run(&format!("init {env}-stack --env {env}")).exits(0);
        place.run(&format!("plan --sandbox {env}-stack {env}")).exits(0);
    }
}

#[test]
fn it_says_what_it_made_and_overwrites_nothing() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("init shop"), @"
    exit 0
    -- stdout
    4 files in shop
      stackql_manifest.yml
      .env
      README.md
      .gitignore
    -- stderr
    Next:  stack-deploy plan shop dev --sandbox
    -- end
    ");
    fs::remove_file(place.path("shop/README.md")).expect("it is there");
    place.write("shop/stackql_manifest.yml", "mine");
    assert_snapshot!(place.run("init shop"), @"
    exit 1
    -- stdout
    -- stderr
    error[SD1024]: shop has such files already, and nothing is overwritten
     = there  stackql_manifest.yml, .env, .gitignore
     = next   give another folder; nothing was written
    -- end
    ");
    assert_eq!(place.read("shop/stackql_manifest.yml"), "mine");
    assert!(!place.path("shop/README.md").exists(), "half a stack is none");
    // A folder that is there and has none of the files is fine.
    fs::create_dir(place.path("empty")).expect("a folder");
    place.write("empty/notes.txt", "mine");
    place.run("init empty").exits(0);
}

#[test]
fn other_templates_are_folders() {
    let place = Place::with(&small());
    for folder in ["from/resources", "from/.git"] {
        fs::create_dir_all(place.path(folder)).expect("a folder");
    }
    place.write(
        "from/stackql_manifest.yml.template",
        "name: {{ stack_name }}\nglobals:\n  - {name: a, value: '{% raw %}{{ stack_env }}{% endraw %}'}\n",
    );
    place.write("from/resources/x.iql", "/*+ exists */ -- {{ stack_env }}\n");
    place.write("from/.git/config", "no");
    place.run("init made -t from").exits(0);
    assert_eq!(
        place.read("made/stackql_manifest.yml"),
        "name: made\nglobals:\n  - {name: a, value: '{{ stack_env }}'}\n"
    );
    assert_eq!(place.read("made/resources/x.iql"), "/*+ exists */ -- dev\n");
    assert!(!place.path("made/.git").exists());
    for (line, why) in [
        ("init other -p azure", "there is no first stack for the provider `azure`"),
        ("init other -p confluen", "did you mean `confluent`?"),
        ("init other -t https://example.com/x", "not fetched from the network"),
        ("init other -t app/.stack-deploy", "has no stackql_manifest.yml"),
        ("init other -t from -p aws", "cannot be used with"),
        ("init other -e a/b", "no name of an environment"),
        ("init __", "gives the stack no name"),
        ("init", "required"),
    ] {
        let ran = place.run(line).exits(64);
        assert!(ran.err.contains(why), "{line}: {ran}");
        assert!(!place.path("other").exists(), "{line}");
    }
    place.run("init other -t nowhere").exits(1);
}
