//! What the headers of a JPEG say of how its coded bytes follow each other. Of the kinds of JPEG only that has a layout here
//! which nearly all have: one scan of all components, by Huffman codes.

use super::super::blocks::{BLOCK, ORDER, SIDE};
use super::block::Codes;
use super::huffman::Table;
use super::marks::{
    ADOBE, ALONE, HUFFMAN_TABLES, JFIF, QUANTISERS, RESTARTS, SEQUENTIAL_FRAMES, START_OF_SCAN, TEMPORARY,
};
use crate::ReadAt;
use crate::source::read_up_to;

/// So much is read at first; of most files that is all of the headers.
const FIRST: u64 = 64 << 10;
/// Headers are longer than this only where they hold a whole other picture.
const LONGEST_HEAD: u64 = 1 << 20;

/// A component's samples of a unit: as many as libjpeg allows.
const MOST_SAMPLED: u32 = 4;
const MOST_COMPONENTS: usize = 4;

pub(super) struct Layout {
    /// Where the coded bytes begin in the file.
    pub(super) start: u64,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: Vec<Component>,
    pub(super) meaning: Meaning,
    /// So many units after a mark comes the next, at which a decoder may take up again; 0 where there are no marks.
    pub(super) units_to_restart: u32,
    quantisers: [Option<[f32; BLOCK]>; TABLES],
    dc: Tables,
    ac: Tables,
}

/// As many of a kind as there may be.
const TABLES: usize = 4;

/// Tables of Huffman codes. There may be very many of them, each in place of one before; made are only those that are used.
#[derive(Default)]
struct Tables {
    told: [Option<Told>; TABLES],
    made: [Option<Table>; TABLES],
}

struct Told {
    counts: [u8; 16],
    symbols: Vec<u8>,
}

impl Tables {
    fn make(&mut self, number: usize) -> Option<()> {
        let made = self.made.get_mut(number)?;
        if made.is_none() {
            let Told { counts, symbols } = self.told[number].as_ref()?;
            *made = Some(Table::new(counts, symbols)?);
        }
        Some(())
    }
}

/// Why headers have no layout.
enum Unread {
    /// They go on behind what was read of them.
    Short,
    /// It is not one of those that are read here.
    Other,
}

/// What is sampled, how often, and which tables its blocks are coded by.
#[derive(Clone, Copy)]
pub(super) struct Component {
    id: u8,
    /// Blocks in a unit, which holds the blocks of all components that cover the same pixels.
    pub(super) across: u32,
    pub(super) down: u32,
    quantiser: usize,
    dc: usize,
    ac: usize,
}

/// What the components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Meaning {
    Grey,
    Rgb,
    /// Light, and how blue and how red it is.
    LightAndColour,
    Cmyk,
    /// The same for three inks, and black.
    LightColourAndBlack,
}

/// Marks that say what the components are.
#[derive(Default)]
struct Said {
    is_jfif: bool,
    by_adobe: Option<u8>,
}

impl Layout {
    /// None where it has another, or none that can be read: whoever decodes it will say why.
    pub(super) fn read(source: &dyn ReadAt) -> Option<Self> {
        let of_first = |most: u64| {
            let mut bytes = vec![0; most.min(source.len()) as usize];
            let length = read_up_to(source, 0, &mut bytes).map_err(|_unreadable| Unread::Other)?;
            Self::of(&bytes[..length])
        };
        match of_first(FIRST) {
            Err(Unread::Short) => of_first(LONGEST_HEAD).ok(),
            layout => layout.ok(),
        }
    }

    fn of(head: &[u8]) -> Result<Self, Unread> {
        let mut layout = Self {
            start: 0,
            width: 0,
            height: 0,
            components: Vec::new(),
            meaning: Meaning::Grey,
            units_to_restart: 0,
            quantisers: Default::default(),
            dc: Tables::default(),
            ac: Tables::default(),
        };
        let mut said = Said::default();
        let mut rest = head.strip_prefix(&[0xFF, 0xD8]).ok_or(Unread::Other)?;
        loop {
            let (marker, body, after) = segment(rest)?;
            rest = after;
            if marker == START_OF_SCAN {
                layout.start = (head.len() - rest.len()) as u64;
                return layout.complete(body, &said).ok_or(Unread::Other);
            }
            layout.take(marker, body, &mut said).ok_or(Unread::Other)?;
        }
    }

    fn take(&mut self, marker: u8, body: &[u8], said: &mut Said) -> Option<()> {
        match marker {
            JFIF => said.is_jfif |= body.starts_with(b"JFIF\0") && body.len() >= Said::SHORTEST_JFIF,
            ADOBE => said.by_adobe = adobe(body).or(said.by_adobe),
            QUANTISERS => self.quantisers(body)?,
            HUFFMAN_TABLES => self.huffman(body)?,
            marker if SEQUENTIAL_FRAMES.contains(&marker) => self.frame(body)?,
            RESTARTS => self.units_to_restart = u16::from_be_bytes(body.try_into().ok()?).into(),
            0xC2..=0xCF => return None,
            _ => {}
        }
        Some(())
    }

    fn complete(mut self, scan: &[u8], said: &Said) -> Option<Self> {
        self.scan(scan)?;
        self.meaning = said.meaning(&self.components)?;
        for number in 0..self.components.len() {
            let Component { dc, ac, .. } = self.components[number];
            self.dc.make(dc)?;
            self.ac.make(ac)?;
            self.steps(&self.components[number])?;
        }
        (!self.components.is_empty()).then_some(self)
    }

