//! The scan of a JPEG that has a [`Layout`], a row of units at a time: decoded to pixels, or gone over to where a later row
//! begins.

use pulp::{Arch, Simd, WithSimd};

use crate::ReadAt;

use super::super::blocks::SIDE;
use super::bits::Bits;
use super::block::{Block, Codes, skim};
use super::layout::Layout;
use super::marks::{END_OF_IMAGE, RESTART};
use super::transform::Transform;

pub(super) struct Scan<'s> {
    bits: Bits<'s>,
    components: Vec<Coded<'s>>,
    units_in_row: u32,
    units_to_restart: u32,
    /// Units since the last mark.
    units: u32,
    restarts: u8,
}

/// A component of the scan.
struct Coded<'s> {
    across: usize,
    down: usize,
    codes: Codes<'s>,
    /// The DC value of its last block.
    before: i32,
}

/// Where a component's blocks of a row of units become pixels.
pub(super) struct Band<'b> {
    pub(super) transform: &'b Transform,
    /// Of so many for each row of blocks in it.
    pub(super) pixels: &'b mut [f32],
    /// From one row of pixels to the next.
    pub(super) stride: usize,
}

impl<'s> Scan<'s> {
    pub(super) fn new(source: &'s dyn ReadAt, layout: &'s Layout) -> Option<Self> {
        let coded = |component| {
            let codes = layout.codes(component)?;
            let (across, down) = (component.across as usize, component.down as usize);
            Some(Coded { across, down, codes, before: 0 })
        };
        Some(Self {
            bits: Bits::new(source, layout.start),
            components: layout.components.iter().map(coded).collect::<Option<_>>()?,
            units_in_row: layout.units_in_row(),
            units_to_restart: layout.units_to_restart,
            units: 0,
            restarts: 0,
        })
    }

    /// Goes over a row; none where it is damaged.
    pub(super) fn pass_over(&mut self) -> Option<()> {
        Arch::new().dispatch(PassOver(self))
    }

    /// Decodes a row, each component's blocks into a band of its own; none where it is damaged.
    pub(super) fn decode(&mut self, bands: &mut [Band<'_>]) -> Option<()> {
        Arch::new().dispatch(Decode(self, bands))
    }

    /// Whether the scan has come to its end, and the picture with it.
    pub(super) fn ends(&mut self) -> bool {
        self.bits.mark() == Some(END_OF_IMAGE)
    }

    /// Comes before each unit.
    #[inline(always)]
    fn begin_unit(&mut self) -> Option<()> {
        // Of a file that ends too soon no more is made up than a unit.
        self.is_sound()?;
        if self.units_to_restart > 0 && self.units == self.units_to_restart {
            self.restart()?;
        }
        self.units += 1;
        Some(())
    }

    fn restart(&mut self) -> Option<()> {
        let is_next = self.bits.mark()? == RESTART.start() + self.restarts;
        self.restarts = (self.restarts + 1) % 8;
        self.units = 0;
        self.components.iter_mut().for_each(|of| of.before = 0);
        is_next.then_some(())
    }

    #[inline(always)]
    fn is_sound(&self) -> Option<()> {
        (!self.bits.overrun()).then_some(())
    }
}

struct PassOver<'r, 's>(&'r mut Scan<'s>);

impl WithSimd for PassOver<'_, '_> {
    type Output = Option<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Option<()> {
        let Self(scan) = self;
        for _ in 0..scan.units_in_row {
            scan.begin_unit()?;
            for component in &mut scan.components {
                for _ in 0..component.across * component.down {
                    skim(&mut scan.bits, component.codes, &mut component.before)?;
                }
            }
        }
        scan.is_sound()
    }
}

struct Decode<'r, 's, 'b>(&'r mut Scan<'s>, &'r mut [Band<'b>]);

impl WithSimd for Decode<'_, '_, '_> {
    type Output = Option<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<()> {
        let Self(scan, bands) = self;
        for unit in 0..scan.units_in_row as usize {
            scan.begin_unit()?;
            for (component, band) in scan.components.iter_mut().zip(&mut *bands) {
                component.decode(simd, &mut scan.bits, unit, band)?;
            }
        }
        scan.is_sound()
    }
}

impl Coded<'_> {
    #[inline(always)]
    fn decode<S: Simd>(
        &mut self,
        simd: S,
        bits: &mut Bits<'_>,
        unit: usize,
        band: &mut Band<'_>,
    ) -> Option<()> {
        for down in 0..self.down {
            for across in 0..self.across {
                let Transform { kept, side, .. } = *band.transform;
                let block = Block::decode(bits, self.codes, kept, &mut self.before)?;
                let at = down * side * band.stride + (unit * self.across + across) * side;
                band.transform.write(simd, &block, band.pixels.get_mut(at..)?, band.stride);
            }
        }
        Some(())
    }
}

/// Room behind a row of pixels for the lanes that are written past its last block.
pub(super) const BEHIND: usize = SIDE;
