//! Embeddings become one node: sums of table rows before a normalisation, and rows of quantised tables anywhere.

use glossa_kernels::as_signed;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

use super::facts::{Facts, Size};
use super::found_norm::{parse_norm, FoundNorm};
use super::graph_index::{replace, GraphIndex};
use super::nodes::EMBEDDING;
use crate::engine::ops::{to_tract, Embedding, Table, Values};
use crate::engine::proto::{attribute, bytes, float_attribute, floats, floats_attribute, integer};
use crate::engine::proto::{raw_tensor, tensor_attribute};

/// Builds the operation of a node that [`node`] or [`rewrite`] wrote.
pub(super) fn parse(_context: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let table = |i: usize| -> TractResult<Table> {
        let tensor = node.get_attr::<&TensorProto>(&format!("values{i}"))?;
        let &[rows, width] = tensor.dims.as_slice() else { bail!("a table of shape {:?}", tensor.dims) };
        let (rows, width) = (usize::try_from(rows)?, usize::try_from(width)?);
        let values = match tensor.data_type {
            kind if kind == DataType::Float as i32 => Values::F32(floats(tensor).unwrap_or_default().into()),
            kind if kind == DataType::Int8 as i32 => Values::Int8 {
                values: as_signed(&tensor.raw_data).into(),
                zero: node.get_attr(&format!("zero{i}"))?,
                scales: node.get_attr_slice(&format!("scales{i}"))?.into(),
            },
            other => bail!("a table of type {other}"),
        };
        // A file may hold a node of this type that `rewrite` did not write.
        ensure!(Some(values.len()) == rows.checked_mul(width), "{} values in {rows} rows of {width}", values.len());
        Table::new(width, values)
    };
    let tables = (0..node.input.len()).map(table).collect::<TractResult<Vec<_>>>()?;
    ensure!(!tables.is_empty(), "an embedding without tables");
    let norm = attribute(node, "gamma").map(|_| parse_norm(node)).transpose()?;
    ensure!(norm.iter().all(|norm| tables.iter().all(|table| table.width == norm.width())), "widths differ");
    Ok((to_tract(Embedding { tables, norm }), vec![]))
}

/// Maximum number of tables in a sum: more than words, positions and token types.
const MAX_TABLES: usize = 8;

/// A look-up: for each number of the input, a row of a table.
pub(super) struct LookUp<'g> {
    rows: String,
    /// `[rows, width]`: f32, or int8 or uint8 with the fields below.
    table: &'g TensorProto,
    scales: Vec<f32>,
    /// The zero point, in the type of the table.
    zero: i32,
}

/// The look-ups whose sum a value is, all with rows of `width`.
pub(super) fn sum<'g>(graph: &GraphIndex<'g>, facts: &Facts, name: &str, width: usize) -> Option<Vec<LookUp<'g>>> {
    let mut found = Vec::new();
    let mut open = vec![name.to_string()];
    while let Some(name) = open.pop() {
        if found.len() + open.len() >= MAX_TABLES {
            return None;
        }
        if let Some(look_up) = look_up(graph, facts, &name) {
            if look_up.table.dims[1] != width as i64 {
                return None;
            }
            found.push(look_up);
        } else {
            let add = graph.producer(&name).filter(|node| node.op_type == "Add" && node.input.len() == 2)?;
            open.extend(add.input.iter().cloned());
        }
    }
    Some(found)
}

/// The node of a normalised sum.
pub(super) fn node(graph: &GraphIndex, look_ups: Vec<LookUp>, norm: FoundNorm) -> NodeProto {
    let mut node = norm.into_node(EMBEDDING, vec![]);
    add_tables(graph, &mut node, look_ups);
    node
}

/// Replaces look-ups in quantised tables: only the rows that are read are dequantised.
pub(super) fn rewrite(graph: &mut GraphProto) {
    let edges = GraphIndex::new(graph);
    let facts = Facts::new(graph, &edges);
    let mut replacements = Vec::new();
    for (place, node) in edges.nodes.iter().enumerate() {
        let [output] = node.output.as_slice() else { continue };
        let Some(look_up) = look_up(&edges, &facts, output) else { continue };
        if look_up.table.data_type == DataType::Float as i32 {
            continue;
        }
        let mut replacement = NodeProto {
            name: format!("{}.fused", node.name),
            op_type: EMBEDDING.into(),
            output: vec![output.clone()],
            ..Default::default()
        };
        add_tables(&edges, &mut replacement, vec![look_up]);
        replacements.push((place, replacement));
    }
    replace(graph, replacements);
}

fn add_tables(graph: &GraphIndex, node: &mut NodeProto, look_ups: Vec<LookUp>) {
    for (i, look_up) in look_ups.into_iter().enumerate() {
        let table = look_up.table;
        node.input.push(look_up.rows);
        let values = format!("values{i}");
        if table.data_type == DataType::Float as i32 {
            node.attribute.push(graph.constant_attribute(&values, table));
            continue;
        }
        let mut zero = look_up.zero;
        node.attribute.push(if table.data_type == DataType::Uint8 as i32 {
            // Shift unsigned bytes to int8, and the zero point with them.
            zero -= 128;
            let moved = bytes(table).iter().map(|byte| byte ^ 128).collect();
            tensor_attribute(&values, raw_tensor(DataType::Int8, &table.dims, moved))
        } else {
            graph.constant_attribute(&values, table)
        });
        node.attribute.push(floats_attribute(&format!("scales{i}"), look_up.scales));
        node.attribute.push(float_attribute(&format!("zero{i}"), zero as f32));
    }
}

