//! Windows: how much each sample of a block counts in its analysis. Nothing here calls the mathematics of the platform,
//! which differ between processors.

/// A window's shape: the part of the block between its edges, of which a share is spent on rising and falling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Of the part's length, both slopes together.
    pub(super) slopes: f64,
}

impl Shape {
    pub(super) const fn whole(slopes: f64) -> Self {
        Self { from: 0.0, to: 1.0, slopes }
    }

    /// The weights for a block of `length` samples.
    pub(super) fn weights(self, length: usize) -> Vec<f64> {
        let (from, to) = (self.from * length as f64, self.to * length as f64);
        let slope = ((to - from) * self.slopes / 2.0).max(1.0);
        (0..length)
            .map(|at| {
                let at = at as f64 + 0.5;
                let inside = (at - from).min(to - at);
                if inside <= 0.0 { 0.0 } else { risen((inside / slope).min(1.0)) }
            })
            .collect()
    }
}

/// Half a cosine from 0 to 1.
fn risen(at: f64) -> f64 {
    let sine = sine(at * std::f64::consts::FRAC_PI_2);
    sine * sine
}

/// The sine of up to a quarter turn, by its series.
fn sine(angle: f64) -> f64 {
    const COEFFICIENTS: [f64; 8] = [
        1.0,
        -1.0 / 6.0,
        1.0 / 120.0,
        -1.0 / 5_040.0,
        1.0 / 362_880.0,
        -1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 1_307_674_368_000.0,
    ];
    let square = angle * angle;
    angle * COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| sum * square + coefficient)
}

/// Windows for blocks of one length, made when the first such block comes.
#[derive(Default)]
pub(super) struct Windows {
    length: usize,
    weights: Vec<Vec<f64>>,
    energies: Vec<f64>,
}

impl Windows {
    pub(super) fn prepare(&mut self, shapes: &[Shape], length: usize) {
        if self.length != length || self.weights.len() != shapes.len() {
            self.length = length;
            self.weights = shapes.iter().map(|shape| shape.weights(length)).collect();
            let energy = |weights: &Vec<f64>| weights.iter().fold(0.0, |sum, weight| sum + weight * weight);
            self.energies = self.weights.iter().map(energy).collect();
        }
    }

    /// How much of a constant energy for each sample the window lets through.
    pub(super) fn energy(&self, index: usize) -> f64 {
        self.energies[index]
    }

    pub(super) fn get(&self, index: usize) -> &[f64] {
        &self.weights[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sine_is_the_platforms() {
        for step in 0..=1000 {
            let angle = f64::from(step) / 1000.0 * std::f64::consts::FRAC_PI_2;
            assert!((sine(angle) - angle.sin()).abs() < 1e-9, "{angle}");
        }
    }

    #[test]
    fn a_window_rises_stays_and_falls() {
        let weights = Shape::whole(0.5).weights(4096);
        assert!(weights[..1024].is_sorted() && weights[3072..].iter().rev().is_sorted());
        assert!(weights[1024..3072].iter().all(|&weight| (weight - 1.0).abs() < 1e-9));
        assert!(weights[0] > 0.0 && weights[0] < 1e-5);
        let half = Shape { from: 0.5, to: 1.0, slopes: 0.5 }.weights(4096);
        assert!(half[..2048].iter().all(|&weight| weight == 0.0) && half[3000] > 0.9);
        assert_eq!(Shape::whole(0.5).weights(1).len(), 1);
    }
}
