//! What the headers of a JPEG say of how its coded bytes follow each other. Of the kinds of JPEG only that has a layout here
//! which nearly all have: one scan of all components, Huffman codes, no marks at which a decoder may take up again.

use super::huffman::Table;
use crate::ReadAt;
use crate::source::read_up_to;

const START_OF_SCAN: u8 = 0xDA;
const FRAMES: std::ops::RangeInclusive<u8> = 0xC0..=0xC1;
const HUFFMAN_TABLES: u8 = 0xC4;
const QUANTISERS: u8 = 0xDB;
const RESTARTS: u8 = 0xDD;
const JFIF: u8 = 0xE0;
const ADOBE: u8 = 0xEE;

/// Headers are longer than this only where they hold a whole other picture.
const LONGEST_HEAD: u64 = 1 << 20;

pub(super) struct Layout {
    /// The headers that a decoder needs, from the first mark to where the coded bytes begin.
    pub(super) head: Vec<u8>,
    /// Where in `head` the height stands.
    height_at: usize,
    /// Where the coded bytes begin in the file.
    pub(super) start: u64,
    pub(super) height: u32,
    /// The side of a row of units, in pixels: a unit holds the blocks of all components that cover the same pixels.
    pub(super) row_height: u32,
    pub(super) rows: u32,
    pub(super) units_in_row: u32,
    /// The blocks of a unit, by component.
    pub(super) blocks: Vec<usize>,
    pub(super) components: Vec<Codes>,
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
}

/// Which tables a component's blocks are coded by.
#[derive(Clone, Copy, Default)]
pub(super) struct Codes {
    id: u8,
    across: u32,
    down: u32,
    dc: usize,
    ac: usize,
}

impl Layout {
    /// None where it has another, or none that can be read: whoever decodes it will say why.
    pub(super) fn read(source: &dyn ReadAt) -> Option<Self> {
        let mut bytes = vec![0; LONGEST_HEAD.min(source.len()) as usize];
        let length = read_up_to(source, 0, &mut bytes).ok()?;
        let mut layout = Self {
            head: vec![0xFF, 0xD8],
            height_at: 0,
            start: 0,
            height: 0,
            row_height: 0,
            rows: 0,
            units_in_row: 0,
            blocks: Vec::new(),
            components: Vec::new(),
            dc: Default::default(),
            ac: Default::default(),
        };
        let mut rest = bytes[..length].strip_prefix(&[0xFF, 0xD8])?;
        loop {
            let (marker, body, after) = segment(rest)?;
            rest = after;
            match marker {
                JFIF | ADOBE | QUANTISERS => layout.keep(marker, body),
                HUFFMAN_TABLES => {
                    layout.keep(marker, body);
                    layout.huffman(body)?;
                }
                marker if FRAMES.contains(&marker) => layout.frame(marker, body)?,
                RESTARTS if body != [0, 0] => return None,
                0xC2..=0xCF => return None,
                START_OF_SCAN => {
                    layout.keep(marker, body);
                    layout.start = (length - rest.len()) as u64;
                    return layout.scan(body).filter(|_| layout.is_complete()).map(|()| layout);
                }
                _ => {}
            }
        }
    }

    fn keep(&mut self, marker: u8, body: &[u8]) {
        self.head.extend([0xFF, marker]);
        self.head.extend((body.len() as u16 + 2).to_be_bytes());
        self.head.extend(body);
    }

    fn huffman(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&[kind, ref counts @ ..], rest)) = body.split_first_chunk::<17>() {
            let (symbols, after) =
                rest.split_at_checked(counts.iter().map(|&count| usize::from(count)).sum())?;
            let tables = if kind >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(kind & 15))? = Some(Table::new(counts, symbols)?);
            body = after;
        }
        body.is_empty().then_some(())
    }

    fn frame(&mut self, marker: u8, body: &[u8]) -> Option<()> {
        let (&[8, y1, y0, x1, x0, count], components) = body.split_first_chunk::<6>()? else { return None };
        self.keep(marker, body);
        self.height_at = self.head.len() - body.len() + 1;
        self.height = u16::from_be_bytes([y1, y0]).into();
        for component in components.chunks_exact(3) {
            let (across, down) = (u32::from(component[1] >> 4), u32::from(component[1] & 15));
            self.components.push(Codes { id: component[0], across, down, ..Codes::default() });
        }
        let samples = self.components.iter().map(|of| of.across * of.down);
        let one_of_one = self.components.len() > 1 || samples.clone().eq([1]);
        if self.components.len() != usize::from(count) || samples.clone().any(|of| of == 0) || !one_of_one {
            return None;
        }
        let most = |of: fn(&Codes) -> u32| self.components.iter().map(of).max();
        self.row_height = 8 * most(|of| of.down)?;
        self.rows = self.height.div_ceil(self.row_height);
        self.units_in_row = u32::from(u16::from_be_bytes([x1, x0])).div_ceil(8 * most(|of| of.across)?);
        for (component, samples) in samples.enumerate() {
            self.blocks.extend(std::iter::repeat_n(component, samples as usize));
        }
        Some(())
    }

    fn scan(&mut self, body: &[u8]) -> Option<()> {
        let (&count, rest) = body.split_first()?;
        let (tables, spectrum) = rest.split_at_checked(2 * usize::from(count))?;
        if usize::from(count) != self.components.len() || spectrum != [0, 63, 0] {
            return None;
        }
        for (component, said) in self.components.iter_mut().zip(tables.chunks_exact(2)) {
            if component.id != said[0] {
                return None;
            }
            (component.dc, component.ac) = (usize::from(said[1] >> 4), usize::from(said[1] & 15));
        }
        Some(())
    }

    fn is_complete(&self) -> bool {
        let has = |tables: &[Option<Table>; 4], table: usize| tables.get(table).is_some_and(Option::is_some);
        self.components.iter().all(|of| has(&self.dc, of.dc) && has(&self.ac, of.ac)) && self.height > 0
    }

    /// The tables of DC and of AC codes by which a component is coded.
    pub(super) fn tables(&self, component: usize) -> Option<(&Table, &Table)> {
        let Codes { dc, ac, .. } = self.components[component];
        Some((self.dc[dc].as_ref()?, self.ac[ac].as_ref()?))
    }

    /// The headers of a picture of another height.
    pub(super) fn head_of(&self, height: u32) -> Option<Vec<u8>> {
        let mut head = self.head.clone();
        head[self.height_at..][..2].copy_from_slice(&u16::try_from(height).ok()?.to_be_bytes());
        Some(head)
    }
}

/// The next segment's mark and body, and what follows it.
fn segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let begin = bytes.iter().position(|&byte| byte != 0xFF)?;
    let (&marker, rest) = bytes[begin..].split_first()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let body = usize::from(u16::from_be_bytes(*length)).checked_sub(2)?;
    let (body, rest) = rest.split_at_checked(body)?;
    (begin > 0).then_some((marker, body, rest))
}