/// The look-up with an input `[1, length]` that produces a value.
fn look_up<'g>(graph: &GraphIndex<'g>, facts: &Facts, name: &str) -> Option<LookUp<'g>> {
    let node = graph.producer(name)?;
    let inputs = node.input.as_slice();
    match (node.op_type.as_str(), inputs) {
        ("Gather", [table, rows]) => {
            check_gather(graph, facts, node)?;
            if let Some(table) = graph.constants.get(table.as_str()) {
                return plain(table).then(|| LookUp { rows: rows.clone(), table, scales: vec![], zero: 0 });
            }
            let dequantise = graph.producer(table).filter(|node| node.op_type == "DequantizeLinear")?;
            let table = quantised_table(graph, dequantise.input.first()?)?;
            let (scales, zero) = parameters(graph, dequantise, table)?;
            Some(LookUp { rows: rows.clone(), table, scales, zero })
        }
        ("DequantizeLinear", [gathered, ..]) => {
            let gather = graph.producer(gathered).filter(|node| node.op_type == "Gather")?;
            let table = quantised_table(graph, gather.input.first()?)?;
            check_gather(graph, facts, gather)?;
            let (scales, zero) = parameters(graph, node, table)?;
            (scales.len() == 1).then(|| LookUp { rows: gather.input[1].clone(), table, scales, zero })
        }
        // Int8 rows times their scales.
        ("Mul", [a, b]) => scaled_rows(graph, facts, a, b).or_else(|| scaled_rows(graph, facts, b, a)),
        _ => None,
    }
}

fn scaled_rows<'g>(graph: &GraphIndex<'g>, facts: &Facts, rows: &str, scales: &str) -> Option<LookUp<'g>> {
    let float = |node: &NodeProto| node.op_type == "Cast" && integer(node, "to") == Some(DataType::Float as i64);
    let cast = graph.producer(rows).filter(|node| float(node))?;
    let gather = graph.producer(cast.input.first()?).filter(|node| node.op_type == "Gather")?;
    let table = quantised_table(graph, gather.input.first()?)?;
    check_gather(graph, facts, gather)?;
    let of_scales = graph.producer(scales).filter(|node| node.op_type == "Gather")?;
    let scales = *graph.constants.get(of_scales.input.first()?.as_str())?;
    if of_scales.input.get(1) != gather.input.get(1) || integer(of_scales, "axis").unwrap_or(0) != 0 {
        return None;
    }
    let values = floats(scales)?;
    let fits = scales.dims == [table.dims[0], 1] && values.len() as i64 == table.dims[0];
    fits.then(|| LookUp { rows: gather.input[1].clone(), table, scales: values, zero: 0 })
}

/// Whether a `Gather` looks up rows for one window.
fn check_gather(graph: &GraphIndex, facts: &Facts, node: &NodeProto) -> Option<()> {
    let [_, rows] = node.input.as_slice() else { return None };
    let places = facts.shape(rows)? == [Size::Known(1), Size::Length] && !graph.constants.contains_key(rows.as_str());
    (places && integer(node, "axis").unwrap_or(0) == 0).then_some(())
}

/// Whether a tensor is a complete f32 table.
fn plain(table: &TensorProto) -> bool {
    let &[rows, width] = table.dims.as_slice() else { return false };
    let count = rows.checked_mul(width).filter(|&count| rows > 0 && width > 0 && count > 0);
    let held = if table.float_data.is_empty() { table.raw_data.len() / 4 } else { table.float_data.len() };
    table.data_type == DataType::Float as i32 && count.and_then(|count| usize::try_from(count).ok()) == Some(held)
}

fn quantised_table<'g>(graph: &GraphIndex<'g>, name: &str) -> Option<&'g TensorProto> {
    let table = *graph.constants.get(name)?;
    let &[rows, width] = table.dims.as_slice() else { return None };
    let count = usize::try_from(rows.checked_mul(width)?).ok()?;
    let kind = [DataType::Int8 as i32, DataType::Uint8 as i32].contains(&table.data_type);
    (kind && rows > 0 && width > 0 && table.raw_data.len().max(table.int32_data.len()) == count).then_some(table)
}

/// The scales of a `DequantizeLinear`, one or one per row, and its zero point.
fn parameters(graph: &GraphIndex, node: &NodeProto, table: &TensorProto) -> Option<(Vec<f32>, i32)> {
    let scales = graph.floats(node.input.get(1)?)?;
    let axis = integer(node, "axis").unwrap_or(1);
    let per_row = scales.len() as i64 == table.dims[0] && matches!(axis, 0 | -2);
    if scales.len() != 1 && !per_row {
        return None;
    }
    let zero = match node.input.get(2).filter(|zero| !zero.is_empty()) {
        None => 0,
        Some(zero) => {
            let tensor = *graph.constants.get(zero.as_str())?;
            let zeros = bytes(tensor);
            let (&first, rest) = zeros.split_first()?;
            if tensor.data_type != table.data_type || rest.iter().any(|&zero| zero != first) {
                return None;
            }
            if tensor.data_type == DataType::Int8 as i32 {
                i32::from(first as i8)
            } else {
                i32::from(first)
            }
        }
    };
    Some((scales, zero))
}
