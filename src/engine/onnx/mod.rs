//! ONNX files, read as a stream: large f32 weights become int8 as they are read.
//!
//! Of a file of 400 MB, memory holds one f32 matrix at a time, the int8 weights, and the few kilobytes of everything
//! else, which are then parsed as a small ONNX file.

mod check;
mod constants;
mod external;
mod fields;
mod int8_weights;
mod uses;
mod weights;
mod widen;
mod wire;

use std::collections::HashMap;
use std::io::Read;

use tract_onnx::pb::{ModelProto, TensorProto};
use tract_onnx::prelude::Framework;

pub(super) use constants::Constants;
pub(super) use external::unread;
pub(super) use uses::table_rows;

use self::external::External;
use self::fields::*;
use self::uses::Use;
use self::weights::{Head, Weights};
use self::wire::{malformed, put_bytes, put_number, put_varint, Fault, Wire, BYTES, FIXED32, OPEN_END, VARINT};
use crate::engine::precision::Precision;
use crate::Error;

/// Files of at least this size run in int8 by default.
const LARGE_FILE: u64 = 100 << 20;
/// Bytes of fields outside the graph that are kept.
const MAX_ENVELOPE: usize = 4 << 10;

/// A parsed ONNX file, perhaps with int8 weights in place of f32.
#[derive(Debug, Clone, PartialEq)]
pub struct OnnxFile {
    proto: ModelProto,
    /// Large tensors, until all are there.
    weights: Weights,
    external: External,
    length: u64,
    precision: Precision,
    quantised: bool,
}

impl OnnxFile {
    /// Reads an ONNX file. `length` is its size as far as it is known; `file` names it in errors.
    ///
    /// With [`Precision::Int8`], or [`Precision::Auto`] and a file of 100 MiB or more, f32 weights of 64 KiB and more
    /// become int8 as they are read, external data included: those of linear layers with a scale per column, tables with one per row.
    ///
    /// # Errors
    /// `graph_invalid`; `model_unsupported` when the weights stand where they cannot be quantised as they are read;
    /// `archive_invalid` or `file_unreadable` when the stream
    /// breaks, the latter also when memory runs out.
    pub fn read(bytes: &mut dyn Read, length: u64, file: &str, precision: Precision) -> Result<Self, Error> {
        let quantise = match precision {
            Precision::Auto => length >= LARGE_FILE,
            Precision::Int8 => true,
            Precision::F32 => false,
        };
        let mut scanner = Scanner::new(bytes, length, file, quantise);
        let (mut proto, length) = scanner.run()?;
        let mut weights = scanner.weights;
        let graph = proto.graph.get_or_insert_default();
        let invalid = |reason: String| Error::GraphInvalid { file: file.to_string(), reason };
        let mut external = External::of(graph).map_err(invalid)?;
        let quantise =
            quantise || precision == Precision::Auto && length.saturating_add(external.bytes()) >= LARGE_FILE;
        if quantise {
            weights.quantise_rest(graph).map_err(|refused| refused.in_file(file))?;
            // What waits for its file has another place in the graph now.
            external = External::of(graph).map_err(invalid)?;
        }
        let mut read = OnnxFile { proto, weights, external, length, precision, quantised: quantise };
        read.complete();
        Ok(read)
    }

    /// Files beside the ONNX file that hold tensors' values (external data), as paths relative to its folder. Each is to be
    /// given to [`read_external`](Self::read_external) until it is no longer among them.
    pub fn external_files(&self) -> Vec<String> {
        self.external.locations().into_iter().map(str::to_string).collect()
    }

    /// Reads the values that the file at `location` holds; `file` names it in errors, `bytes` and `length` are its content.
    /// Where tensors share values, what is left is read in another pass over the file.
    ///
    /// # Errors
    /// `file_unreadable` if the file is shorter than the weights in it, memory runs out or the stream breaks;
    /// `archive_invalid` as in [`read`](Self::read); `graph_invalid` if weights that become int8 are no finite numbers.
    pub fn read_external(
        &mut self,
        location: &str,
        bytes: &mut dyn Read,
        length: u64,
        file: &str,
    ) -> Result<(), Error> {
        let graph = self.proto.graph.get_or_insert_default();
        let quantise = self.quantised;
        self.external.read(graph, &mut self.weights, location, (bytes, length), quantise, file)?;
        if !self.external.waits_for(location) {
            self.length = self.length.saturating_add(length);
        }
        self.complete();
        Ok(())
    }

