//! Sums of rows of tables, as embeddings are, with the normalisation after them; tables stay as small as the file's.

use std::sync::Arc;

use tract_onnx::tract_hir::internal::*;

use super::norm::Norm;

/// A table of rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub(super) width: usize,
    pub(super) values: Values,
}

/// A table's values, row after row.
#[derive(Debug, Clone)]
pub(super) enum Values {
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
    pub(super) fn len(&self) -> usize {
        match self {
            Values::F32(values) => values.len(),
            Values::Int8 { values, .. } => values.len(),
        }
    }
}

impl Table {
    /// Refuses a table that is not made of whole rows, or whose scales are too few.
    pub(super) fn new(width: usize, values: Values) -> TractResult<Self> {
        let count = values.len();
        let scales = match &values {
            Values::F32(_) => 1,
            Values::Int8 { scales, .. } => scales.len(),
        };
        ensure!(width > 0 && count % width == 0, "{count} values in rows of {width}");
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

/// For each place the sum of one row of each table, perhaps normalised.
///
/// Inputs are as many integer tensors of one shape, of row numbers which may count from the end; the output has that
/// shape and one axis more.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Embedding {
    pub(super) tables: Vec<Table>,
    pub(super) norm: Option<Norm>,
}

impl Eq for Embedding {}

impl Embedding {
    fn width(&self) -> usize {
        self.tables.first().map_or(0, |table| table.width)
    }
}

impl Op for Embedding {
    fn name(&self) -> StaticName {
        "Embedding".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Embedding {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        ensure!(inputs.len() == self.tables.len() && !inputs.is_empty(), "{} operands of an embedding", inputs.len());
        let mut shape: TVec<usize> = inputs[0].shape().into();
        let width = self.width();
        shape.push(width);
        let mut output = Tensor::zero::<f32>(&shape)?;
        {
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
        }
        Ok(tvec![output.into_tvalue()])
    }
}

impl TypedOp for Embedding {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape: TVec<TDim> = inputs[0].shape.iter().cloned().collect();
        shape.push(self.width().to_dim());
        Ok(tvec![f32::fact(&shape)])
    }

    as_op!();
}

impl Expansion for Embedding {
    fn name(&self) -> StaticName {
        "Embedding".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, self.tables.len())?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].datum_type, f32::datum_type())?;
        for input in &inputs[1..] {
            solver.equals(&input.rank, &inputs[0].rank)?;
        }
        solver.given(&inputs[0].shape, move |solver, mut shape| {
            shape.push(self.width().to_dim());
            solver.equals(&outputs[0].shape, shape)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
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
        let out = op.eval(&EvalContext::out_of_plan(), inputs)?;
        assert_eq!(out[0].shape().last(), Some(&3));
        let values = out[0].try_as_plain_ram()?;
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
        assert!(sums(&op, tvec![rows(&[0])]).is_err());
        assert!(Table::new(4, Values::F32(vec![0.0; 6].into())).is_err());
        assert!(Table::new(3, values(&[0; 9], 0.0, &[1.0; 2])).is_err());
    }
}
