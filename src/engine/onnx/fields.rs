//! Field numbers of the ONNX format, and the size of a large tensor.

pub(super) const MODEL_GRAPH: u64 = 7;
pub(super) const MODEL_OPERATORS: u64 = 8;
pub(super) const GRAPH_NODE: u64 = 1;
pub(super) const GRAPH_INITIALIZER: u64 = 5;
pub(super) const GRAPH_INPUT: u64 = 11;
pub(super) const GRAPH_OUTPUT: u64 = 12;
pub(super) const TENSOR_DIMS: u64 = 1;
pub(super) const TENSOR_TYPE: u64 = 2;
pub(super) const TENSOR_FLOATS: u64 = 4;
pub(super) const TENSOR_NAME: u64 = 8;
pub(super) const TENSOR_RAW: u64 = 9;
pub(super) const TENSOR_DOCUMENTATION: u64 = 12;

/// Tensors of at least this size in bytes are not parsed with the rest of the graph.
pub(super) const LARGE_TENSOR: u64 = 64 << 10;
