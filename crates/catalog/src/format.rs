//! Layout of `catalog.bin`. All numbers are little-endian `u32`.
//!
//! ```text
//! magic (8 bytes) · per section: offset, length · the sections
//! ```
//!
//! | section | content |
//! |---|---|
//! | [`Section::Source`] | one JSON object, [`crate::Source`] |
//! | [`Section::Facts`] | [lines], one per type, sorted by name, columns of [`Column`] |
//! | [`Section::Tables`] | [lines], one per SQL table name, sorted: `service.table`, providers, form, index of the type |
//! | [`Section::Retired`] | [lines], one per type without a schema: type, `service.plural`, `service.singular` |
//! | [`Section::Regions`] | [lines], one per region: name, `known` or `assumed` |
//! | [`Section::Schemas`] | [blocks] of schemas without their documentation |
//! | [`Section::Docs`] | [blocks] of the documentation of each type |
//!
//! [lines]: `count` · `count + 1` offsets into the text · the text, tabs between columns, no line ends.
//! [blocks]: `count` · per block: offset, compressed length, raw length · zstd frames.
//!
//! Lines need no decompression, so names and facts cost nothing at start.

use std::ops::Range;

/// First bytes of the file; the last one is the version of the layout.
pub const MAGIC: [u8; 8] = *b"sdcatlg\x01";

/// Parts of the file, in file order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Where the data is from.
    Source,
    /// Facts by type.
    Facts,
    /// SQL table names.
    Tables,
    /// Types without a schema.
    Retired,
    /// Regions, in the bit order of [`Column::Regions`].
    Regions,
    /// Schemas.
    Schemas,
    /// Descriptions.
    Docs,
}

/// How many sections there are.
pub const SECTIONS: usize = 7;

/// Columns of a line of [`Section::Facts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `AWS::Service::Resource`.
    Name,
    /// Letters of `crudl` for the handlers that there are.
    Handlers,
    /// As in the facts table: alternatives joined with `|`, keys needed together with `+`, required ones with `,`.
    ListNeedsInput,
    /// Parts in schema order, comma separated, nested as `A/B`.
    PrimaryIdentifier,
    /// `yes`, `partial` or `no`.
    IdentifierUserSettable,
    /// `yes`, `no` or `unknown`.
    Taggable,
    /// Only when taggable and present.
    TagProperty,
    /// Top-level properties.
    Properties,
    /// Read-only paths.
    ReadOnly,
    /// Create-only paths.
    CreateOnly,
    /// Write-only paths.
    WriteOnly,
    /// `yes` or `no`.
    PropertyTransform,
    /// Empty where not declared.
    ReplacementStrategy,
    /// `sunset`, `shutdown`, `maintenance` or empty.
    Lifecycle,
    /// ISO date or empty.
    LifecycleDate,
    /// Hexadecimal set of region numbers.
    Regions,
    /// `service.plural` of the `awscc` provider.
    Table,
    /// `service.singular` of the `aws` provider.
    Singular,
    /// Block number, offset and length of the schema, comma separated.
    Schema,
    /// The same for the documentation.
    Docs,
}

/// How many columns a line of facts has.
pub const COLUMNS: usize = 20;

/// The bytes do not follow the layout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Not the first bytes of this layout.
    #[error("not a catalog of this version")]
    Magic,
    /// A part lies outside the file.
    #[error("{0} is cut off or out of bounds")]
    Bounds(&'static str),
    /// A part does not say what it must.
    #[error("{0} is not readable: {1}")]
    Content(&'static str, String),
}

fn number(bytes: &[u8], at: usize, what: &'static str) -> Result<usize, FormatError> {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).ok_or(FormatError::Bounds(what))?;
    usize::try_from(u32::from_le_bytes(*word)).map_err(|_| FormatError::Bounds(what))
}

/// The bytes of a section.
pub fn section(file: &[u8], which: Section) -> Result<&[u8], FormatError> {
    if !file.starts_with(&MAGIC) {
        return Err(FormatError::Magic);
    }
    let entry = MAGIC.len() + which as usize * 8;
    let (start, length) = (number(file, entry, "header")?, number(file, entry + 4, "header")?);
    file.get(start..start.saturating_add(length)).ok_or(FormatError::Bounds("section"))
}

/// A table of text lines, read where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    count: usize,
    offsets: &'static [u8],
    text: &'static str,
}

