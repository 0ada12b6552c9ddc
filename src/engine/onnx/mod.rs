//! ONNX files, read as a stream: large f32 weights become int8 as they are read.
//!
//! Of a file of 400 MB, memory holds one f32 matrix at a time, the int8 weights, and the few kilobytes of everything
//! else, which are then parsed as a small ONNX file.

mod check;
mod constants;
mod fields;
mod int8_weights;
mod uses;
mod wire;

use std::collections::HashMap;
use std::io::Read;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, ModelProto, TensorProto};
use tract_onnx::prelude::Framework;

pub(super) use constants::Constants;
pub(super) use uses::table_rows;

use self::fields::*;
use self::uses::Use;
use self::wire::{malformed, put_bytes, put_number, put_varint, Fault, Wire, BYTES, FIXED32, OPEN_END, VARINT};
use crate::engine::precision::Precision;
use crate::engine::quantise::QuantisedRows;
use crate::Error;

/// Files of at least this size run in int8 by default.
const LARGE_FILE: u64 = 100 << 20;
/// Bytes of fields outside the graph that are kept.
const MAX_ENVELOPE: usize = 4 << 10;

/// A parsed ONNX file, perhaps with int8 weights in place of f32.
#[derive(Debug, Clone, PartialEq)]
pub struct OnnxFile {
    proto: ModelProto,
    length: u64,
    precision: Precision,
    quantised: bool,
}

impl OnnxFile {
    /// Reads an ONNX file. `length` is its size as far as it is known; `file` names it in errors.
    ///
    /// With [`Precision::Int8`], or [`Precision::Auto`] and a file of 100 MiB or more, f32 weights of 64 KiB and more
    /// become int8 as they are read: those of linear layers with a scale per column, tables with one per row.
    ///
    /// # Errors
    /// `graph_invalid`; `model_unsupported` when weights are in another file; `archive_invalid` or `file_unreadable` when
    /// the stream breaks, the latter also when memory runs out.
    pub fn read(bytes: &mut dyn Read, length: u64, file: &str, precision: Precision) -> Result<Self, Error> {
        let quantise = match precision {
            Precision::Auto => length >= LARGE_FILE,
            Precision::Int8 => true,
            Precision::F32 => false,
        };
        let mut scanner = Scanner {
            wire: Wire::new(bytes, length),
            file,
            model: Vec::new(),
            graph: Vec::new(),
            tensors: Vec::new(),
            quantise,
            uses: None,
            quantised: HashMap::new(),
        };
        let read = scanner.model().and_then(|()| scanner.finish());
        let (proto, length) = read.map_err(|stop| match stop {
            Stop::Fault(Fault::Stream(error)) => Error::of_stream(file, &error),
            Stop::Fault(Fault::Memory(bytes)) => Error::no_memory(file, bytes),
            Stop::Fault(Fault::Malformed(reason)) => Error::GraphInvalid { file: file.to_string(), reason },
            Stop::Error(error) => error,
        })?;
        Ok(OnnxFile { proto, length, precision, quantised: quantise })
    }

    /// Length of the file in bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Always false: an empty file holds no graph.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The content, the precision asked for, and whether f32 weights run in int8.
    pub(super) fn into_parts(self) -> (ModelProto, Precision, bool) {
        (self.proto, self.precision, self.quantised)
    }
}

/// Why a file was not read to its end.
enum Stop {
    Fault(Fault),
    Error(Error),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::Fault(fault)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Error(error)
    }
}

struct Scanner<'r> {
    wire: Wire<'r>,
    file: &'r str,
    /// Fields of the model except the graph, and fields of the graph except large tensors, byte for byte.
    model: Vec<u8>,
    graph: Vec<u8>,
    tensors: Vec<TensorProto>,
    quantise: bool,
    /// How the nodes before the first weight use weights; exporters write all nodes first.
    uses: Option<HashMap<String, Use>>,
    /// Weights held in int8, and their use.
    quantised: HashMap<String, Use>,
}

/// What precedes a tensor's values.
#[derive(Default)]
struct Head {
    name: String,
    dims: Vec<u64>,
    data_type: u64,
}

impl Head {
    /// Rows and columns, if this is an f32 matrix of `bytes` bytes.
    fn matrix(&self, bytes: u64) -> Option<(usize, usize)> {
        let (&[rows, columns], true) = (self.dims.as_slice(), self.data_type == DataType::Float as u64) else {
            return None;
        };
        let fits = columns > 0 && rows.checked_mul(columns).and_then(|size| size.checked_mul(4)) == Some(bytes);
        fits.then_some((rows as usize, columns as usize))
    }
}

