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
