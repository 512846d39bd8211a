//! Writing the file; the layout is described in `stack_catalog::format`.

use super::facts::Type;
use super::tables::Tables;
use super::wheel::Region;
use crate::failure::Failure;
use stack_catalog::Source;
use stack_catalog::format::{Column, MAGIC, SECTIONS};

/// A block is closed when it has at least this many bytes. Measured, whole file: 16 KiB 2.71 MB,
/// 64 KiB 2.35 MB, 256 KiB 2.14 MB, 1 MiB 1.98 MB; 64 KiB still decode in well under a millisecond.
const BLOCK: usize = 64 * 1024;
/// The densest level of zstd.
const LEVEL: i32 = 22;

/// The whole file. The same input gives the same bytes.
pub(crate) fn encode(
    source: &Source,
    regions: &[Region],
    types: &[Type],
    tables: &Tables,
) -> Result<Vec<u8>, Failure> {
    let (schema_places, schemas) = blocks(types.iter().map(|one| one.schema.as_str()))?;
    let (docs_places, docs) = blocks(types.iter().map(|one| one.docs.as_str()))?;
    let facts = types.iter().zip(schema_places.into_iter().zip(docs_places)).map(|(one, (schema, docs))| {
        let mut columns = one.columns.clone();
        columns[Column::Schema as usize] = schema;
        columns[Column::Docs as usize] = docs;
        columns.join("\t")
    });
    let names = tables.names.iter().map(|(name, table)| {
        format!("{name}\t{}\t{}\t{}", table.providers.letter(), table.form.letter(), table.ty)
    });
    let retired =
        tables.retired.iter().map(|(name, (plural, singular))| format!("{name}\t{plural}\t{singular}"));
    let regions = regions
        .iter()
        .map(|region| format!("{}\t{}", region.name, if region.known { "known" } else { "assumed" }));
    let source = serde_json::to_vec(source).map_err(|e| Failure::input("source", e))?;
    let sections: [Vec<u8>; SECTIONS] =
        [source, lines(facts)?, lines(names)?, lines(retired)?, lines(regions)?, schemas, docs];
    let mut file = MAGIC.to_vec();
    let mut offset = MAGIC.len() + SECTIONS * 8;
    for section in &sections {
        file.extend(number(offset)?);
        file.extend(number(section.len())?);
        offset += section.len();
    }
    for section in &sections {
        file.extend_from_slice(section);
    }
    Ok(file)
}

fn number(value: usize) -> Result<[u8; 4], Failure> {
    let value = u32::try_from(value).map_err(|_| Failure::input("catalog", "more than 4 GiB"))?;
    Ok(value.to_le_bytes())
}

/// Lines must come sorted by their first column.
fn lines(lines: impl Iterator<Item = String>) -> Result<Vec<u8>, Failure> {
    let lines: Vec<String> = lines.collect();
    let mut out = number(lines.len())?.to_vec();
    let mut offset = 0;
    for line in &lines {
        out.extend(number(offset)?);
        offset += line.len();
    }
    out.extend(number(offset)?);
    for line in &lines {
        out.extend_from_slice(line.as_bytes());
    }
    Ok(out)
}

/// Compresses texts in blocks; neighbours are of the same service and much alike.
fn blocks<'t>(texts: impl Iterator<Item = &'t str>) -> Result<(Vec<String>, Vec<u8>), Failure> {
    let mut places = Vec::new();
    let mut raw: Vec<String> = vec![String::new()];
    for text in texts {
        if raw.last().is_some_and(|block| block.len() >= BLOCK) {
            raw.push(String::new());
        }
        let number = raw.len() - 1;
        let Some(block) = raw.last_mut() else { continue };
        places.push(format!("{number},{},{}", block.len(), text.len()));
        block.push_str(text);
    }
    let frames: Vec<Vec<u8>> = raw
        .iter()
        .map(|block| zstd::bulk::compress(block.as_bytes(), LEVEL).map_err(|e| Failure::input("zstd", e)))
        .collect::<Result<_, _>>()?;
    let mut out = number(frames.len())?.to_vec();
    let mut offset = 4 + frames.len() * 12;
    for (frame, block) in frames.iter().zip(&raw) {
        out.extend(number(offset)?);
        out.extend(number(frame.len())?);
        out.extend(number(block.len())?);
        offset += frame.len();
    }
    for frame in &frames {
        out.extend_from_slice(frame);
    }
    Ok((places, out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{facts, split, tables};
    use stack_catalog::Catalog;
    use stack_core::ids::TypeName;
    use stack_core::pointer::Pointer;
    use stack_core::schema::Schemas;
    use std::collections::BTreeMap;

    fn types() -> Vec<Type> {
        (0..40)
            .map(|i| {
                let name = format!("AWS::Test::Thing{i:02}");
                let filler: String = (0..700).map(|n| format!("word{} ", n * (i + 1) % 977)).collect();
                let schema = serde_json::json!({
                    "typeName": name, "description": format!("Thing {i}."),
                    "properties": {"Name": {"type": "string", "description": filler, "enum": [filler]}},
                    "primaryIdentifier": ["/properties/Name"], "additionalProperties": false,
                    "handlers": {"create": {"permissions": []}, "read": {"permissions": []}}
                });
                let (schema, docs) = split::split(&schema);
                facts::read(&name, schema, docs, 1).unwrap()
            })
            .collect()
    }

    fn built() -> Vec<u8> {
        let source = Source {
            package: "p".to_owned(),
            version: "1".to_owned(),
            sha256: String::new(),
            schema_date: "2026-10-20T00:00:00Z".to_owned(),
            licence: "MIT-0".to_owned(),
        };
        let mut types = types();
        let tables = tables::assign(&BTreeMap::new(), &BTreeMap::new(), &mut types).unwrap();
        let regions = [Region::known("us-east-1")];
        encode(&source, &regions, &types, &tables).unwrap()
    }

    #[test]
    fn the_catalog_reads_what_was_written_over_several_blocks() {
        let catalog = Catalog::from_bytes(built().leak()).unwrap();
        assert_eq!(catalog.types().len(), 40);
        for i in 0..40 {
            let ty = catalog.canonical(&format!("awscc.test.thing{i:02}s")).unwrap();
            assert_eq!(ty, TypeName::new(format!("AWS::Test::Thing{i:02}")));
            assert_eq!(catalog.schema(&ty).unwrap().root.properties["Name"].choices.len(), 1);
            assert_eq!(catalog.description(&ty), Some(format!("Thing {i}.")));
            let name = catalog.property_description(&ty, &Pointer::of(["Name"])).unwrap();
            assert!(name.len() > 4_000);
        }
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        assert_eq!(built(), built());
    }
}