    fn quantisers(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = body.split_first() {
            let width = if kind >> 4 == 0 { 1 } else { 2 };
            let (steps, after) = rest.split_at_checked(width * BLOCK)?;
            let steps = steps.chunks_exact(width).map(|step| match *step {
                [high, low] => f32::from(u16::from_be_bytes([high, low])),
                _ => f32::from(step[0]),
            });
            let quantiser = self.quantisers.get_mut(usize::from(kind & 15))?;
            let mut by_rows = [0.0; BLOCK];
            ORDER.iter().zip(steps).for_each(|(&place, step)| by_rows[usize::from(place)] = step);
            *quantiser = Some(by_rows);
            body = after;
        }
        Some(())
    }

    fn huffman(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&[kind, ref counts @ ..], rest)) = body.split_first_chunk::<17>() {
            let (symbols, after) =
                rest.split_at_checked(counts.iter().map(|&count| usize::from(count)).sum())?;
            let tables = if kind >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let told = tables.told.get_mut(usize::from(kind & 15))?;
            *told = Some(Told { counts: *counts, symbols: symbols.to_vec() });
            body = after;
        }
        body.is_empty().then_some(())
    }

    fn frame(&mut self, body: &[u8]) -> Option<()> {
        let (&[8, y1, y0, x1, x0, count], components) = body.split_first_chunk::<6>()? else { return None };
        (self.width, self.height) =
            (u16::from_be_bytes([x1, x0]).into(), u16::from_be_bytes([y1, y0]).into());
        self.components = components.chunks_exact(3).map(Component::new).collect();
        // Blocks of a component that is alone are not gathered in units.
        if let [alone] = &mut self.components[..] {
            (alone.across, alone.down) = (1, 1);
        }
        let (across, down) = self.unit();
        let fits = |of: &Component| {
            let sampled = 1..=MOST_SAMPLED;
            let is_sampled = sampled.contains(&of.across) && sampled.contains(&of.down);
            is_sampled && across % of.across == 0 && down % of.down == 0
        };
        let is_whole = self.components.len() == usize::from(count) && count as usize <= MOST_COMPONENTS;
        (is_whole && self.width > 0 && self.height > 0 && self.components.iter().all(fits)).then_some(())
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

    /// Blocks that a unit is wide and high.
    pub(super) fn unit(&self) -> (u32, u32) {
        let most = |of: fn(&Component) -> u32| self.components.iter().map(of).max().unwrap_or(1);
        (most(|of| of.across), most(|of| of.down))
    }

    pub(super) fn units_in_row(&self) -> u32 {
        self.width.div_ceil(SIDE as u32 * self.unit().0)
    }

    /// How many rows of units there are.
    pub(super) fn rows(&self) -> u32 {
        self.height.div_ceil(SIDE as u32 * self.unit().1)
    }

    pub(super) fn codes(&self, component: &Component) -> Option<Codes<'_>> {
        let dc = self.dc.made.get(component.dc)?.as_ref()?;
        Some(Codes { dc, ac: self.ac.made.get(component.ac)?.as_ref()? })
    }

    /// What a component's coefficients are multiples of, by rows.
    pub(super) fn steps(&self, component: &Component) -> Option<&[f32; BLOCK]> {
        self.quantisers.get(component.quantiser)?.as_ref()
    }
}

impl Component {
    fn new(bytes: &[u8]) -> Self {
        let (across, down) = (u32::from(bytes[1] >> 4), u32::from(bytes[1] & 15));
        Self { id: bytes[0], across, down, quantiser: bytes[2].into(), dc: 0, ac: 0 }
    }
}

/// What Adobe's mark says of colour.
fn adobe(body: &[u8]) -> Option<u8> {
    body.strip_prefix(b"Adobe")?.get(6).copied()
}

impl Said {
    /// A mark that is shorter is none of JFIF's.
    const SHORTEST_JFIF: usize = 14;

    /// As libjpeg takes it.
    fn meaning(&self, components: &[Component]) -> Option<Meaning> {
        let ids: Vec<u8> = components.iter().map(|of| of.id).collect();
        match (components.len(), self.is_jfif, self.by_adobe) {
            (1, ..) => Some(Meaning::Grey),
            (3, false, Some(0)) => Some(Meaning::Rgb),
            (3, false, None) if ids == *b"RGB" => Some(Meaning::Rgb),
            (3, ..) => Some(Meaning::LightAndColour),
            (4, _, None | Some(0)) => Some(Meaning::Cmyk),
            (4, ..) => Some(Meaning::LightColourAndBlack),
            _ => None,
        }
    }
}

/// The next segment's mark and body, and what follows it.
fn segment(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), Unread> {
    let begin = bytes.iter().position(|&byte| byte != 0xFF).ok_or(Unread::Short)?;
    let (&marker, rest) = bytes[begin..].split_first().ok_or(Unread::Short)?;
    // What lies between segments, and marks without a body, are nothing that is understood here.
    if begin == 0 || marker == TEMPORARY || ALONE.contains(&marker) {
        return Err(Unread::Other);
    }
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Unread::Short)?;
    let body = usize::from(u16::from_be_bytes(*length)).checked_sub(2).ok_or(Unread::Other)?;
    let (body, rest) = rest.split_at_checked(body).ok_or(Unread::Short)?;
    Ok((marker, body, rest))
}