impl Lines {
    /// Takes the bytes of a section. Costs one pass of UTF-8 validation and nothing else.
    pub fn new(bytes: &'static [u8]) -> Result<Self, FormatError> {
        let count = number(bytes, 0, "line count")?;
        let split = count.saturating_add(2).saturating_mul(4);
        let (head, text) = bytes.split_at_checked(split).ok_or(FormatError::Bounds("line offsets"))?;
        let text = str::from_utf8(text).map_err(|e| FormatError::Content("lines", e.to_string()))?;
        Ok(Self { count, offsets: &head[4..], text })
    }

    /// How many lines.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True without lines.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A line. `None` beyond the end, and for damaged offsets.
    pub fn get(&self, index: usize) -> Option<&'static str> {
        if index >= self.count {
            return None;
        }
        let start = number(self.offsets, index * 4, "line").ok()?;
        let end = number(self.offsets, index * 4 + 4, "line").ok()?;
        self.text.get(start..end)
    }

    /// All lines.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'static str> {
        (0..self.count).map(move |index| self.get(index).unwrap_or_default())
    }

    /// The number of the line whose first column is `key`. The lines are sorted.
    pub fn find(&self, key: &str) -> Option<usize> {
        let number = self.first_from(key);
        (first_column(self.get(number)?) == key).then_some(number)
    }

    /// The lines that start with a text. The lines are sorted.
    pub fn starting_with<'p>(self, prefix: &'p str) -> impl Iterator<Item = &'static str> + 'p {
        (self.first_from(prefix)..self.count)
            .map_while(move |number| self.get(number))
            .take_while(move |line| line.starts_with(prefix))
    }

    /// The number of the first line whose first column is not before `key`.
    fn first_from(&self, key: &str) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle).is_some_and(|line| first_column(line) < key) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// The text before the first tab.
pub fn first_column(line: &str) -> &str {
    line.split_once('\t').map_or(line, |(first, _)| first)
}

/// Compressed blocks, each decoded on first use.
#[derive(Debug)]
pub struct Blocks {
    bytes: &'static [u8],
    decoded: Vec<std::sync::OnceLock<Box<[u8]>>>,
}

impl Blocks {
    /// Takes the bytes of a section; decodes nothing.
    pub fn new(bytes: &'static [u8]) -> Result<Self, FormatError> {
        let count = number(bytes, 0, "block count")?;
        if count > bytes.len() {
            return Err(FormatError::Bounds("block count"));
        }
        Ok(Self { bytes, decoded: std::iter::repeat_with(Default::default).take(count).collect() })
    }

    /// How many blocks were decoded so far.
    pub fn decoded(&self) -> usize {
        self.decoded.iter().filter(|cell| cell.get().is_some()).count()
    }

    /// Part of a block. Errors if the frame is damaged or the part is not in it.
    pub fn get(&self, place: &Place) -> Result<&[u8], FormatError> {
        let cell = self.decoded.get(place.block).ok_or(FormatError::Bounds("block number"))?;
        let block = match cell.get() {
            Some(block) => block,
            None => {
                let block = self.decode(place.block)?;
                cell.get_or_init(|| block)
            }
        };
        block.get(place.range.clone()).ok_or(FormatError::Bounds("part of a block"))
    }

    fn decode(&self, block: usize) -> Result<Box<[u8]>, FormatError> {
        let entry = 4 + block * 12;
        let start = number(self.bytes, entry, "block entry")?;
        let length = number(self.bytes, entry + 4, "block entry")?;
        let raw = number(self.bytes, entry + 8, "block entry")?;
        let frame =
            self.bytes.get(start..start.saturating_add(length)).ok_or(FormatError::Bounds("block"))?;
        let mut out = vec![0; raw];
        let damaged = |why: String| FormatError::Content("block", why);
        let written = ruzstd::decoding::FrameDecoder::new()
            .decode_all(frame, &mut out)
            .map_err(|e| damaged(e.to_string()))?;
        if written == raw { Ok(out.into()) } else { Err(damaged(format!("{written} bytes, not {raw}"))) }
    }
}

/// Where a type's text lies in a section of blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the block.
    pub block: usize,
    /// Bytes in the decoded block.
    pub range: Range<usize>,
}

impl Place {
    /// Reads `block,offset,length`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(',').map(str::parse::<usize>);
        let (block, start, length) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(Self { block, range: start..start.saturating_add(length) })
    }
}