impl Scanner<'_> {
    fn model(&mut self) -> Result<(), Stop> {
        while let Some(key) = self.wire.key(OPEN_END)? {
            match key {
                (MODEL_GRAPH, BYTES) => {
                    let end = self.wire.length(OPEN_END - 1)? + self.wire.at();
                    self.graph(end)?;
                }
                // Versions and who wrote the file.
                (1..=5 | MODEL_OPERATORS, _) if self.model.len() < MAX_ENVELOPE => {
                    self.wire.copy(key, OPEN_END, &mut self.model)?;
                }
                _ => self.wire.skip(key, OPEN_END)?,
            }
        }
        Ok(())
    }

    fn graph(&mut self, end: u64) -> Result<(), Stop> {
        while let Some(key) = self.wire.key(end)? {
            match key {
                (GRAPH_INITIALIZER, BYTES) => {
                    let length = self.wire.length(end)?;
                    if length < LARGE_TENSOR {
                        put_varint(&mut self.graph, GRAPH_INITIALIZER << 3 | u64::from(BYTES));
                        put_varint(&mut self.graph, length);
                        self.wire.read(length, &mut self.graph)?;
                    } else {
                        let end = self.wire.at() + length;
                        self.tensor(end)?;
                    }
                }
                (GRAPH_NODE | GRAPH_INPUT | GRAPH_OUTPUT, BYTES) => self.wire.copy(key, end, &mut self.graph)?,
                // Documentation, and shapes, which are inferred anyway.
                _ => self.wire.skip(key, end)?,
            }
        }
        Ok(())
    }

    /// Reads a large tensor.
    fn tensor(&mut self, end: u64) -> Result<(), Stop> {
        let mut head = Head::default();
        let mut data = Vec::new();
        // Values in other encodings, and any other fields.
        let mut rest = Vec::new();
        while let Some(key) = self.wire.key(end)? {
            match key {
                (TENSOR_DIMS, VARINT) => head.dims.push(self.wire.varint()?),
                (TENSOR_DIMS, BYTES) => {
                    let end = self.wire.length(end)? + self.wire.at();
                    while self.wire.at() < end {
                        head.dims.push(self.wire.varint()?);
                    }
                }
                (TENSOR_TYPE, VARINT) => head.data_type = self.wire.varint()?,
                (TENSOR_NAME, BYTES) => {
                    let mut name = Vec::new();
                    let length = self.wire.length(end)?;
                    self.wire.read(length, &mut name)?;
                    head.name = String::from_utf8(name).or_else(|_| malformed("a name is no UTF-8"))?;
                }
                (TENSOR_RAW, BYTES) if data.is_empty() && rest.is_empty() => {
                    let length = self.wire.length(end)?;
                    match head.matrix(length) {
                        Some((rows, columns)) if self.used(&head.name)? == Some(Use::Table) => {
                            return self.table(&head, rows, columns, end);
                        }
                        _ => self.wire.read(length, &mut data)?,
                    }
                }
                // Little-endian, as in the raw form.
                (TENSOR_FLOATS, BYTES) => {
                    let length = self.wire.length(end)?;
                    self.wire.read(length, &mut data)?;
                }
                (TENSOR_FLOATS, FIXED32) => self.wire.read(4, &mut data)?,
                (TENSOR_DOCUMENTATION, _) => self.wire.skip(key, end)?,
                _ => self.wire.copy(key, end, &mut rest)?,
            }
        }
        if !rest.is_empty() {
            // Left to the parser.
            return self.put_tensor(&head, &data, &rest);
        }
        let dims = head.dims.iter().map(|&dim| dim as i64).collect();
        let data_type = i32::try_from(head.data_type).unwrap_or(0);
        let tensor = TensorProto { name: head.name, dims, data_type, raw_data: data, ..Default::default() };
        let used = self.used(&tensor.name)?;
        self.keep(tensor, used)
    }

    fn put_tensor(&mut self, head: &Head, data: &[u8], rest: &[u8]) -> Result<(), Stop> {
        let mut tensor = Vec::new();
        head.dims.iter().for_each(|&dim| put_number(&mut tensor, TENSOR_DIMS, dim));
        put_number(&mut tensor, TENSOR_TYPE, head.data_type);
        put_bytes(&mut tensor, TENSOR_NAME, head.name.as_bytes());
        if !data.is_empty() {
            put_bytes(&mut tensor, TENSOR_RAW, data);
        }
        tensor.extend_from_slice(rest);
        put_bytes(&mut self.graph, GRAPH_INITIALIZER, &tensor);
        Ok(())
    }

    /// Quantises a table's raw values row by row, and skips the fields after them.
    fn table(&mut self, head: &Head, rows: usize, columns: usize, end: u64) -> Result<(), Stop> {
        let mut quantised = QuantisedRows { values: Vec::new(), scales: Vec::new() };
        let no_memory = |_| Fault::Memory((rows * columns) as u64);
        let room = (rows * columns).min(usize::try_from(self.wire.left() / 4).unwrap_or(usize::MAX));
        quantised.values.try_reserve_exact(room).map_err(no_memory)?;
        let mut row = Vec::new();
        for _ in 0..rows {
            row.clear();
            self.wire.read(4 * columns as u64, &mut row)?;
            quantised.values.try_reserve(columns).map_err(no_memory)?;
            if !quantised.push(&row) {
                return Err(self.no_number(&head.name));
            }
        }
        while let Some(key) = self.wire.key(end)? {
            self.wire.skip(key, end)?;
        }
        self.tensors.extend(int8_weights::table(&head.name, rows, columns, quantised));
        self.quantised.insert(head.name.clone(), Use::Table);
        Ok(())
    }

    /// How a tensor is used, if it is to be quantised, by the nodes seen before the first large tensor.
    fn used(&mut self, name: &str) -> Result<Option<Use>, Stop> {
        if !self.quantise {
            return Ok(None);
        }
        if self.uses.is_none() {
            let graph = self.parse()?.graph.unwrap_or_default();
            self.uses = Some(uses::of_weights(&graph));
        }
        Ok(self.uses.as_ref().and_then(|uses| uses.get(name)).copied())
    }

    /// Keeps a tensor, in int8 if it is a matrix with a use.
    fn keep(&mut self, tensor: TensorProto, used: Option<Use>) -> Result<(), Stop> {
        let head = Head {
            name: String::new(),
            dims: tensor.dims.iter().map(|&dim| dim as u64).collect(),
            data_type: tensor.data_type as u64,
        };
        let matrix = head.matrix(tensor.raw_data.len() as u64).filter(|_| tensor.raw_data.len() as u64 >= LARGE_TENSOR);
        let (Some(used), Some((rows, columns))) = (used, matrix) else {
            self.tensors.push(tensor);
            return Ok(());
        };
        let quantised = int8_weights::tensors(&tensor.name, used, rows, columns, &tensor.raw_data);
        self.tensors.extend(quantised.ok_or_else(|| self.no_number(&tensor.name))?);
        self.quantised.insert(tensor.name, used);
        Ok(())
    }

    /// Parses what has been read so far, without the large tensors.
    fn parse(&self) -> Result<ModelProto, Stop> {
        check::is_modest(&self.graph)?;
        let mut bytes = self.model.clone();
        put_bytes(&mut bytes, MODEL_GRAPH, &self.graph);
        let parsed = tract_onnx::onnx().proto_model_for_read(&mut bytes.as_slice());
        parsed.map_err(|error| self.invalid(format!("{error:#}")))
    }

    fn finish(&mut self) -> Result<(ModelProto, u64), Stop> {
        let length = self.wire.at();
        if self.graph.is_empty() {
            return Err(self.invalid("it holds no graph".into()));
        }
        let mut proto = self.parse()?;
        self.graph = Vec::new();
        self.model = Vec::new();
        let mut graph = proto.graph.take().unwrap_or_default();
        if self.quantise {
            self.quantise_rest(&mut graph)?;
            int8_weights::rewrite(&mut graph, &self.quantised);
        }
        graph.initializer.append(&mut self.tensors);
        check::tensors(&graph, self.file)?;
        proto.graph = Some(graph);
        Ok((proto, length))
    }

    /// Quantises weights that came before the nodes that read them.
    fn quantise_rest(&mut self, graph: &mut GraphProto) -> Result<(), Stop> {
        let uses = uses::of_weights(graph);
        if self.quantised.iter().any(|(name, used)| uses.get(name) != Some(used)) {
            let reason =
                "its weights stand between the nodes that read them; load it with Python's onnx and save it anew";
            return Err(Error::ModelUnsupported { file: self.file.to_string(), reason: reason.into() }.into());
        }
        let parsed = std::mem::take(&mut graph.initializer);
        for tensor in std::mem::take(&mut self.tensors).into_iter().chain(parsed) {
            let used = uses.get(&tensor.name).copied();
            self.keep(tensor, used)?;
        }
        Ok(())
    }

    fn invalid(&self, reason: String) -> Stop {
        Error::GraphInvalid { file: self.file.to_string(), reason }.into()
    }

    fn no_number(&self, name: &str) -> Stop {
        self.invalid(format!("its weights {name:?} hold a value that is no finite number"))
    }
}
