//! `cargo xtask catalog`: cfn-lint's wheel to `catalog.bin`.

mod encode;
mod facts;
mod split;
mod tables;
mod wheel;

use crate::failure::Failure;
use crate::{root, say};
use std::path::{Path, PathBuf};

/// Runs the task.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let (mut check, mut fetch, mut file) = (false, false, None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--check" => check = true,
            "--fetch" => fetch = true,
            "--wheel" => {
                let path = rest.next().ok_or_else(|| Failure::Usage("--wheel needs a file".to_owned()))?;
                file = Some(PathBuf::from(path));
            }
            other => return Err(Failure::Usage(format!("catalog: no option `{other}`"))),
        }
    }
    let wheel = match (file, fetch, check) {
        (Some(file), _, _) => file,
        (None, true, _) => wheel::fetch()?,
        (None, false, true) => match wheel::fetch() {
            Ok(file) => file,
            Err(why) => {
                say(&format!("skip: catalog check, the package cannot be had: {}", first_line(&why)));
                return Ok(());
            }
        },
        (None, false, false) => return Err(Failure::Usage("catalog: --wheel FILE or --fetch".to_owned())),
    };
    let built = build(&wheel)?;
    let path = root().join("crates/catalog/data/catalog.bin");
    if check {
        let committed = std::fs::read(&path).map_err(|e| Failure::file(&path, e))?;
        if committed != built {
            return Err(Failure::Rule(format!(
                "catalog.bin is not what the package gives ({} bytes committed, {} built)",
                committed.len(),
                built.len()
            )));
        }
        say(&format!("catalog: catalog.bin is what the package gives ({} bytes)", built.len()));
        return Ok(());
    }
    std::fs::write(&path, &built).map_err(|e| Failure::file(&path, e))?;
    say(&format!("catalog: {} bytes to {}", built.len(), path.display()));
    Ok(())
}

fn first_line(why: &Failure) -> String {
    why.to_string().lines().next().unwrap_or_default().to_owned()
}

fn build(file: &Path) -> Result<Vec<u8>, Failure> {
    let package = wheel::open(file)?;
    let mut types = Vec::with_capacity(package.schemas.len());
    for (name, schema) in &package.schemas {
        let (schema, docs) = split::split(schema);
        let original = package.schemas.get(name);
        if original != Some(&split::join(&schema, &docs)) {
            return Err(Failure::input(name, "taking the documentation apart loses something"));
        }
        types.push(facts::read(name, schema, docs, package.regions_of(name))?);
    }
    let names = root().join("crates/catalog/data/names");
    let tables = tables::read(&names, &mut types)?;
    encode::encode(&package.source, &package.regions, &types, &tables)
}
