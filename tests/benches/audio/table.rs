//! What a race took, as a table: figures, and each as a share of the first contender's.

use tests::bench::measure::Taken;

pub(crate) fn print(taken: &[(String, Taken)]) {
    println!(
        "{:36} {:>9} {:>6}  {:>8} {:>6}  {:>9}  {:>11} {:>7}",
        "", "wall s", "", "CPU s", "", "peak MiB", "bytes", ""
    );
    let Some((_, first)) = taken.first() else { return };
    for (name, one) in taken {
        println!(
            "{name:36} {:9.3} {:5.2}×  {:8.2} {:5.2}×  {:9.1}  {:11} {:6.4}×",
            one.wall,
            one.wall / first.wall,
            one.processor,
            one.processor / first.processor,
            one.memory,
            one.bytes,
            one.bytes as f64 / first.bytes as f64,
        );
    }
}
