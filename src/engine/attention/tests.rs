use super::*;

/// Random numbers from -1 to 1.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count).map(|_| random.f32() * 2.0 - 1.0).collect()
}

/// The definition, in f64. Queries, keys and values stand side by side in `rows`.
fn expected(
    rows: &[f32],
    (length, width): (usize, usize),
    op: &Attention,
    mask: &dyn Fn(usize, usize, usize) -> f32,
) -> Vec<f64> {
    let size = width / op.heads;
    let at = |part: usize, row: usize, column: usize| f64::from(rows[row * 3 * width + part * width + column]);
    let mut out = vec![0.0; length * width];
    for head in 0..op.heads {
        for row in 0..length {
            let score = |key: usize| {
                let products = (0..size).map(|i| at(0, row, head * size + i) * at(1, key, head * size + i));
                (products.sum::<f64>() * f64::from(op.scale) + f64::from(mask(head, row, key))).exp()
            };
            let shares: Vec<f64> = (0..length).map(score).collect();
            let sum: f64 = shares.iter().sum();
            for i in 0..size {
                let context = (0..length).map(|key| shares[key] * at(2, key, head * size + i)).sum::<f64>();
                out[row * width + head * size + i] = context / sum;
            }
        }
    }
    out
}

fn check(op: &Attention, inputs: &[TValue], expected: &[f64]) {
    let mut results = Vec::new();
    for set in lanes::Set::ALL.iter().filter(|set| set.exists()) {
        let mut out = vec![0f32; expected.len()];
        // What an earlier call left behind must not show.
        let stale = vec![f32::NAN; 5000];
        let mut scratch = Scratch { scores: stale.clone(), values: stale, ..Scratch::default() };
        set.run(op.task(inputs, &mut out, &mut scratch).expect("operands that fit"));
        results.push(out);
    }
    results.push(
        op.eval(&EvalContext::out_of_plan(), inputs.into()).expect("a result")[0]
            .try_as_plain_ram()
            .expect("a tensor")
            .as_slice::<f32>()
            .expect("f32")
            .to_vec(),
    );
    for out in results {
        for (i, (ours, exact)) in out.iter().zip(expected).enumerate() {
            let difference = (f64::from(*ours) - exact).abs();
            assert!(difference < 2e-6, "{op:?} of {:?}: value {i}: {ours} {exact}", inputs[0]);
        }
    }
}

fn tensor(shape: &[usize], values: &[f32]) -> TValue {
    Tensor::from_shape(shape, values).expect("a tensor").into_tvalue()
}

#[test]
fn every_shape_gives_what_the_definition_gives() {
    let shapes = [(1, 1, 1), (2, 3, 5), (5, 2, 16), (31, 2, 7), (33, 1, 32), (64, 2, 64), (130, 2, 80)];
    for (length, heads, size) in shapes {
        let width = heads * size;
        let op = Attention { heads, scale: 0.7, packed: true, masked: false };
        let rows = numbers(length * 3 * width, length as u64);
        let exact = expected(&rows, (length, width), &op, &|_, _, _| 0.0);
        check(&op, &[tensor(&[1, length, 3 * width], &rows)], &exact);
        let part = |part: usize| -> TValue {
            let values: Vec<f32> = rows.chunks(width).skip(part).step_by(3).flatten().copied().collect();
            tensor(&[1, length, width], &values)
        };
        check(&Attention { packed: false, ..op }, &[part(0), part(1), part(2)], &exact);
    }
}

#[test]
fn a_mask_is_added_whatever_it_is_spread_over() {
    let (length, heads, size) = (19, 2, 8);
    let width = heads * size;
    let op = Attention { heads, scale: 1.0, packed: true, masked: true };
    let rows = numbers(length * 3 * width, 1);
    for (mask_heads, mask_rows) in [(1, 1), (1, length), (heads, 1), (heads, length)] {
        let mut mask = numbers(mask_heads * mask_rows * length, 2);
        mask[3] = f32::NEG_INFINITY;
        let added = |head: usize, row: usize, key: usize| {
            let head = if mask_heads == 1 { 0 } else { head };
            mask[(head * mask_rows + if mask_rows == 1 { 0 } else { row }) * length + key]
        };
        let exact = expected(&rows, (length, width), &op, &added);
        let inputs = [tensor(&[1, length, 3 * width], &rows), tensor(&[1, mask_heads, mask_rows, length], &mask)];
        check(&op, &inputs, &exact);
    }
}

#[test]
fn large_scores_stay_numbers_and_no_number_shows() {
    let op = Attention { heads: 1, scale: 1000.0, packed: true, masked: false };
    let mut rows = numbers(3 * 3 * 4, 5);
    let out = |rows: &[f32]| {
        let result = op.eval(&EvalContext::out_of_plan(), tvec![tensor(&[1, 3, 12], rows)]).expect("a result");
        result[0].try_as_plain_ram().expect("a tensor").as_slice::<f32>().expect("f32").to_vec()
    };
    assert!(out(&rows).iter().all(|value| value.is_finite()));
    rows[5] = f32::NAN;
    assert!(out(&rows).iter().all(|value| value.is_nan()));
}

#[test]
fn operands_that_do_not_fit_are_refused() {
    let row = |shape: &[usize]| tensor(shape, &vec![0.0; shape.iter().product()]);
    let op = |heads: usize, packed: bool, masked: bool| Attention { heads, scale: 1.0, packed, masked };
    let fails = |op: Attention, inputs: &[TValue]| op.eval(&EvalContext::out_of_plan(), inputs.into()).is_err();
    assert!(fails(op(5, true, false), &[row(&[1, 2, 12])]));
    assert!(fails(op(0, true, false), &[row(&[1, 2, 12])]));
    assert!(fails(op(1, true, false), &[row(&[1, 2, 13])]));
    assert!(fails(op(1, true, false), &[row(&[2, 2, 12])]));
    assert!(fails(op(1, false, false), &[row(&[1, 2, 4]), row(&[1, 3, 4]), row(&[1, 2, 4])]));
    assert!(fails(op(1, true, true), &[row(&[1, 2, 12]), row(&[1, 1, 1, 3])]));
}
