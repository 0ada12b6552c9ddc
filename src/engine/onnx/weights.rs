//! The large tensors of a file while it is read: kept as they are, widened to f32, or made int8.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, TensorProto};

use super::external::is_external;
use super::fields::LARGE_TENSOR;
use super::uses::{self, Use};
use super::wire::{Fault, Wire};
use super::{int8_weights, widen};
use crate::engine::quantise::QuantisedRows;
use crate::Error;

/// What precedes a tensor's values.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) dims: Vec<u64>,
    pub(super) data_type: u64,
}

impl Head {
    pub(super) fn of(tensor: &TensorProto) -> Self {
        let dims = tensor.dims.iter().map(|&dim| dim as u64).collect();
        Head { name: tensor.name.clone(), dims, data_type: tensor.data_type as u64 }
    }

    /// Rows and columns, if this is a matrix of `bytes` bytes of f32 or of 16-bit floats.
    pub(super) fn matrix(&self, bytes: u64) -> Option<(usize, usize)> {
        let &[rows, columns] = self.dims.as_slice() else { return None };
        let width = self.float_width()?;
        let fits = columns > 0 && rows.checked_mul(columns).and_then(|size| size.checked_mul(width)) == Some(bytes);
        fits.then_some((rows as usize, columns as usize))
    }

    /// Bytes of a value, if they are f32 or 16-bit floats.
    fn float_width(&self) -> Option<u64> {
        match i32::try_from(self.data_type) {
            Ok(kind) if kind == DataType::Float as i32 => Some(4),
            Ok(kind) if widen::is_half(kind) => Some(2),
            _ => None,
        }
    }
}

/// Why weights are refused.
#[derive(Debug)]
pub(super) enum Refused {
    /// This tensor holds a value that is no finite number, and would become int8.
    NoNumber(String),
    /// Weights stand between the nodes that read them, so that what they are used for is known too late.
    Scattered,
}

impl Refused {
    pub(super) fn in_file(self, file: &str) -> Error {
        let file = file.to_string();
        match self {
            Refused::NoNumber(name) => {
                let reason = format!("its weights {name:?} hold a value that is no finite number");
                Error::GraphInvalid { file, reason }
            }
            Refused::Scattered => {
                let reason =
                    "its weights stand between the nodes that read them; load it with Python's onnx and save it anew";
                Error::ModelUnsupported { file, reason: reason.into() }
            }
        }
    }
}

/// Large tensors, and which of them are int8 by now.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Weights {
    pub(super) tensors: Vec<TensorProto>,
    /// Weights held in int8, and their use.
    quantised: HashMap<String, Use>,
}

impl Weights {
    /// Keeps a tensor, in int8 if it is a matrix with a use.
    pub(super) fn keep(&mut self, mut tensor: TensorProto, used: Option<Use>) -> Result<(), Refused> {
        widen::tensor(&mut tensor);
        let matrix = Head::of(&tensor)
            .matrix(tensor.raw_data.len() as u64)
            .filter(|_| tensor.raw_data.len() as u64 >= LARGE_TENSOR);
        let (Some(used), Some((rows, columns))) = (used, matrix) else {
            self.tensors.push(tensor);
            return Ok(());
        };
        let quantised = int8_weights::tensors(&tensor.name, used, rows, columns, &tensor.raw_data);
        let Some(quantised) = quantised else { return Err(Refused::NoNumber(tensor.name)) };
        self.tensors.extend(quantised);
        self.quantised.insert(tensor.name, used);
        Ok(())
    }

    /// Quantises a table's raw values row by row from a stream that stands at their begin.
    pub(super) fn read_table(
        &mut self,
        head: &Head,
        (rows, columns): (usize, usize),
        wire: &mut Wire<'_>,
    ) -> Result<Result<(), Refused>, Fault> {
        let name = &head.name;
        let width = head.float_width().unwrap_or(4);
        let mut quantised = QuantisedRows { values: Vec::new(), scales: Vec::new() };
        let no_memory = |_| Fault::Memory((rows * columns) as u64);
        let room = (rows * columns).min(usize::try_from(wire.left() / width).unwrap_or(usize::MAX));
        quantised.values.try_reserve_exact(room).map_err(no_memory)?;
        let mut row = Vec::new();
        for _ in 0..rows {
            row.clear();
            wire.read(width * columns as u64, &mut row)?;
            widen::raw(&mut row, head.data_type as i32);
            quantised.values.try_reserve(columns).map_err(no_memory)?;
            if !quantised.push(&row) {
                return Ok(Err(Refused::NoNumber(name.to_string())));
            }
        }
        self.tensors.extend(int8_weights::table(name, rows, columns, quantised));
        self.quantised.insert(name.to_string(), Use::Table);
        Ok(Ok(()))
    }

    /// Quantises the weights of a graph that came before the nodes that read them; those that it holds itself too, but none
    /// that waits for its file.
    pub(super) fn quantise_rest(&mut self, graph: &mut GraphProto) -> Result<(), Refused> {
        let uses = uses::of_weights(graph);
        if self.quantised.iter().any(|(name, used)| uses.get(name) != Some(used)) {
            return Err(Refused::Scattered);
        }
        let (waiting, parsed) = std::mem::take(&mut graph.initializer).into_iter().partition(is_external);
        graph.initializer = waiting;
        let parsed: Vec<TensorProto> = parsed;
        for tensor in std::mem::take(&mut self.tensors).into_iter().chain(parsed) {
            let used = uses.get(&tensor.name).copied();
            self.keep(tensor, used)?;
        }
        Ok(())
    }

    /// Puts the tensors into the graph, whose nodes read them as they are now.
    pub(super) fn put_into(mut self, graph: &mut GraphProto) {
        if !self.quantised.is_empty() {
            int8_weights::rewrite(graph, &self.quantised);
        }
        graph.initializer.append(&mut self.tensors);
    }
}
