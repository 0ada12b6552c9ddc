//! Embeddings: sums of rows of tables, with the normalisation after them. Tables stay int8 where the file's are.

use std::sync::Arc;

use tract_onnx::tract_hir::internal::*;

use super::norm::Norm;
use super::FusedOp;

/// A table of rows.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Table {
    pub(in crate::engine) width: usize,
    pub(in crate::engine) values: Values,
}

/// A table's values, row after row.
#[derive(Debug, Clone)]
pub(in crate::engine) enum Values {
    F32(Arc<[f32]>),
    /// `(value - zero) * scale`, with a scale for each row or one for all.
    Int8 {
        values: Arc<[i8]>,
        zero: f32,
        scales: Arc<[f32]>,
    },
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Values::F32(a), Values::F32(b)) => Arc::ptr_eq(a, b),
            (Values::Int8 { values: a, .. }, Values::Int8 { values: b, .. }) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Values {
    pub(in crate::engine) fn len(&self) -> usize {
        match self {
            Values::F32(values) => values.len(),
            Values::Int8 { values, .. } => values.len(),
        }
    }
}

impl Table {
    /// # Errors
    /// When the table does not consist of whole rows, or the scales are neither one nor one per row.
    pub(in crate::engine) fn new(width: usize, values: Values) -> TractResult<Self> {
        let count = values.len();
        let scales = match &values {
            Values::F32(_) => 1,
            Values::Int8 { scales, .. } => scales.len(),
        };
        ensure!(width > 0 && count.is_multiple_of(width), "{count} values in rows of {width}");
        ensure!(scales == 1 || scales == count / width, "{scales} scales for {} rows", count / width);
        Ok(Table { width, values })
    }

    fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// Adds a row to `out`.
    fn add(&self, row: usize, out: &mut [f32]) {
        let range = row * self.width..(row + 1) * self.width;
        match &self.values {
            Values::F32(values) => {
                for (out, value) in out.iter_mut().zip(&values[range]) {
                    *out += value;
                }
            }
            Values::Int8 { values, zero, scales } => {
                let scale = scales[if scales.len() == 1 { 0 } else { row }];
                for (out, &value) in out.iter_mut().zip(&values[range]) {
                    *out += (f32::from(value) - zero) * scale;
                }
            }
        }
    }
}

/// For each position the sum of one row of each table, perhaps normalised.
///
/// Inputs are as many integer tensors of one shape, of row numbers; negative ones count from the end. The output has
/// that shape and one more axis.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Embedding {
    pub(in crate::engine) tables: Vec<Table>,
    pub(in crate::engine) norm: Option<Norm>,
}

impl Embedding {
    fn width(&self) -> usize {
        self.tables.first().map_or(0, |table| table.width)
    }
}

impl FusedOp for Embedding {
    const NAME: &'static str = "Embedding";

    fn inputs(&self) -> usize {
        self.tables.len()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        output: &'p TensorProxy,
    ) -> InferenceResult {
        let Some((first, others)) = inputs.split_first() else { bail!("an embedding without tables") };
        for input in others {
            solver.equals(&input.rank, &first.rank)?;
        }
        solver.given(&first.shape, move |solver, mut shape| {
            shape.push(self.width().to_dim());
            solver.equals(&output.shape, shape)
        })
    }

    fn output_shape(&self, mut shape: TVec<TDim>) -> TVec<TDim> {
        shape.push(self.width().to_dim());
        shape
    }

    fn run(&self, inputs: TVec<TValue>) -> TractResult<Tensor> {
        let mut shape: TVec<usize> = inputs[0].shape().into();
        let width = self.width();
        shape.push(width);
        let mut output = Tensor::zero::<f32>(&shape)?;
        let mut out = output.try_as_plain_ram_mut()?;
        let out = out.as_slice_mut::<f32>()?;
        for (table, input) in self.tables.iter().zip(&inputs) {
            ensure!(input.shape() == inputs[0].shape(), "{:?} and {:?} rows", input.shape(), inputs[0].shape());
            let input = input.cast_to::<i64>()?;
            let count = table.rows() as i64;
            let rows = input.try_as_plain_ram()?;
            for (&row, out) in rows.as_slice::<i64>()?.iter().zip(out.chunks_exact_mut(width)) {
                ensure!((-count..count).contains(&row), "row {row} of a table of {count}");
                table.add(row.rem_euclid(count) as usize, out);
            }
        }
        if let Some(norm) = &self.norm {
            norm.run(out, None);
        }
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(values: &[i8], zero: f32, scales: &[f32]) -> Values {
        Values::Int8 { values: values.into(), zero, scales: scales.into() }
    }

    fn int8() -> Table {
        Table::new(3, values(&[1, 2, 3, -4, 5, 127], 1.0, &[0.5, 2.0])).expect("a table")
    }

    fn f32s() -> Table {
        Table::new(3, Values::F32(vec![0.0, 0.25, 0.5, 1.0, 1.0, 1.0].into())).expect("a table")
    }

    fn rows(rows: &[i64]) -> TValue {
        Tensor::from_shape(&[1, rows.len()], rows).expect("a tensor").into_tvalue()
    }

    fn sums(op: &Embedding, inputs: TVec<TValue>) -> TractResult<Vec<f32>> {
        let out = op.run(inputs)?;
        assert_eq!(out.shape().last(), Some(&3));
        let values = out.try_as_plain_ram()?;
        Ok(values.as_slice::<f32>()?.to_vec())
    }

    #[test]
    fn rows_are_dequantised_and_added() {
        let op = Embedding { tables: vec![int8(), f32s()], norm: None };
        let out = sums(&op, tvec![rows(&[0, -1]), rows(&[1, 0])]).expect("sums");
        assert_eq!(out, [1.0, 1.5, 2.0, -10.0, 8.25, 252.5]);
    }

    #[test]
    fn sums_are_normalised() {
        let norm = Norm::new(&[1.0; 3], &[1.0; 3], 0.0).expect("parameters");
        let out = sums(&Embedding { tables: vec![f32s()], norm: Some(norm) }, tvec![rows(&[0])]).expect("a sum");
        let step = 1.5f32.sqrt();
        for (ours, exact) in out.iter().zip([1.0 - step, 1.0, 1.0 + step]) {
            assert!((ours - exact).abs() < 1e-6, "{ours} {exact}");
        }
    }

    #[test]
    fn rows_that_are_not_there_are_refused() {
        let op = Embedding { tables: vec![int8(), f32s()], norm: None };
        assert!(sums(&op, tvec![rows(&[2]), rows(&[0])]).is_err());
        assert!(sums(&op, tvec![rows(&[-3]), rows(&[0])]).is_err());
        assert!(sums(&op, tvec![rows(&[0]), rows(&[0, 1])]).is_err());
        assert!(Table::new(4, Values::F32(vec![0.0; 6].into())).is_err());
        assert!(Table::new(3, values(&[0; 9], 0.0, &[1.0; 2])).is_err());
    }
}
