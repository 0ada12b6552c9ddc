use super::*;

/// Random numbers from -1 to 1.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count).map(|_| random.f32() * 2.0 - 1.0).collect()
}

/// Queries, keys and values side by side in rows of three widths.
fn packed(rows: &[f32], (length, width): (usize, usize), heads: usize, scale: f32) -> Attention<'_> {
    let part = |part: usize| Rows { values: rows, first: part * width, stride: 3 * width };
    Attention { heads, scale, length, width, queries: part(0), keys: part(1), values: part(2), mask: None }
}

/// The definition, in f64.
fn expected(operands: &Attention) -> Vec<f64> {
    let Attention { heads, scale, length, width, queries, keys, values, mask } = *operands;
    let size = width / heads;
    let at = |rows: Rows, row: usize, column: usize| f64::from(rows.values[row * rows.stride + rows.first + column]);
    let mut out = vec![0.0; length * width];
    for head in 0..heads {
        for row in 0..length {
            let score = |key: usize| {
                let products = (0..size).map(|i| at(queries, row, head * size + i) * at(keys, key, head * size + i));
                let added = mask.map_or(0.0, |mask| mask.values[head * mask.head_stride + row * mask.row_stride + key]);
                (products.sum::<f64>() * f64::from(scale) + f64::from(added)).exp()
            };
            let weights: Vec<f64> = (0..length).map(score).collect();
            let sum: f64 = weights.iter().sum();
            for i in 0..size {
                let context = (0..length).map(|key| weights[key] * at(values, key, head * size + i)).sum::<f64>();
                out[row * width + head * size + i] = context / sum;
            }
        }
    }
    out
}

fn check(operands: &Attention) {
    let expected = expected(operands);
    for set in lanes::Set::ALL.iter().filter(|set| set.exists()) {
        let mut out = vec![0f32; expected.len()];
        // An earlier call's NaNs must not show.
        let stale = vec![f32::NAN; 5000];
        let mut scratch = Scratch { scores: stale.clone(), values: stale, ..Scratch::default() };
        set.run(operands.task(&mut scratch, &mut out));
        for (i, (ours, exact)) in out.iter().zip(&expected).enumerate() {
            let difference = (f64::from(*ours) - exact).abs();
            assert!(difference < 2e-6, "{set:?}, length {}, value {i}: {ours} {exact}", operands.length);
        }
    }
}

#[test]
fn every_instruction_set_gives_the_definition_for_every_shape() {
    let shapes = [(1, 1, 1), (2, 3, 5), (5, 2, 16), (31, 2, 7), (33, 1, 32), (64, 2, 64), (130, 2, 80)];
    for (length, heads, size) in shapes {
        let width = heads * size;
        let rows = numbers(length * 3 * width, length as u64);
        let together = packed(&rows, (length, width), heads, 0.7);
        check(&together);
        let part = |part: usize| -> Vec<f32> { rows.chunks(width).skip(part).step_by(3).flatten().copied().collect() };
        let parts = [part(0), part(1), part(2)];
        let [queries, keys, values] = [0, 1, 2].map(|i| Rows { values: &parts[i], first: 0, stride: width });
        check(&Attention { queries, keys, values, ..together });
    }
}

#[test]
fn masks_are_broadcast() {
    let (length, heads, size) = (19, 2, 8);
    let width = heads * size;
    let rows = numbers(length * 3 * width, 1);
    for (mask_heads, mask_rows) in [(1, 1), (1, length), (heads, 1), (heads, length)] {
        let mut mask = numbers(mask_heads * mask_rows * length, 2);
        mask[3] = f32::NEG_INFINITY;
        let head_stride = if mask_heads == 1 { 0 } else { mask_rows * length };
        let row_stride = if mask_rows == 1 { 0 } else { length };
        let mask = Some(Mask { values: &mask, head_stride, row_stride });
        check(&Attention { mask, ..packed(&rows, (length, width), heads, 1.0) });
    }
}

#[test]
fn large_scores_stay_finite_and_nan_shows() {
    let mut rows = numbers(3 * 3 * 4, 5);
    let out = |rows: &[f32]| {
        let mut out = vec![0.0; 12];
        packed(rows, (3, 4), 1, 1000.0).run(&mut Scratch::default(), &mut out);
        out
    };
    assert!(out(&rows).iter().all(|value| value.is_finite()));
    // A key.
    rows[5] = f32::NAN;
    assert!(out(&rows).iter().all(|value| value.is_nan()));
}

#[test]
fn operands_that_do_not_fit_are_refused() {
    let rows = [0.0; 24];
    let plain = packed(&rows, (2, 4), 1, 1.0);
    let refused = |operands: Attention, out: usize| {
        let run = || operands.run(&mut Scratch::default(), &mut vec![0.0; out]);
        std::panic::catch_unwind(run).is_err()
    };
    assert!(!refused(plain, 8));
    assert!(refused(plain, 7));
    assert!(refused(Attention { heads: 0, ..plain }, 8));
    assert!(refused(Attention { heads: 3, ..plain }, 8));
    assert!(refused(Attention { length: 3, ..plain }, 12));
    assert!(refused(Attention { keys: Rows { first: 9, ..plain.keys }, ..plain }, 8));
    // Columns that reach into the next row, and a last row that is cut off behind its columns.
    assert!(refused(Attention { length: 1, keys: Rows { first: 9, ..plain.keys }, ..plain }, 4));
    assert!(refused(Attention { queries: Rows { values: &rows[..20], ..plain.queries }, ..plain }, 8));
    let mask = Mask { values: &[0.0; 3], head_stride: 0, row_stride: 2 };
    assert!(refused(Attention { mask: Some(mask), ..plain }, 8));
}