    /// Puts the weights into the graph once they are all there.
    fn complete(&mut self) {
        if self.external.locations().is_empty() {
            if let Some(graph) = &mut self.proto.graph {
                std::mem::take(&mut self.weights).put_into(graph);
            }
        }
    }

    /// The external files that an ONNX file names, without reading its weights: see
    /// [`external_files`](Self::external_files).
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn list_external_files(bytes: &mut dyn Read, length: u64, file: &str) -> Result<Vec<String>, Error> {
        let mut scanner = Scanner { skips_weights: true, ..Scanner::new(bytes, length, file, false) };
        let (proto, _) = scanner.run()?;
        let external = External::of(&proto.graph.unwrap_or_default());
        let external = external.map_err(|reason| Error::GraphInvalid { file: file.to_string(), reason })?;
        Ok(external.locations().into_iter().map(str::to_string).collect())
    }

    /// Length of the file in bytes, with that of its external files.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Always false: an empty file holds no graph.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The content, the precision asked for, and whether f32 weights run in int8. Without its external files, a graph lacks
    /// those tensors.
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
    weights: Weights,
    /// Whether large tensors are left out.
    skips_weights: bool,
    quantise: bool,
    /// How the nodes before the first weight use weights; exporters write all nodes first.
    uses: Option<HashMap<String, Use>>,
}

impl<'r> Scanner<'r> {
    fn new(bytes: &'r mut dyn Read, length: u64, file: &'r str, quantise: bool) -> Self {
        Scanner {
            wire: Wire::new(bytes, length),
            file,
            model: Vec::new(),
            graph: Vec::new(),
            weights: Weights::default(),
            skips_weights: false,
            quantise,
            uses: None,
        }
    }

    /// Reads the file: see [`finish`](Self::finish).
    fn run(&mut self) -> Result<(ModelProto, u64), Error> {
        let read = self.model().and_then(|()| self.finish());
        read.map_err(|stop| match stop {
            Stop::Fault(Fault::Stream(error)) => Error::of_stream(self.file, &error),
            Stop::Fault(Fault::Memory(bytes)) => Error::no_memory(self.file, bytes),
            Stop::Fault(Fault::Malformed(reason)) => Error::GraphInvalid { file: self.file.to_string(), reason },
            Stop::Error(error) => error,
        })
    }

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
                    } else if self.skips_weights {
                        self.wire.skip_bytes(length)?;
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
                        Some(size) if self.used(&head.name)? == Some(Use::Table) => {
                            return self.table(&head, size, end);
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
    fn table(&mut self, head: &Head, size: (usize, usize), end: u64) -> Result<(), Stop> {
        let read = self.weights.read_table(head, size, &mut self.wire)?;
        read.map_err(|refused| refused.in_file(self.file))?;
        while let Some(key) = self.wire.key(end)? {
            self.wire.skip(key, end)?;
        }
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
        Ok(self.weights.keep(tensor, used).map_err(|refused| refused.in_file(self.file))?)
    }

    /// Parses what has been read so far, without the large tensors.
    fn parse(&self) -> Result<ModelProto, Stop> {
        check::is_modest(&self.graph)?;
        let mut bytes = self.model.clone();
        put_bytes(&mut bytes, MODEL_GRAPH, &self.graph);
        let parsed = tract_onnx::onnx().proto_model_for_read(&mut bytes.as_slice());
        parsed.map_err(|error| self.invalid(format!("{error:#}")))
    }

    /// The content, apart from the large tensors, and the length of what has been read.
    fn finish(&mut self) -> Result<(ModelProto, u64), Stop> {
        let length = self.wire.at();
        if self.graph.is_empty() {
            return Err(self.invalid("it holds no graph".into()));
        }
        let mut proto = self.parse()?;
        self.graph = Vec::new();
        self.model = Vec::new();
        let graph = proto.graph.get_or_insert_default();
        check::tensors(graph, &self.weights.tensors, self.file)?;
        widen::graph(graph);
        Ok((proto, length))
    }

    fn invalid(&self, reason: String) -> Stop {
        Error::GraphInvalid { file: self.file.to_string(), reason }.into()
    }
}
