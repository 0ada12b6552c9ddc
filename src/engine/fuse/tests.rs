use std::path::Path;

use fastrand::Rng;
use tract_onnx::pb::{GraphProto, TensorProto, ValueInfoProto};
use tract_onnx::prelude::Framework;

use super::*;

/// Graphs as exporters write them.
fn models() -> Vec<ModelProto> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graphs");
    let mut models = Vec::new();
    for entry in std::fs::read_dir(folder).expect("tests/graphs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "onnx") {
            models.push(tract_onnx::onnx().proto_model_for_path(path).expect("a graph"));
        }
    }
    assert!(models.len() > 10);
    models
}

/// A number that programs tend not to expect.
fn odd_integer(random: &mut Rng) -> i64 {
    [-1, 0, 1, 2, 3, 7, 1 << 31, i64::MAX, i64::MIN][random.usize(..9)]
}

/// Breaks a graph in some way.
fn damage(model: &mut ModelProto, random: &mut Rng) {
    let graph = model.graph.as_mut().expect("a graph");
    let names: Vec<String> = graph.node.iter().flat_map(|node| node.output.iter().cloned()).collect();
    let name = names[random.usize(..names.len())].clone();
    let tensor = random.usize(..graph.initializer.len());
    let at = random.usize(..graph.node.len());
    let node = &mut graph.node[at];
    match random.usize(..9) {
        // May make a cycle.
        0 if !node.input.is_empty() => {
            let input = random.usize(..node.input.len());
            node.input[input] = name;
        }
        1 => drop(node.input.pop()),
        2 => drop(node.output.pop()),
        3 => {
            let standard = ["Add", "MatMul", "Gather", "Reshape", "Softmax", "Concat", "Sqrt"];
            let operators = [&standard[..], &[nodes::INT8_LINEAR, nodes::EMBEDDING]].concat();
            node.op_type = operators[random.usize(..operators.len())].into();
        }
        4 => {
            for attribute in &mut node.attribute {
                attribute.i = odd_integer(random);
                attribute.ints.iter_mut().for_each(|value| *value = odd_integer(random));
            }
        }
        5 => node.attribute.clear(),
        6 => {
            let dims = &mut graph.initializer[tensor].dims;
            if let Some(size) = dims.first_mut() {
                *size = odd_integer(random).max(0);
            }
        }
        7 => {
            let tensor = &mut graph.initializer[tensor];
            tensor.raw_data.truncate(5);
            tensor.float_data.clear();
        }
        _ => drop(graph.node.remove(at)),
    }
}

#[test]
fn damaged_graphs_are_rewritten_without_a_panic() {
    let models = models();
    let mut random = Rng::with_seed(1);
    for round in 0..3000 {
        let mut model = models[round % models.len()].clone();
        for _ in 0..1 + random.usize(..6) {
            damage(&mut model, &mut random);
        }
        rewrite(&mut model, [QuantiseLinear::None, QuantiseLinear::AlreadyInt8, QuantiseLinear::All][round % 3]);
    }
}

#[test]
fn nodes_in_another_order_are_all_kept() {
    for mut model in models() {
        let graph = model.graph.as_mut().expect("a graph");
        graph.node.reverse();
        let mut sorted = graph.clone();
        remove_dead_nodes(graph);
        sorted.node.reverse();
        remove_dead_nodes(&mut sorted);
        assert_eq!(graph.node.len(), sorted.node.len());
    }
}

/// The tensors that fused nodes hold, except those merged from several.
fn held(graph: &GraphProto) -> Vec<&TensorProto> {
    let fused = |op_type: &str| [nodes::INT8_LINEAR, nodes::EMBEDDING].contains(&op_type);
    let nodes = graph.node.iter().filter(|node| fused(&node.op_type) && !node.name.ends_with(".packed"));
    nodes.flat_map(|node| &node.attribute).filter_map(|attribute| attribute.t.as_ref()).collect()
}

#[test]
fn weights_are_moved_unless_others_read_them() {
    // No small graph has all kinds of weights that are moved: int8 and f32, of linear layers and of tables.
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = package.join("www/models/cellular/model.onnx");
    if !path.exists() && package.join("Cargo.toml.orig").exists() {
        println!("passed over in the package: the shipped models are not in it");
        return;
    }
    let model = tract_onnx::onnx().proto_model_for_path(path).expect("a graph");
    for shared in [false, true] {
        let mut model = model.clone();
        let graph = model.graph.as_mut().expect("a graph");
        let names: Vec<String> = graph.initializer.iter().map(|tensor| tensor.name.clone()).collect();
        if shared {
            graph.output.extend(names.into_iter().map(|name| ValueInfoProto { name, ..Default::default() }));
        }
        let before = graph.initializer.clone();
        let places: Vec<*const u8> = graph.initializer.iter().map(|tensor| tensor.raw_data.as_ptr()).collect();
        rewrite(&mut model, QuantiseLinear::AlreadyInt8);
        let graph = model.graph.as_ref().expect("a graph");
        let held = held(graph);
        assert!(held.len() >= 3 * 6 + 3, "{} weights of six layers and three tables", held.len());
        for tensor in held {
            assert!(before.iter().any(|before| before.raw_data == tensor.raw_data), "other weights than the file's");
            assert_eq!(places.contains(&tensor.raw_data.as_ptr()), !shared);
        }
        assert_eq!(graph.initializer == before, shared, "what is read elsewhere stays");
    }
}
